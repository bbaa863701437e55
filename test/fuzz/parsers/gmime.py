#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One From body a line in base64; out comes what GMime reads, in hexadecimal, joined by blanks."""
import base64
import sys

import gi
gi.require_version("GMime", "3.0")
from gi.repository import GMime  # noqa: E402


def mailboxes(addresses):
    for i in range(addresses.length()):
        address = addresses.get_address(i)
        if isinstance(address, GMime.InternetAddressGroup):
            yield from mailboxes(address.get_members())
        else:
            yield address.get_addr()


GMime.init()
for line in sys.stdin:
    found = GMime.InternetAddressList.parse(None, base64.b64decode(line).decode("utf-8"))
    print(" ".join(a.encode().hex() for a in mailboxes(found) if a) if found else "")
