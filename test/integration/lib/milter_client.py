# SPDX-License-Identifier: MIT
"""What smtpd says to postern-milter on its three sockets, without an smtpd.

To the daemon this process is the smtpd: the kernel vouches for its pid on all of them.
"""
import socket
import struct

from .host import PATIENCE

# As Postfix 3.7 offers them (src/milter/milter8.c): all actions, all protocol flags.
ACTIONS = 0x1ff
STEPS = 0x1fffff
NO_REPLY_HEADER, NO_REPLY_BODY, LEADING_BLANK = 0x80, 0x80000, 0x100000
NO_HELO, NO_RCPT, NO_DATA = 0x2, 0x8, 0x200
NO_REPLY_RCPT, NO_REPLY_END_OF_HEADER = 0x8000, 0x40000
SET_MACROS, CHANGE_HEADER = 0x100, 0x10


def connect(path):
    stream = socket.socket(socket.AF_UNIX)
    stream.settimeout(PATIENCE)
    stream.connect(str(path))
    return stream


class Closed(Exception):
    """The daemon has closed the connection."""


class Milter:
    """One SMTP session at the milter. Replies are as SMTP would give them: "250", or "550 5.7.1 text"."""

    def __init__(self, path, actions=ACTIONS, steps=STEPS):
        self.stream = connect(path)
        self._send(b"O", struct.pack("!LLL", 6, actions, steps))
        command, data = self._receive()
        assert command == b"O", command
        version, self.actions, self.steps = struct.unpack("!LLL", data[:12])
        # A list of macros for each stage that wants others than the usual.
        self.wanted = {}
        rest = data[12:]
        while rest:
            stage, = struct.unpack("!L", rest[:4])
            names, _, rest = rest[4:].partition(b"\0")
            self.wanted[stage] = names.decode().split()

    def close(self):
        self.stream.close()

    def _send(self, command, data=b""):
        self.stream.sendall(struct.pack("!L", len(data) + 1) + command + data)

    def _read(self, size):
        data = b""
        while len(data) < size:
            piece = self.stream.recv(size - len(data))
            if not piece:
                raise Closed
            data += piece
        return data

    def _receive(self):
        packet = self._read(*struct.unpack("!L", self._read(4)))
        return packet[:1], packet[1:]

    def _reply(self):
        command, data = self._receive()
        return {b"c": "250", b"a": "accepted for good", b"r": "550", b"t": "451",
                b"y": data.rstrip(b"\0").decode()}[command]

    def _step(self, command, data, without=0, unanswered=0):
        if self.steps & without:
            return "250"
        self._send(command, data)
        return "250" if self.steps & unanswered else self._reply()

    def _macros(self, stage, macros):
        pairs = (part for pair in macros.items() for part in pair)
        self._send(b"D", stage + b"".join(part.encode() + b"\0" for part in pairs))

    def connect(self, address="127.0.0.1", port=50000, family=b"4"):
        data = b"client.example\0" + family
        if family != b"U":
            data += struct.pack("!H", port) + address.encode() + b"\0"
        self._macros(b"C", {"j": "mail.example.test"})
        return self._step(b"C", data)

    def mail(self, sender, raw=False, **macros):
        """Macros by name without braces; those that are None smtpd would not send. raw: brackets as given."""
        self._macros(b"M", {f"{{{name}}}": value for name, value in macros.items()
                            if value is not None})
        return self._step(b"M", (sender if raw else f"<{sender}>").encode() + b"\0")

    def rcpt(self, recipient="someone@example.net"):
        return self._step(b"R", f"<{recipient}>".encode() + b"\0", NO_RCPT, NO_REPLY_RCPT)

    def header(self, octets):
        """Fields as they stand in a message; returns the reply to the end of the header."""
        parts = (field.partition(b":") for field in _fields(octets))
        return self.fields((name, value.replace(b"\r\n", b"\n")) for name, _, value in parts)

    def fields(self, pairs):
        """The same for names and values, folds as LF."""
        for name, value in pairs:
            if not self.steps & LEADING_BLANK and value.startswith(b" "):
                value = value[1:]
            data = name + b"\0" + value + b"\0"
            reply = self._step(b"L", data, unanswered=NO_REPLY_HEADER)
            if reply != "250":
                return reply
        self._macros(b"N", {"i": "4QueueId"})
        return self._step(b"N", b"", unanswered=NO_REPLY_END_OF_HEADER)

    def body(self, octets, chunk=65535):
        for at in range(0, len(octets), chunk):
            reply = self._step(b"B", octets[at:at + chunk], unanswered=NO_REPLY_BODY)
            if reply != "250":
                return reply
        return "250"

    def end(self):
        """Returns the reply, and fields to add as [(on top?, name, value)]; self.removed is [(index, name)]."""
        self._macros(b"E", {"i": "4QueueId"})
        self._send(b"E")
        added, self.removed = [], []
        while True:
            command, data = self._receive()
            if command == b"i":
                index, = struct.unpack("!L", data[:4])
                added.append((index == 0, *data[4:].split(b"\0")[:2]))
            elif command == b"h":
                added.append((False, *data.split(b"\0")[:2]))
            elif command == b"m":
                assert data[4:].endswith(b"\0\0"), data
                self.removed.append((struct.unpack("!L", data[:4])[0], data[4:-2].decode()))
            else:
                break
        return {b"c": "250", b"a": "250", b"r": "550", b"t": "451",
                b"y": data.rstrip(b"\0").decode()}[command], added

    def abort(self):
        self._send(b"A")

    def message(self, octets, sender="alice@example.test", chunk=65535, **macros):
        """A whole one. Returns the reply that decided, and the message as it would be queued."""
        header, _, body = octets.partition(b"\r\n\r\n")
        header += b"\r\n"
        reply = self.mail(sender, **macros)
        for step in (self.rcpt, lambda: self.header(header), lambda: self.body(body, chunk)):
            if reply != "250":
                break
            reply = step()
        if reply == "250":
            reply, added = self.end()
        else:
            self.abort()
        return reply, self.queued(header, body, added) if reply == "250" else None

    def queued(self, header, body, added):
        blank = b"" if self.steps & LEADING_BLANK else b" "
        lines = [(on_top, name + b":" + blank + value.replace(b"\n", b"\r\n") + b"\r\n")
                 for on_top, name, value in added]
        return b"".join((*(line for on_top, line in reversed(lines) if on_top), header,
                         *(line for on_top, line in lines if not on_top), b"\r\n", body))


def _fields(octets):
    field = b""
    for line in octets.split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            field += b"\r\n" + line
            continue
        if field:
            yield field
        field = line
    if field:
        yield field


class Policy:
    """One policy connection."""

    def __init__(self, path):
        self.stream = connect(path)
        self.lines = self.stream.makefile("r", encoding="ascii", newline="\n")

    def close(self):
        self.lines.close()
        self.stream.close()

    def ask(self, state, **attributes):
        """Returns the action."""
        values = {"request": "smtpd_access_policy", "protocol_state": state,
                  "client_address": "127.0.0.1", "client_port": "50000",
                  "server_address": "127.0.0.1", "server_port": "465", "helo_name": "x",
                  "sasl_method": "", "sasl_username": "", "ccert_pubkey_fingerprint": "",
                  "encryption_protocol": "TLSv1.3", **attributes}
        self.send("".join(f"{name}={value}\n" for name, value in values.items()) + "\n")
        return self.answer()

    def send(self, text):
        self.stream.sendall(text.encode())

    def answer(self):
        line, empty = self.lines.readline(), self.lines.readline()
        if not line:
            raise Closed
        assert line.startswith("action=") and empty == "\n", (line, empty)
        return line[len("action="):-1]


class Sasl:
    """One connection to the SASL relay, greeted."""

    def __init__(self, path):
        self.stream = connect(path)
        self.lines = self.stream.makefile("r", encoding="utf-8", newline="\n")
        self.send("VERSION\t1\t0\nCPID\t1\n")
        self.greeting = []
        while self.greeting[-1:] != ["DONE"]:
            self.greeting.append(self.line())
        self.ids = 0

    def close(self):
        self.lines.close()
        self.stream.close()

    def send(self, text):
        self.stream.sendall(text.encode())

    def line(self):
        line = self.lines.readline()
        if not line:
            raise Closed
        return line[:-1]

    def auth(self, mechanism, *fields, rip="127.0.0.1"):
        """Returns the fields of the answer, the id taken out."""
        self.ids += 1
        self.send("\t".join(("AUTH", str(self.ids), mechanism, "service=smtp", "nologin",
                             "lip=127.0.0.1", f"rip={rip}", *fields)) + "\n")
        return self.answer()

    def answer(self):
        command, number, *fields = self.line().split("\t")
        assert number == str(self.ids), number
        return [command, *fields]
