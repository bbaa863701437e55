#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What each module of ours shows to its server, on each release: these symbols and no others.

POSTERN_BUILD names a build folder that is built, POSTERN_RELEASE whose neighbour for that release it is."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

from lib import tap
from lib.host import TOP

sys.path.append(str(TOP / "test/lib"))
from mailhost import release  # noqa: E402

BUILD = release.build_folder(os.environ.get("POSTERN_BUILD") or TOP / "build", release.default())

SYMBOLS = {
    "dovecot-plugin/postern_plugin.so": {"postern_plugin_init", "postern_plugin_deinit",
                                         "postern_plugin_version"},
    "dovecot-plugin/lib95_imap_postern_plugin.so": {
        "imap_postern_plugin_init", "imap_postern_plugin_deinit", "imap_postern_plugin_version",
        "imap_postern_plugin_binary_dependency"},
    "dovecot-plugin/lib95_pop3_postern_plugin.so": {
        "pop3_postern_plugin_init", "pop3_postern_plugin_deinit", "pop3_postern_plugin_version",
        "pop3_postern_plugin_binary_dependency"},
    "dovecot-plugin/lib95_submission_postern_plugin.so": {
        "submission_postern_plugin_init", "submission_postern_plugin_deinit",
        "submission_postern_plugin_version", "submission_postern_plugin_binary_dependency"},
    "passdb-module/libauthdb_postern.so": {"authdb_postern_init", "authdb_postern_deinit",
                                           "authdb_postern_version"},
}


def symbols(module, which):
    return subprocess.run(("nm", "-D", which, BUILD / module), text=True, check=True,
                          capture_output=True).stdout


@tap.with_cases
class Modules(unittest.TestCase):
    def test_these_are_all(self):
        """Of the modules that are built."""
        built = [path for folder in ("dovecot-plugin", "passdb-module") for path in (BUILD / folder).glob("*.so")]
        self.assertEqual(set(SYMBOLS), {str(pathlib.Path(path).relative_to(BUILD)) for path in built})

    @tap.cases(*((pathlib.Path(module).stem, module) for module in SYMBOLS))
    def test_exports(self, module):
        defined = symbols(module, "--defined-only").splitlines()
        self.assertEqual(SYMBOLS[module], {line.split()[-1] for line in defined})

    @tap.cases(*((pathlib.Path(module).stem, module) for module in SYMBOLS))
    def test_lacks_nothing_of_ours(self, module):
        """A module may lack what its server has; what it lacks of ours would stop that server."""
        self.assertEqual([], re.findall(r" U (postern_\w+)", symbols(module, "--undefined-only")))


if __name__ == "__main__":
    tap.main()
