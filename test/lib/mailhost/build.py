# SPDX-License-Identifier: MIT
"""The checkout's build folder, and its installation below DIR/stage.

What runs on the host is what `meson install` puts in place, so a file that is built and
not installed, or installed where its server does not look, fails here.
"""
import contextlib
import fcntl
import os
import shutil
import subprocess

from . import release
from .layout import TOP, Failure

OUTPUT_TAIL = 30


def default_folder():
    return os.environ.get("POSTERN_BUILD") or TOP / "build"


def make(folder, name, *options):
    """Makes the build folder if it is not there, and brings it up to date, with these options."""
    with _locked(folder):
        _set_up(folder, name)
        _meson(release.inside(name, folder), "configure", folder, *options)
        _meson(release.inside(name, folder), "compile", "-C", folder)


def install(folder, layout, name, rebuild=True):
    shutil.rmtree(layout.stage, ignore_errors=True)
    with _locked(folder):
        _set_up(folder, name)
        _meson(release.inside(name, folder, layout.dir), "install", "-C", folder, "--quiet",
               "--destdir", layout.stage, *(() if rebuild else ("--no-rebuild",)))


@contextlib.contextmanager
def _locked(folder):
    """Hosts that start at the same time share one build."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, ".mailhost-lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _set_up(folder, name):
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        # Tests are run outside of a chroot.
        _meson(release.inside(name, folder), "setup", folder, TOP,
               f"-Dtests={str(name == release.own()).lower()}")


def _meson(inside, *args):
    done = subprocess.run((*inside, "meson", *map(str, args)), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-OUTPUT_TAIL:])
        raise Failure(f"meson {' '.join(map(str, args))} failed; its last words:\n{tail}")
