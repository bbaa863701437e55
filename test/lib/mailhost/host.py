# SPDX-License-Identifier: MIT
"""Start and stop of a whole host."""
import os
import pathlib
import ssl
import subprocess
import sys

from . import build, dovecot, namespace, ports, postern, postfix, processes, release, tls, web
from .layout import TOP, Failure, Layout

LOG_TAIL = 40


def start(folder, build_folder, name, rebuild=True, web_server=web.SERVERS[0]):
    """name: of the release."""
    layout = Layout(folder, release.prepare(name))
    _claim(layout)
    log_before = layout.log.stat().st_size
    try:
        _start(layout, build_folder, name, rebuild, web_server)
    except BaseException:
        # Nothing of a failed start stays; also after an interrupt from the keyboard.
        stop(folder)
        _print_tail(layout.log, log_before)
        raise
    return layout


def stop(folder):
    """Safe to repeat, and on a folder that never was a host."""
    layout = Layout.of_host(folder)
    if layout is not None:
        layout.env.unlink(missing_ok=True)
        processes.end(layout)
        _remove_turns(layout.store)


def _remove_turns(store):
    """The semaphore of auth-worker (common/hashing_turn.h), of whatever number of processors."""
    if not store.is_dir():
        return
    status = store.stat()
    wanted = (status.st_dev & 0xff) << 16 | status.st_ino & 0xffff
    for line in pathlib.Path("/proc/sysvipc/sem").read_text().splitlines()[1:]:
        key, semaphore = line.split()[:2]
        if int(key) & 0xffffff == wanted:
            subprocess.run(("ipcrm", "-s", semaphore), stderr=subprocess.DEVNULL)


def _claim(layout):
    """Takes an empty or new folder, or one whose host was stopped; what is in that one's store, mailboxes
    and sink stays."""
    if layout.dir.exists() and not layout.marker.exists() and any(layout.dir.iterdir()):
        raise Failure(f"{layout.dir} is not empty and not a mail host's; name another folder")
    if layout.marker.exists() and processes.of_host(layout):
        raise Failure(f"the host in {layout.dir} is running; stop it first")
    layout.dir.mkdir(parents=True, exist_ok=True)
    layout.dir.chmod(0o755)
    layout.marker.write_text(str(layout.root or ""))
    for folder in (layout.log_dir, layout.sink, layout.sink_envelopes):
        folder.mkdir(mode=0o755, exist_ok=True)
    layout.log.touch()


def _start(layout, build_folder, name, rebuild, web_server):
    build.install(build_folder, layout, name, rebuild)
    numbers, claim = ports.reserve()
    ids = namespace.prepare(layout)
    tls.make(layout)
    _start_sink(layout, numbers["SINK"], claim)
    postern.configure(layout, web.page_url(numbers["HTTPS"]))
    postfix.configure(layout, numbers, ids)
    dovecot.configure(layout, numbers, ids)
    has_web = web.is_there(layout, web_server)
    if has_web:
        web.configure(layout, web_server, numbers["HTTPS"], ids)
    else:
        del numbers["HTTPS"]
    postern.start(layout)
    dovecot.start(layout)
    postfix.start(layout)
    if has_web:
        web.start(layout, web_server, ids)
    _wait(layout, numbers)
    layout.write_env(numbers, {"PAGE_URL": web.page_url(numbers["HTTPS"])} if has_web else {})


def _start_sink(layout, port, claim):
    command = (TOP / "test/lib/sink.py", port, layout.sink, layout.sink_envelopes)
    with claim:
        processes.start_server(layout, "sink", ("/usr/bin/python3", *command),
                               pass_fds=(claim.fileno(),))


def _wait(layout, numbers):
    postern.wait(layout)
    context = ssl.create_default_context(cafile=layout.ca)
    for name, port in numbers.items():
        if name in ("SUBMISSIONS", "IMAPS", "POP3S"):
            processes.wait_for_tls(port, context)
        elif name == "HTTPS":
            processes.wait_for_handshake(port, context)
        else:
            processes.wait_for_greeting(port)


def _print_tail(log, begin):
    lines = log.read_bytes()[begin:].decode(errors="replace").splitlines()[-LOG_TAIL:]
    if lines:
        print(f"---- the end of {log}", *lines, "----", sep="\n", file=sys.stderr)
