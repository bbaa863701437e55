#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What can be said of the source without running it. Each test lists every file that is wrong.

POSTERN_BUILD names a build folder that is built.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD") or TOP / "build").resolve()

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 80
# A table or a test's list of cases may be long.
LONG_FILES = r"test/|.*_table\.[ch]$"

# In pieces, so that this file does not find itself.
FORBIDDEN = (
    ("a path of one machine", r"(?<![\w.$}])/(?:wo" r"rk|ro" r"ot)/\w"),
    ("a mark of unfinished work", r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b"),
    ("a package registry", r"\b(?:py" r"pi\.org|python" r"hosted|registry\.npm" r"js|crates\.i" r"o)"),
)


def files():
    """Names relative to TOP: what git knows or would add, or in an unpacked archive, all there is."""
    done = subprocess.run(("git", "-C", TOP, "-c", f"safe.directory={TOP}", "ls-files", "-z",
                           "--cached", "--others", "--exclude-standard"), capture_output=True)
    if done.returncode == 0:
        names = done.stdout.decode().split("\0")
    else:
        names = [str(p.relative_to(TOP)) for p in TOP.rglob("*")
                 if not re.match(r"(build|\.git)", str(p.relative_to(TOP)))]
    return sorted(n for n in names if n and (TOP / n).is_file() and not (TOP / n).is_symlink())


def text(name):
    """Contents, or nothing for a file of octets (a fuzz corpus, say)."""
    try:
        return (TOP / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def is_data(name):
    return re.search(r"(^|/)(corpus|cases|data)/|\.(eml|json|dict|pem|txt)$", name)


class Source(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = files()
        cls.c = [n for n in cls.files if n.endswith((".c", ".h"))]
        cls.scripts = {n: text(n).partition("\n")[0] for n in cls.files
                       if text(n).startswith("#!")}

    def assertNone(self, wrong):
        self.assertFalse(wrong, "\n" + "\n".join(wrong))

    def test_spdx_line_in_each_file(self):
        """Beside prose, and formats that have no room for one."""
        exempt = re.compile(r"LICENSE|\.md$|\.gitignore|\.gitattributes|\.conf$|deps$|\.csv$")
        self.assertNone([n for n in self.files if not exempt.search(n) and not is_data(n) and text(n)
                         and "SPDX-License-Identifier: MIT" not in
                         "\n".join(text(n).splitlines()[:4])])

    def test_nothing_of_one_machine(self):
        wrong = []
        for name in self.files:
            for number, line in enumerate(text(name).splitlines(), 1):
                wrong += [f"{name}:{number}: {what}: {line.strip()}" for what, pattern in FORBIDDEN
                          if re.search(pattern, line)]
        self.assertNone(wrong)

    def test_no_blanks_at_line_ends(self):
        self.assertNone([f"{n}:{number}" for n in self.files if not is_data(n)
                         for number, line in enumerate(text(n).split("\n"), 1)
                         if line != line.rstrip() and not n.endswith(".md")])

    def test_files_are_short(self):
        self.assertNone([f"{n}: {text(n).count(chr(10))} lines" for n in self.c
                         if text(n).count("\n") > FILE_LINES_MAX and not re.match(LONG_FILES, n)])

    def test_functions_are_short(self):
        wrong = []
        for name in self.c:
            begin = None
            for number, line in enumerate(text(name).splitlines(), 1):
                if line == "{":
                    begin = number
                elif line == "}" and begin:
                    if number - begin - 1 > FUNCTION_LINES_MAX:
                        wrong.append(f"{name}:{begin}: {number - begin - 1} lines")
                    begin = None
        self.assertNone(wrong)

    def test_each_header_compiles_alone(self):
        include = subprocess.run(("sh", "-c", ". /usr/lib/dovecot/dovecot-config && "
                                  "echo $dovecot_pkgincludedir"), text=True, check=True,
                                 capture_output=True).stdout.strip()
        wrong = []
        for name in (n for n in self.c if n.endswith(".h")):
            with tempfile.NamedTemporaryFile("w", suffix=".c") as f:
                # Twice: an include guard that does not guard is found here too.
                f.write(f'#include "{TOP / name}"\n#include "{TOP / name}"\n')
                f.flush()
                # The Dovecot shims begin with Dovecot's own config.h, as every file of theirs does.
                shim = re.match("dovecot-plugin|passdb-module", name)
                extra = ("-DHAVE_CONFIG_H", "-isystem", include, "-include",
                         f"{include}/config.h", "-include", f"{include}/lib.h") if shim else ()
                done = subprocess.run(
                    ("cc", "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Werror",
                     *extra, f"-I{BUILD}", f"-I{TOP}", f"-I{TOP}/common", f"-I{TOP}/milter",
                     f"-I{(TOP / name).parent}", f.name), text=True, capture_output=True)
                if done.returncode != 0:
                    wrong.append(f"{name}: {done.stderr.strip().splitlines()[-3:]}")
        self.assertNone(wrong)

    def test_man_pages(self):
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is not installed")
        wrong = []
        for name in (n for n in self.files if re.search(r"\.[1578]$", n)):
            done = subprocess.run(("mandoc", "-T", "lint", "-W", "warning", TOP / name), text=True,
                                  capture_output=True)
            if done.returncode != 0 or done.stdout:
                wrong.append(f"{name}:\n{done.stdout}")
        self.assertNone(wrong)

    def test_shell_scripts(self):
        if not shutil.which("shellcheck"):
            self.skipTest("shellcheck is not installed")
        scripts = [TOP / n for n, first in self.scripts.items() if re.search(r"\b(ba|da)?sh\b", first)]
        # SC2016: a $ in single quotes is meant for another shell.
        done = subprocess.run(("shellcheck", "--exclude=SC2016", *scripts), text=True, capture_output=True)
        self.assertEqual(0, done.returncode, done.stdout)

    def test_python_compiles(self):
        wrong = []
        for name in self.files:
            if name.endswith(".py") or "python3" in self.scripts.get(name, ""):
                try:
                    compile(text(name), name, "exec")
                except SyntaxError as e:
                    wrong.append(str(e))
        self.assertNone(wrong)

    def test_page_texts_are_translated(self):
        """Each text for people within T() or N_() is in each po file, and there is no other but the library's."""
        strings = r'"(?:[^"\\\n]|\\.)*"'

        def joined(found):
            return "".join(s[1:-1] for s in re.findall(strings, found))
        page = {joined(found) for n in self.c if n.startswith("password-cgi/")
                for found in re.findall(rf"\b(?:T|N_)\(\s*((?:{strings}\s*)+)\)", text(n))}
        library = {joined(found) for n in self.c if n.startswith("common/")
                   for found in re.findall(rf"(?:{strings}\s*)+", text(n))}
        self.assertGreater(len(page), 200)
        for name in (n for n in self.files if n.endswith(".po")):
            known = {joined(found): joined(said) for found, said in
                     re.findall(rf"msgid ((?:{strings}\s*)+)\nmsgstr ((?:{strings}\s*)+)", text(name))}
            known.pop("")
            self.assertNone([f"{name}: not translated: {t}" for t in sorted(page - known.keys())])
            self.assertNone([f"{name}: nobody says: {t}" for t in sorted(known.keys() - page - library)])
            self.assertNone([f"{name}: empty: {t}" for t, said in known.items() if not said])

    def test_scripts_are_executable(self):
        self.assertNone([n for n in self.scripts if not n.startswith("test/lint/")
                         and not os.access(TOP / n, os.X_OK)])

    def test_documented_commands_are_there(self):
        """Names of files that README.md shows."""
        readme = text("README.md")
        self.assertTrue(readme)
        named = re.findall(r"(?:\./|\s)((?:test|config|common|milter)/[\w./-]+)", readme)
        self.assertNone([n for n in named if not (TOP / n.rstrip("./")).exists()])


if __name__ == "__main__":
    unittest.main()
