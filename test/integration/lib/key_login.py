# SPDX-License-Identifier: MIT
"""Marks a test, or all tests of a class, with the cases of a key login that it shows; test/run prints
which were shown on which release. They are listed in test/lib/key_login_cases.py."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from key_login_cases import CASES, note  # noqa: E402


def key_login_case(*cases):
    """What a class is marked with counts for those of its tests that are not marked themselves."""
    for case in cases:
        if case not in CASES:
            raise ValueError(f"there is no case {case!r} of a key login")

    def mark(test):
        test.note = note(cases)
        return test
    return mark
