# SPDX-License-Identifier: MIT
"""Which processes are this host's, and how they are ended.

A process is this host's when the /etc/passwd that it sees is DIR/etc/passwd, or when it is chrooted
into a folder below DIR (for a host of another release, below DIR in that release's root). Both are
true of nothing else, so no file with process ids has to be believed, and a stop after a crash ends the
same processes as one in time.
"""
import errno
import os
import signal
import socket
import subprocess
import tempfile
import time

from .layout import HOST, Failure

STOP_SECONDS = 10


def of_host(layout):
    """The process ids, sorted."""
    try:
        ours = os.stat(layout.etc / "passwd")
    except FileNotFoundError:
        return []
    return [pid for pid in sorted(int(n) for n in os.listdir("/proc") if n.isdigit())
            if pid != os.getpid() and _belongs(pid, layout, ours)]


def _belongs(pid, layout, ours):
    try:
        root = os.readlink(f"/proc/{pid}/root")
        if root.startswith((f"{layout.dir}/", f"{layout.on_release(layout.dir)}/")):
            return True
        seen = os.stat(f"/proc/{pid}/root/etc/passwd")
    except OSError:
        return False
    return (seen.st_dev, seen.st_ino) == (ours.st_dev, ours.st_ino)


def start_server(layout, name, command, **popen):
    """Starts a program that stays in the foreground, its standard error in the log."""
    with open(layout.log, "ab") as log:
        return subprocess.Popen(
            (str(layout.enter), "--server", *map(str, command)), stderr=log, start_new_session=True,
            cwd="/", **{"stdin": subprocess.DEVNULL, "stdout": log, **popen})


def run(layout, command):
    """Runs a command as the servers see the machine; Failure with its words if it fails."""
    # A file and not a pipe: a server that goes into the background keeps it open.
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        status = subprocess.run((str(layout.enter), "--server", *map(str, command)), cwd="/",
                                stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT).returncode
        output.seek(0)
        text = output.read().strip()
    if status != 0:
        raise Failure(f"{' '.join(map(str, command))}: exit status {status}\n{text}")
    return text


def end(layout):
    """Ends every process of the host: SIGTERM for the masters, who know their children;
    what is left after a while gets SIGKILL."""
    ours = of_host(layout)
    for pid in ours:
        if _parent(pid) not in ours:
            _kill(pid, signal.SIGTERM)
    if not _gone(layout, STOP_SECONDS):
        for pid in of_host(layout):
            _kill(pid, signal.SIGKILL)
        if not _gone(layout, STOP_SECONDS):
            raise Failure(f"processes that do not end: {of_host(layout)}")


def _gone(layout, seconds):
    deadline = time.monotonic() + seconds
    while of_host(layout):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _parent(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return int(f.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_for_greeting(port, seconds=15):
    """Returns when a server on this port has said something, or has taken a connection on
    which the client speaks first (TLS)."""
    _until(seconds, f"nothing answers on port {port}", lambda: _greets(port))


def wait_for_tls(port, context, seconds=15):
    def answers():
        with socket.create_connection((HOST, port), timeout=2) as raw, \
                context.wrap_socket(raw, server_hostname="localhost") as s:
            return bool(s.recv(1))
    _until(seconds, f"nothing answers on port {port}", answers)


def wait_for_handshake(port, context, seconds=15):
    """For a server that lets the client speak first."""
    def answers():
        with socket.create_connection((HOST, port), timeout=2) as raw, \
                context.wrap_socket(raw, server_hostname="localhost"):
            return True
    _until(seconds, f"nothing answers on port {port}", answers)


def wait_for_socket(path, seconds=10):
    def answers():
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(path))
        return True
    _until(seconds, f"nothing answers on {path}", answers)


def _greets(port):
    with socket.create_connection((HOST, port), timeout=5) as s:
        return bool(s.recv(1))


def _until(seconds, complaint, answers):
    deadline = time.monotonic() + seconds
    error = None
    while time.monotonic() < deadline:
        try:
            if answers():
                return
        except OSError as e:
            error = e
        time.sleep(0.02)
    text = f": {error}" if error and error.errno != errno.ECONNREFUSED else ""
    raise Failure(complaint + text)
