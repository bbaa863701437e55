# SPDX-License-Identifier: MIT
"""What test/run does once the packages are there. See its head for the options."""
import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import key_login_cases  # noqa: E402
from mailhost import release, sanitize  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]
# What a test asks that sanitizers are in the way of.
SANITIZED = "POSTERN_TEST_SANITIZED"
SUITES = ("unit", "lint", "fuzz", "integration", "bench")
PYTHON = ("/usr/bin/python3", "-B")
TAP = TOP / "test/integration/lib/tap.py"
# Whole on each release, beside the tests of a key login.
ON_EACH_RELEASE = ("test_modules",)
# From npm (test/lib/install-npm).
KEYS_LIBRARIES = TOP / "password-cgi/page/keys/node_modules/pkijs"


class Program:
    """One test program: how it is run, and what came of it."""

    def __init__(self, suite, name, command, tap=True, env=None, cwd=None, timeout=None,
                 on=release.own()):
        self.suite, self.name, self.command = suite, name, [str(word) for word in command]
        self.tap, self.env, self.cwd, self.timeout = tap, env or {}, cwd or TOP, timeout
        self.on, self.plain_name = on, name
        if on != release.own():
            self.name += "@" + on
        self.passed, self.failed, self.skipped, self.log = 0, [], [], None
        # (cases of a key login, whether they passed)
        self.shown = []

    def run(self, logs):
        begin = time.monotonic()
        log = logs / f"{self.suite}-{self.name}.log"
        # What its hosts have logged (Host in test/integration/lib).
        host_log = logs / f"{self.name}.mail.log"
        host_log.unlink(missing_ok=True)
        with open(log, "w", encoding="utf-8") as output:
            try:
                status = subprocess.run(self.command, stdin=subprocess.DEVNULL, stdout=output,
                                        stderr=subprocess.STDOUT, cwd=self.cwd,
                                        timeout=self.timeout, env={**os.environ, **self.env,
                                                                   "POSTERN_TEST_LOGS": str(logs)}
                                        ).returncode
            except subprocess.TimeoutExpired:
                status = f"none, it ran for more than {self.timeout} seconds"
        self._read(log.read_text(errors="replace"), status)
        self.failed += [f"{self.name}: {line}" for path in (log, host_log) if path.exists()
                        for line in sanitize.reports(path.read_text(errors="replace"))]
        self.log = log
        return time.monotonic() - begin

    def _read(self, text, status):
        if not self.tap:
            if status == 77:
                self.skipped.append(text.strip() or "no reason given")
            elif status == 0:
                self.passed = 1
            else:
                self.failed.append(f"{self.name}: exit status {status}\n{_indent(text)}")
            return
        self._read_tap(text.splitlines())
        if status != 0 and not self.failed:
            self.failed.append(f"{self.name}: exit status {status}\n{_indent(text)}")

    def _read_tap(self, lines):
        seen, planned, passed = 0, None, None
        for number, line in enumerate(lines):
            if cases := key_login_cases.of_note(line.removeprefix("# ")):
                if passed is not None:
                    self.shown.append((cases, passed))
                continue
            if match := re.match(r"1\.\.(\d+)", line):
                planned = int(match[1])
                if planned == 0:
                    self.skipped.append(line)
            if not (match := re.match(r"(not )?ok\b *\d* *-? *(.*)", line)):
                continue
            seen += 1
            name, _, directive = match[2].partition("# ")
            passed = not match[1]
            if directive.upper().startswith("SKIP"):
                passed = None
                self.skipped.append(f"{name.strip()}: {directive[4:].strip()}")
            elif match[1]:
                self.failed.append("\n".join([name, *_until_next(lines[number + 1:])]))
            else:
                self.passed += 1
        if planned != seen:
            self.failed.append(f"{self.name}: ended after {seen} of {planned or '?'} tests\n"
                               + _indent("\n".join(lines[-15:])))


def _until_next(lines):
    for line in lines:
        if re.match(r"(not )?ok\b|1\.\.", line):
            return
        yield "    " + line.removeprefix("# ")


def _indent(text):
    return "\n".join("    " + line for line in text.splitlines()[-30:])


def arguments():
    parser = argparse.ArgumentParser(prog="test/run", allow_abbrev=False)
    parser.add_argument("--suite", action="append", choices=SUITES)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--sanitize", action="store_true")
    parser.add_argument("--werror", action="store_true")
    parser.add_argument("--build", default=os.environ.get("POSTERN_BUILD") or TOP / "build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--release", choices=(*release.every(), "all"), default=release.own())
    parser.add_argument("filter", nargs="*")
    args = parser.parse_args()
    if args.sanitize and args.release != release.own():
        parser.error("--sanitize is for the machine's own release")
    return args


def build(folder, werror, *options):
    """Nothing of the build's output is hidden: it goes to the terminal."""
    if not (folder / "build.ninja").exists():
        subprocess.run(("meson", "setup", folder, TOP, *options), check=True)
    # Set every time, or the folder would keep what an earlier run had.
    subprocess.run(("meson", "configure", folder, f"-Dwerror={str(werror).lower()}",
                    "-Dtests=true",
                    f"-Dbrowser-keys={'enabled' if KEYS_LIBRARIES.exists() else 'auto'}"), check=True)
    subprocess.run(("meson", "compile", "-C", folder), check=True)


def of_meson(folder, full):
    """The tests that meson.build files register, by the suite they name there."""
    done = subprocess.run(("meson", "introspect", "--tests", folder), check=True,
                          capture_output=True, text=True)
    for test in json.loads(done.stdout):
        suite = test["suite"][-1].rpartition(":")[2]
        yield Program(suite, test["name"], test["cmd"], test["protocol"] == "tap",
                      {**test["env"], **({"POSTERN_TEST_FULL": "1"} if full else {})},
                      test["workdir"] or folder,
                      test["timeout"] * (10 if full or SANITIZED in os.environ else 1))


def of_folders(folder, full):
    # The hosts take the build as it is: what is tested is what was compiled above.
    env = {"POSTERN_BUILD": str(folder), "POSTERN_NO_REBUILD": "1",
           **({"POSTERN_TEST_FULL": "1"} if full else {})}
    for suite in ("lint", "integration"):
        for path in sorted((TOP / "test" / suite).glob("test_*.py")):
            yield Program(suite, path.stem, (*PYTHON, TAP, path), env=env)
    bench = TOP / "test/bench/run"
    if bench.exists():
        yield Program("bench", "bench", (bench,), tap=False, env=env)


def of_release(folder, name, whole, full):
    """What is run against another release's servers: all integration tests, or the short form of those
    that show how a key logs in."""
    env = {"POSTERN_BUILD": str(folder), "POSTERN_NO_REBUILD": "1", "POSTERN_RELEASE": name,
           **({"POSTERN_TEST_FULL": "1"} if full else {})}
    for path in sorted((TOP / "test/integration").glob("test_*.py")):
        if whole or path.stem in ON_EACH_RELEASE:
            yield Program("integration", path.stem, (*PYTHON, TAP, path), env=env, on=name)
        elif key_login_cases.on_each_release(path.read_text()):
            yield Program("integration", path.stem, (*PYTHON, TAP, path), on=name,
                          env={**env, "POSTERN_TEST_SHORT": "1"})


def preparation(folder, name, werror):
    """Another release's root folder, and the build in there; behind the tests that run meanwhile."""
    return Program("release", "prepare", ("nice", *PYTHON, TOP / "test/lib/prepare_release.py", name, folder,
                                          f"-Dwerror={str(werror).lower()}"), tap=False, on=name)


def report(program, seconds):
    counts = f"{program.passed} ok"
    if program.failed:
        counts += f", {len(program.failed)} NOT OK"
    if program.skipped:
        counts += f", {len(program.skipped)} skipped"
    lines = [f"{program.suite:12} {program.name:36} {counts:24} {seconds:6.1f} s"]
    lines += ["  NOT OK " + text.replace("\n", "\n  ") for text in program.failed]
    if program.failed:
        lines.append(f"  all of it: {program.log}")
    lines += ["  skipped " + text for text in program.skipped]
    # In one piece: others report at the same time.
    print("\n".join(lines), flush=True)


def main():
    args = arguments()
    folder = pathlib.Path(args.build).resolve()
    options, suites = (), SUITES if args.full else SUITES[:-1]
    if args.sanitize:
        folder = folder.with_name(folder.name + "-sanitized")
        options, suites = ("-Db_sanitize=address,undefined",), ("unit", "fuzz", "integration")
        os.environ[SANITIZED] = "1"
    releases = release.every() if args.release == "all" else (args.release,)
    others = [name for name in releases if name != release.own()]
    try:
        build(folder, args.werror, *options)
    except subprocess.CalledProcessError as e:
        print(f"NOT OK {' '.join(map(str, e.cmd))}: exit status {e.returncode}\n0 passed, 1 failed")
        return 1
    logs = folder / "test-logs"
    logs.mkdir(exist_ok=True)
    programs, suites = [], args.suite or suites
    if release.own() in releases:
        programs += [p for p in (*of_meson(folder, args.full), *of_folders(folder, args.full))
                     if p.suite in suites]
    if "integration" in suites:
        # The rest does not ask which servers there are.
        whole = args.release != "all" or args.full
        programs += itertools.chain(*(of_release(folder, name, whole, args.full) for name in others))
    programs = filtered(programs, args.filter)
    programs.sort(key=lambda p: SUITES.index(p.suite))
    preparations = [preparation(folder, name, args.werror) for name in others
                    if any(p.on == name for p in programs)]
    run_all(programs, preparations, logs, args.jobs)
    return summary(programs + preparations, releases,
                   complete="integration" in suites and not args.filter)


def filtered(programs, words):
    """Those with a word in their name; a word that is a whole name means that one alone, on each release."""
    def wanted(program):
        return program.plain_name in words or any(word in program.name for word in parts)
    parts = [word for word in words if word not in {p.plain_name for p in programs}]
    return [p for p in programs if not words or wanted(p)]


def run_all(programs, preparations, logs, jobs):
    """The other releases are prepared while the machine's own tests run. Theirs come after that, and more of
    them at the same time: most of it is waiting for servers."""
    together = [p for p in programs if p.suite != "bench"]
    prepared = {p.on: p for p in preparations}
    with concurrent.futures.ThreadPoolExecutor(1) as maker:
        ready = {p.on: maker.submit(run_one, p, logs) for p in preparations}

        def run_there(program):
            ready[program.on].result()
            if not prepared[program.on].failed:
                run_one(program, logs)
        in_pool(jobs, lambda p: run_one(p, logs), (p for p in together if p.on not in ready))
        in_pool(3 * jobs, run_there, (p for p in together if p.on in ready))
    # Measurements want the machine for themselves.
    for program in programs:
        if program.suite == "bench":
            run_one(program, logs)


def in_pool(jobs, run, programs):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for future in [pool.submit(run, program) for program in programs]:
            future.result()


def run_one(program, logs):
    report(program, program.run(logs))


def summary(programs, releases, complete):
    """complete: every test that shows a case of a key login was to run."""
    passed = sum(p.passed for p in programs)
    failed = sum(len(p.failed) for p in programs)
    skipped = sum(len(p.skipped) for p in programs)
    table = key_login_cases.Table(releases, release.own())
    for program in programs:
        for cases, ok in program.shown:
            table.add(program.on, cases, ok)
    if table:
        table.print()
    if table and complete:
        for case, name, reason in table.missing():
            print(f"{'skipped' if reason else 'NOT OK'} key login, case {case} on {name}: "
                  + (reason or "no test has shown it"))
            skipped, failed = skipped + bool(reason), failed + (not reason)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    # No test at all is no success either.
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
