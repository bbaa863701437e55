# SPDX-License-Identifier: MIT
"""Connections to a host with Python's own clients, with or without a TLS key.

Each comes from an address of its own in 127.0.0.0/8: Dovecot lets an address wait the longer, the
more often it failed, and one test's failures should not delay the next.
"""
import base64
import imaplib
import poplib
import random
import smtplib
import socket
import ssl

from .host import PATIENCE


def context(host, key=None, version=None):
    """Verifies the server by CA_FILE, and shows key when asked for a certificate."""
    made = ssl.create_default_context(cafile=host.CA_FILE)
    if key is not None:
        made.load_cert_chain(key.certificate, key.key)
    if version is not None:
        made.minimum_version = made.maximum_version = version
    return made


def source():
    """An address that nobody has failed from."""
    return (".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))]), 0)


def connect(host, port):
    return socket.create_connection((host.HOST, port), PATIENCE, source())


class _Imap(imaplib.IMAP4):
    def _create_socket(self, timeout):
        return socket.create_connection((self.host, self.port), timeout, source())


class _ImapSsl(imaplib.IMAP4_SSL):
    def _create_socket(self, timeout):
        raw = socket.create_connection((self.host, self.port), timeout, source())
        return self.ssl_context.wrap_socket(raw, server_hostname=self.host)


class _Pop3(poplib.POP3):
    def _create_socket(self, timeout):
        return socket.create_connection((self.host, self.port), timeout, source())


class _Pop3Ssl(poplib.POP3_SSL):
    def _create_socket(self, timeout):
        raw = socket.create_connection((self.host, self.port), timeout, source())
        return self.context.wrap_socket(raw, server_hostname=self.host)


def imap(host, key=None, starttls=False):
    if not starttls:
        return _ImapSsl(host.HOST, host.IMAPS_PORT, timeout=PATIENCE,
                        ssl_context=context(host, key))
    client = _Imap(host.HOST, host.IMAP_PORT, timeout=PATIENCE)
    client.starttls(context(host, key))
    return client


def pop3(host, key=None, starttls=False):
    if not starttls:
        return _Pop3Ssl(host.HOST, host.POP3S_PORT, timeout=PATIENCE, context=context(host, key))
    client = _Pop3(host.HOST, host.POP3_PORT, timeout=PATIENCE)
    client.stls(context(host, key))
    return client


def smtp(host, key=None, port=None, ehlo=True):
    """Submission: implicit TLS, or STARTTLS where port is another one than SUBMISSIONS_PORT."""
    port = port or host.SUBMISSIONS_PORT
    if port == host.SUBMISSIONS_PORT:
        client = smtplib.SMTP_SSL(host.HOST, port, "client.example", timeout=PATIENCE,
                                  context=context(host, key), source_address=source())
    else:
        client = smtplib.SMTP(host.HOST, port, "client.example", timeout=PATIENCE,
                              source_address=source())
        client.starttls(context=context(host, key))
    if ehlo:
        client.ehlo()
    return client


def plain(name, password, authzid=""):
    """Argument of AUTH PLAIN."""
    return base64.b64encode(f"{authzid}\0{name}\0{password}".encode()).decode()


def external(authzid=""):
    """Argument of AUTH EXTERNAL."""
    return base64.b64encode(authzid.encode()).decode() or "="


class Sieve:
    """As much of ManageSieve (RFC 5804) as a login needs."""

    def __init__(self, host, key=None):
        self._socket = connect(host, host.SIEVE_PORT)
        self._file = self._socket.makefile("rb")
        self.response()
        self.command("STARTTLS")
        self._socket = context(host, key).wrap_socket(self._socket, server_hostname=host.HOST)
        self._file = self._socket.makefile("rb")
        self.capabilities = self.response()

    def response(self):
        """Lines up to OK, NO or BYE."""
        lines = []
        while True:
            line = self._file.readline().decode().rstrip("\r\n")
            lines.append(line)
            if not line or line.split(" ")[0] in ("OK", "NO", "BYE"):
                return lines

    def command(self, line):
        self._socket.sendall(line.encode() + b"\r\n")
        return self.response()

    def close(self):
        self._file.close()
        self._socket.close()
