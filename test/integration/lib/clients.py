# SPDX-License-Identifier: MIT
"""Mail clients as bytes on a line, for what the clients of Python's library do not do: to be
talked to before the greeting, to resume TLS sessions, to send each form of AUTHENTICATE EXTERNAL.

All protocols log in by the same methods, so one table of cases serves them all:
    client = PROTOCOLS["IMAP STARTTLS"](host, key)
    client.mechanisms          {"PLAIN", "EXTERNAL"}
    client.external("alice")   Answer(ok=True, text="…"), see Client.external
    client.plain("bob", "…")   the same
"""
import base64
import collections
import itertools
import socket
import ssl

from . import sessions
from .host import PATIENCE

Answer = collections.namedtuple("Answer", "ok text")

# Each client comes from an address of its own: Dovecot makes an address wait that
# gave wrong passwords, and the next test would wait as well.
_addresses = (f"127.{a}.{b}.{c}" for a, b, c in
              itertools.product(range(1, 255), range(256), range(1, 255)))


def new_address():
    return next(_addresses)


def encode(text):
    return base64.b64encode(text.encode()).decode()


class Line:
    """A connection, with or without TLS, that sends and reads lines."""

    def __init__(self, host, port, address=None):
        self.host = host
        self.address = address or new_address()
        self.socket = socket.create_connection((host.HOST, port), timeout=PATIENCE,
                                               source_address=(self.address, 0))
        self._input, self._output = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = None
        self._read = b""

    def start_tls(self, key=None, version=None, session=None, early=b""):
        """early goes out together with the end of the client's handshake."""
        context = sessions.context(self.host, key, version)
        context.check_hostname = False
        if session is not None:
            context = session.context
        self.tls = context.wrap_bio(self._input, self._output, server_hostname="localhost",
                                    session=session.session if session else None)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._receive()
        if early:
            self.tls.write(early)
        self._flush()

    def resumption(self):
        """What start_tls(session=…) of a later connection takes; after something was read, as
        the tickets of TLS 1.3 come after the handshake."""
        return collections.namedtuple("Session", "context session")(self.tls.context,
                                                                    self.tls.session)

    def wait_for_tickets(self):
        """Returns when the server has completed its side of a TLS 1.3 handshake."""
        self._receive()

    def _flush(self):
        data = self._output.read()
        if data:
            self.socket.sendall(data)

    def _receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("the server closed the connection")
        self._input.write(data)

    def send(self, data):
        data = data if isinstance(data, bytes) else data.encode()
        if self.tls is None:
            self.socket.sendall(data)
        else:
            self.tls.write(data)
            self._flush()

    def line(self):
        while b"\n" not in self._read:
            if self.tls is None:
                data = self.socket.recv(65536)
                if not data:
                    raise EOFError("the server closed the connection")
                self._read += data
                continue
            try:
                data = self.tls.read(65536)
                if not data:
                    raise EOFError("the server closed TLS")
                self._read += data
            except ssl.SSLWantReadError:
                self._receive()
        line, _, self._read = self._read.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Client(Line):
    """port: name in DIR/env. implicit: TLS from the first octet. With listen False the greeting
    is left unread."""
    port, implicit = None, True
    empty = "="         # an empty initial response

    def __init__(self, host, key=None, version=None, session=None, early=b"", address=None,
                 listen=True):
        super().__init__(host, getattr(host, self.port), address)
        if self.implicit:
            self.start_tls(key, version, session, early)
            self.greeting = self.hello() if listen else None
        else:
            self.greeting = self.hello()
            self.switch()
            self.start_tls(key, version, session)
            self.hello_again()

    def hello(self):
        return self.line()

    def hello_again(self):
        pass

    def external(self, authzid="", initial=True):
        """initial False waits for the server's challenge."""
        response = encode(authzid)
        if initial:
            return self.authenticate("EXTERNAL", response or self.empty)
        return self.authenticate("EXTERNAL", None, response)

    def plain(self, name, password, authzid=""):
        return self.authenticate("PLAIN", encode(f"{authzid}\0{name}\0{password}"))


class Imap(Client):
    port = "IMAPS_PORT"
    _tags = 0

    def command(self, line):
        """The tagged answer and the untagged lines before it."""
        self._tags += 1
        tag = f"t{self._tags}"
        self.send(f"{tag} {line}\r\n")
        return self.answer(tag)

    def answer(self, tag):
        untagged = []
        while True:
            line = self.line()
            if line.startswith(tag + " "):
                return Answer(line.split(" ")[1] == "OK", line.removeprefix(tag + " ")), untagged
            untagged.append(line)
            if line.startswith("+"):
                return None, untagged

    @property
    def is_preauth(self):
        return self.greeting.startswith("* PREAUTH ")

    @property
    def mechanisms(self):
        line = next(x for x in self.command("CAPABILITY")[1] if x.startswith("* CAPABILITY"))
        return {word[5:] for word in line.split() if word.startswith("AUTH=")}

    def switch(self):
        assert self.command("STARTTLS")[0].ok

    def authenticate(self, mechanism, initial, response=""):
        line = f"AUTHENTICATE {mechanism}" + (f" {initial}" if initial is not None else "")
        answer, untagged = self.command(line)
        if answer is None:
            assert initial is None and untagged == ["+ "], untagged
            self.send(response + "\r\n")
            answer, _ = self.answer(f"t{self._tags}")
        return answer


class ImapStartTls(Imap):
    port, implicit = "IMAP_PORT", False


class Pop3(Client):
    port = "POP3S_PORT"

    def command(self, line):
        self.send(line + "\r\n")
        answer = self.line()
        return Answer(answer.startswith("+OK"), answer)

    @property
    def mechanisms(self):
        assert self.command("CAPA").ok
        lines = iter(self.line, ".")
        return set(next(x for x in list(lines) if x.startswith("SASL")).split()[1:])

    def switch(self):
        assert self.command("STLS").ok

    def authenticate(self, mechanism, initial, response=""):
        answer = self.command(f"AUTH {mechanism}" + (f" {initial}" if initial is not None else ""))
        if answer.text.startswith("+ "):
            answer = self.command(response)
        return answer


class Pop3StartTls(Pop3):
    port, implicit = "POP3_PORT", False


class Sieve(Client):
    port, implicit, empty = "SIEVE_PORT", False, ""

    def hello(self):
        self.capabilities = self.lines()
        return self.capabilities[-1]

    hello_again = hello

    def lines(self):
        lines = []
        while not lines or lines[-1].split(" ")[0] not in ("OK", "NO", "BYE"):
            lines.append(self.line())
            if lines[-1] == '""':   # a challenge
                break
        return lines

    def command(self, line):
        self.send(line + "\r\n")
        last = self.lines()[-1]
        return Answer(last.startswith("OK"), last)

    @property
    def mechanisms(self):
        line = next(x for x in self.capabilities if x.startswith('"SASL"'))
        return set(line.removeprefix('"SASL" ').strip('"').split())

    def switch(self):
        assert self.command("STARTTLS").ok

    def authenticate(self, mechanism, initial, response=""):
        answer = self.command(f'AUTHENTICATE "{mechanism}"' +
                              (f' "{initial}"' if initial is not None else ""))
        if answer.text == '""':
            answer = self.command(f'"{response}"')
        return answer


class Submission(Client):
    """Dovecot's own."""
    port, implicit = "DOVECOT_SUBMISSION_PORT", False

    def command(self, line):
        self.send(line + "\r\n")
        self.reply = []
        while not self.reply or self.reply[-1][3:4] == "-":
            self.reply.append(self.line())
        return Answer(self.reply[-1][0] in "23", self.reply[-1])

    def switch(self):
        assert self.command("EHLO client.example").ok
        assert self.command("STARTTLS").ok

    def hello_again(self):
        assert self.command("EHLO client.example").ok
        self.capabilities = self.reply

    @property
    def mechanisms(self):
        return set(next(x for x in self.capabilities if x[4:8] == "AUTH")[9:].split())

    def authenticate(self, mechanism, initial, response=""):
        answer = self.command(f"AUTH {mechanism}" + (f" {initial}" if initial is not None else ""))
        if answer.text.startswith("334"):
            answer = self.command(response)
        return answer


PROTOCOLS = {
    "IMAPS": Imap,
    "IMAP STARTTLS": ImapStartTls,
    "POP3S": Pop3,
    "POP3 STLS": Pop3StartTls,
    "ManageSieve": Sieve,
    "submission": Submission,
}
