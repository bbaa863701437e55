#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rest of the world's mail server: takes every message and keeps it as it came.

usage: sink.py PORT MESSAGE_FOLDER ENVELOPE_FOLDER

Each message is one file with the very octets that came after DATA, dot-stuffing undone, line ends
as they were. Its envelope is a file of the same name in the other folder, as JSON. Both appear
whole: the envelope first, then the message, each by a rename. Ends on SIGTERM.
"""
import asyncio
import json
import os
import pathlib
import signal
import sys

from aiosmtpd.smtp import SMTP

SIZE_LIMIT = 100 * 1024 * 1024


class Keep:
    def __init__(self, messages, envelopes):
        self.messages = pathlib.Path(messages)
        self.envelopes = pathlib.Path(envelopes)
        self.count = len(list(self.messages.iterdir()))

    async def handle_DATA(self, _server, session, envelope):
        self.count += 1
        name = f"{self.count:06}.eml"
        about = {"helo": session.host_name, "mail_from": envelope.mail_from,
                 "mail_options": envelope.mail_options, "rcpt_tos": envelope.rcpt_tos}
        self._write(self.envelopes / name, json.dumps(about).encode())
        self._write(self.messages / name, envelope.original_content)
        return f"250 2.0.0 kept as {name}"

    def _write(self, path, octets):
        # The unfinished file stands with the envelopes: the message folder holds whole messages only.
        new = self.envelopes / f".{path.parent.name}-{path.name}"
        new.write_bytes(octets)
        os.rename(new, path)


async def serve(port, messages, envelopes):
    loop = asyncio.get_running_loop()
    keep = Keep(messages, envelopes)

    def connection():
        return SMTP(keep, hostname="sink.example.net", enable_SMTPUTF8=True, decode_data=False,
                    data_size_limit=SIZE_LIMIT, loop=loop)

    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server = await loop.create_server(connection, "127.0.0.1", port)
    async with server:
        await ended.wait()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
