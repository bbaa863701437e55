#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One From body a line in base64; out comes what Python reads, in hexadecimal, joined by blanks.

`python_email.py utils` is email.utils.getaddresses, `registry` is email.headerregistry.
"""
import base64
import email.headerregistry
import email.policy
import email.utils
import sys

make_header = email.headerregistry.HeaderRegistry()


def by_utils(body):
    return [address for _, address in email.utils.getaddresses([body]) if address]


def by_registry(body):
    header = make_header("From", "".join(body.splitlines()))
    return [a.addr_spec for a in header.addresses if a.addr_spec not in ("", "<>")]


parse = {"utils": by_utils, "registry": by_registry}[sys.argv[1]]
for line in sys.stdin:
    body = base64.b64decode(line).decode("utf-8", "surrogateescape")
    try:
        found = parse(body)
    except Exception as error:  # a parser that gives up names no one
        print(f"{type(error).__name__}: {error}: {body!r}", file=sys.stderr)
        found = []
    print(" ".join(a.encode("utf-8", "surrogateescape").hex() for a in found))
