#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads the cases of the sender rule (see README.md) for tests that send them.

As a program, `cases.py seeds TARGET DIR` writes them as inputs of a fuzz target, one file each.
"""
import dataclasses
import pathlib
import re
import sys


@dataclasses.dataclass
class Case:
    file: str
    line: int
    hostile: bool
    title: str
    rule: str = ""
    status: str = ""
    found: str = ""
    mail: str = "<alice@example.test>"
    allow: frozenset = frozenset()
    owns: tuple = ()
    # One entry a field, its folds as LF and blank, without the LF at its end.
    fields: list = dataclasses.field(default_factory=list)


def _unescape(text):
    data = text.encode()
    return re.sub(rb"\\x([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]), data)


def _directive(case, text):
    word, _, rest = text.partition(" ")
    if word == "mail":
        case.mail = rest
    elif word == "allow":
        case.allow = frozenset(rest.split())
    elif word == "owns":
        case.owns += (rest,)
    else:
        case.rule = word
        case.status, _, case.found = rest.partition(" ")


def _fields(lines):
    text = "".join(line + "\n" for line in lines)
    text = re.sub(r"\\\{(\d+)\*([^}]*)\}",
                  lambda m: m[2].replace("\\n", "\n") * int(m[1]), text)
    return [_unescape(field) for field in re.split(r"\n(?![ \t])", text)[:-1]]


def load(folder=pathlib.Path(__file__).parent):
    """Yields every case of every file of the folder."""
    for path in sorted(folder.glob("P*.cases")):
        case, lines = None, []
        for number, line in enumerate(path.read_text().split("\n"), 1):
            if line == "":
                if case is not None:
                    case.fields = _fields(lines)
                    yield case
                case, lines = None, []
            elif case is None and not line.startswith("#"):
                kind, _, title = line.partition(" ")
                case = Case(path.name, number, kind == "[hostile]", title)
            elif case is not None and line.startswith(">"):
                _directive(case, line[2:])
            elif case is not None:
                lines.append(line)


def _seeds(target, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for case in load():
        name = f"{case.file.removesuffix('.cases')}-{case.line}"
        if target == "milter":
            steps = [b"M" + case.mail.encode(), b"R", *(b"H" + f for f in case.fields), b"E", b"Btext", b"X"]
            data = b"\1" + b"\0".join(steps * 2)
        elif target == "sender_rule":
            data = case.mail.encode() + b"\n" + b"".join(f + b"\n" for f in case.fields)
        else:
            bodies = [f.partition(b":")[2] for f in case.fields
                      if f.lower().startswith((b"from:", b"sender:"))]
            data = bodies[0] if bodies else b""
        if len(data) <= 4096:
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] != "seeds":
        sys.exit("usage: cases.py seeds TARGET DIR")
    _seeds(sys.argv[2], pathlib.Path(sys.argv[3]))
