# SPDX-License-Identifier: MIT
"""Which Debian a host runs: the machine's own, or one of those that test/chroot keeps."""
import os
import pathlib
import subprocess

from .layout import TOP, Failure

CHROOTS = ("bookworm-backports", "trixie", "forky")


def own():
    """Codename of the machine's release."""
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip('"')
    return "unknown"


def every():
    return (own(), *(name for name in CHROOTS if name != own()))


def default():
    return os.environ.get("POSTERN_RELEASE") or own()


def prepare(name):
    """Root folder of that release's files; None for the machine's own."""
    if name == own():
        return None
    done = subprocess.run((TOP / "test/chroot", "prepare", name), text=True, capture_output=True)
    if done.returncode != 0:
        raise Failure(done.stderr.strip())
    return pathlib.Path(done.stdout.strip())


def build_folder(folder, name):
    """Each release has a build folder of its own beside the machine's."""
    folder = pathlib.Path(folder).resolve()
    return folder if name == own() else folder.with_name(f"{folder.name}-{name}")


def inside(name, *folders):
    """What a command begins with to run in that release, where it sees these folders."""
    if name == own():
        return ()
    binds = (word for folder in folders for word in ("--bind", str(folder)))
    return (str(TOP / "test/chroot"), "run", name, *binds)
