#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""prepare_release.py RELEASE FOLDER [OPTION…]: makes that release's chroot, or completes it, and the build of
this checkout in there, with these options of meson configure. FOLDER is the machine's own build folder, and the
release's lies beside it."""
import pathlib
import sys

from mailhost import build, release
from mailhost.layout import Failure


def main():
    name, folder, *options = sys.argv[1:]
    try:
        release.prepare(name)
        build.make(release.build_folder(pathlib.Path(folder), name), name, *options)
    except Failure as e:
        sys.exit(str(e))


if __name__ == "__main__":
    main()
