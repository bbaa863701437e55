#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The users' page in a browser, behind Apache."""
import os

os.environ["POSTERN_WEB"] = "apache"

from lib import tap  # noqa: E402
from lib.page_story import *  # noqa: E402,F401,F403

# The pages are the same: their pictures, and what axe-core says, are taken once.
del Look, Looks, LooksWithKey  # noqa: F821

if __name__ == "__main__":
    tap.main()
