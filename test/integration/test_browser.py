#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The users' page in a browser, behind nginx."""
from lib import tap
from lib.page_story import *  # noqa: F401,F403

if __name__ == "__main__":
    tap.main()
