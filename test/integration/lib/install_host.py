# SPDX-License-Identifier: MIT
"""A Debian system of its own, to install into: users, /etc, processes, and all ports are its own.

It is the folder of test/chroot with a tmpfs over it, in namespaces of its own, so nothing that is done
in here stays, and its servers listen on 25, 465, 587 and 993 as a real host's do. It ends with its
first process, and with this program.
"""
import os
import pathlib
import subprocess
import tempfile
import types

from .host import TOP

# Its first process, which takes in whatever a daemon leaves behind. $1: the folder; $2: the checkout.
INIT = r"""
set -e
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
chmod 755 /mnt/upper
mount -t overlay overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
cd /mnt/root
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm dev/pts
chmod 1777 dev/shm
mount -t devpts devpts dev/pts
for node in null zero full random urandom tty; do
	touch "dev/$node"
	mount --bind "/dev/$node" "dev/$node"
done
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mkdir -p usr/src/postern
ip link set lo up
exec chroot . /bin/bash -c 'echo ready; trap exit TERM; while sleep 3600 & wait; do :; done'
"""

# /dev/log, as syslogd would read it.
SYSLOG = r"""
import os, re, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/dev/log")
os.chmod("/dev/log", 0o666)
print("ready", flush=True)
with open("/var/log/mail.log", "ab", 0) as log:
    while True:
        log.write(re.sub(rb"^<\d+>", b"", s.recv(65536)).rstrip(b"\n\0") + b"\n")
"""


class Missing(Exception):
    """There is no such system here, and the reason."""


def chroot_folder(release, make):
    """Its folder; Missing if it is not there and cannot, or shall not, be made."""
    tool = TOP / "test/chroot"
    folder = pathlib.Path(subprocess.run((tool, "path", release), check=True, text=True,
                                         capture_output=True).stdout.strip())
    if os.geteuid() != 0:
        raise Missing("wants root")
    if not folder.is_dir() and not make:
        raise Missing(f"{folder} is not there; test/chroot prepare {release}, or test/run --full, makes it")
    done = subprocess.run((tool, "prepare", release), text=True, capture_output=True)
    if done.returncode != 0:
        raise Missing(done.stderr.strip() or f"test/chroot prepare {release} failed")
    return folder


class InstallHost:
    """run() is the admin's shell on it."""

    def __init__(self, release="bookworm", make=False):
        folder = chroot_folder(release, make)
        self._first = subprocess.Popen(
            ("unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child",
             "--propagation", "private", "/bin/bash", "-c", INIT, "bash", folder, TOP),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self._first.stdout.readline() != "ready\n":
            error = self._first.stderr.read().strip()
            self.close()
            raise Missing(f"no namespaces or no overlay here: {error}")
        children = pathlib.Path(f"/proc/{self._first.pid}/task/{self._first.pid}/children")
        self.pid = int(children.read_text().split()[0])
        self.root = pathlib.Path(f"/proc/{self.pid}/root")
        self._syslog = self.start("/usr/bin/python3", "-c", SYSLOG, stdout=subprocess.PIPE)
        self._syslog.stdout.readline()

    def inside(self, *command):
        """The command line that runs command in there."""
        return ("nsenter", "--target", str(self.pid), "--mount", "--net", "--ipc", "--uts", "--pid",
                f"--root={self.root}", "/usr/bin/env", "-i", "-C", "/",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
                "TZ=UTC", *map(str, command))

    def start(self, *command, **popen):
        """A process that stays in the foreground."""
        return subprocess.Popen(self.inside(*command),
                                **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **popen})

    def run(self, command, check=True):
        """What the shell in there says to command, both outputs together; status in .returncode."""
        # A file and not a pipe: a server that goes into the background keeps it open.
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            status = subprocess.run(self.inside("/bin/bash", "-c", command), stdout=output,
                                    stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT).returncode
            output.seek(0)
            done = types.SimpleNamespace(returncode=status, stdout=output.read())
        if check and done.returncode != 0:
            raise AssertionError(f"{command}: exit status {done.returncode}\n{done.stdout}")
        return done

    def path(self, name):
        return self.root / name.lstrip("/")

    def close(self):
        self._first.kill()
        self._first.wait()
        self._first.stdout.close()
        self._first.stderr.close()
        if hasattr(self, "_syslog"):
            self._syslog.wait()
            self._syslog.stdout.close()
