# SPDX-License-Identifier: MIT
"""A build with sanitizers (meson setup -Db_sanitize=address,undefined) on a host.

Debian's Dovecot was built without, and loads modules that were built with them: their runtime has to
be the first library of each of its processes, and wants more address space than Dovecot gives one. What
it finds ends the process, and is in the host's log, where all servers' standard error goes.
"""
import re
import subprocess

from .layout import replace

# Dovecot's processes end without freeing all they have, on purpose, so their leaks are not asked for
# (those of postern's own programs are): test_valgrind and test_soak look at the modules' memory.
SETTINGS = """\
import_environment = $import_environment LD_PRELOAD={runtime} ASAN_OPTIONS=detect_leaks=0
default_vsz_limit = 0
"""
REPORT = re.compile(r"(ERROR: (Address|Leak)Sanitizer|:\d+:\d+: runtime error): .*")


def configure(layout):
    if layout.root is not None:
        return      # another release's: test/run asks for no such build
    runtime = _runtime(layout.modules / "auth/libauthdb_postern.so")
    if runtime is not None:
        replace(layout.etc / "dovecot/conf.d/98-sanitizers.conf", SETTINGS.format(runtime=runtime))


def _runtime(module):
    """Path of the runtime that module was linked with, or None."""
    done = subprocess.run(("ldd", module), check=True, text=True, stdout=subprocess.PIPE)
    found = re.search(r"libasan\S* => (\S+)", done.stdout)
    return found and found[1]


def reports(text):
    """What sanitizers said in a log, one line for each."""
    return [match[0] for match in REPORT.finditer(text)]
