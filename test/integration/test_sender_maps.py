#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who owns an address, told to Postfix as a socketmap, and asked of the tables that Postfix has."""
import socket
import subprocess

from lib import sessions, tap
from lib.milter_client import connect
from test_sender_options import OptionTest

OWNED = "From: sales@example.org\r\n"


def netstring(text):
    return f"{len(text)}:{text},".encode()


class Map:
    """A connection to the socketmap."""

    def __init__(self, path):
        self.stream = connect(path)

    def close(self):
        self.stream.close()

    def send(self, octets):
        self.stream.sendall(octets)

    def reply(self):
        data = b""
        while not data.endswith(b","):
            piece = self.stream.recv(65536)
            if not piece:
                return None
            data += piece
        size, _, text = data.partition(b":")
        assert int(size) == len(text) - 1, data
        return text[:-1].decode()

    def ask(self, key, table="senders"):
        self.send(netstring(f"{table} {key}"))
        return self.reply()


@tap.with_cases
class Socketmap(OptionTest):
    def setUp(self):
        super().setUp()
        self.map = self.opened(Map(self.host.SOCKETMAP_SOCKET))
        for account, address in (("bob", "a.liddell@example.test"), ("bob", "@example.net"),
                                 ("alice", "x@example.net")):
            self.host.postern("address", "add", account, address)
            self.addCleanup(self.host.postern, "address", "remove", account, address)

    @tap.cases(
        ("login name", "alice@example.test", "OK alice"),
        ("any case", "Alice@EXAMPLE.test", "OK alice"),
        ("subaddress", "alice+tag@example.test", "OK alice"),
        ("two owners", "a.liddell@example.test", "OK alice,bob"),
        ("a whole domain", "@example.net", "OK bob"),
        ("in a whole domain", "y@example.net", "OK bob"),
        ("an alias in another's domain", "x@example.net", "OK alice,bob"),
        ("nobody's", "nobody@example.test", "NOTFOUND "),
        ("a domain", "@example.test", "NOTFOUND "),
        ("no address", "alice", "NOTFOUND "),
        ("null sender", "<>", "NOTFOUND "),
        ("empty", "", "NOTFOUND "),
        ("blanks", "alice@example.test bob", "NOTFOUND "),
    )
    def test_answer(self, key, reply):
        self.assertEqual(reply, self.map.ask(key))

    def test_one_table(self):
        self.assertRegex(self.map.ask("alice@example.test", "aliases"), "^PERM ")
        self.assertEqual("OK alice", self.map.ask("alice@example.test"))

    def test_pieces_and_many_at_once(self):
        for octet in netstring("senders alice@example.test"):
            self.map.send(bytes([octet]))
        self.assertEqual("OK alice", self.map.reply())
        self.map.send(netstring("senders alice@example.test") * 2)
        data = b""
        while data.count(b",") < 2:
            data += self.map.stream.recv(4096)
        self.assertEqual(netstring("OK alice") * 2, data)

    @tap.cases(("no netstring", b"hello"), ("no end", b"3:abcd"), ("too long", b"99999:"),
               ("a line", b"senders alice@example.test\n"))
    def test_is_closed(self, octets):
        self.map.send(octets)
        self.assertIsNone(self.map.reply())

    def test_store_away(self):
        db = self.host.STORE / "postern.db"
        db.rename(db.with_suffix(".away"))
        self.addCleanup(lambda: db.with_suffix(".away").exists() and
                        db.with_suffix(".away").rename(db))
        self.assertRegex(self.map.ask("alice@example.test"), "^TEMP ")
        db.with_suffix(".away").rename(db)
        self.assertEqual("OK alice", self.map.ask("alice@example.test"))

    def test_postfix_asks(self):
        """reject_sender_login_mismatch goes by it, at MAIL and before the milter."""
        service = "submission/inet"
        restrictions = f"{service}/smtpd_sender_restrictions"
        was = self.postconf("-Ph", restrictions).strip()
        self.postconf("-P", f"{restrictions}={was},reject_sender_login_mismatch",
                      f"{service}/smtpd_sender_login_maps=socketmap:unix:postern/socketmap.sock:senders",
                      f"{service}/smtpd_milters=")
        self.addCleanup(self.postconf, "-P", f"{restrictions}={was}",
                        f"{service}/smtpd_milters=unix:postern/milter.sock")
        self.admin_reload()
        smtp = sessions.smtp(self.host, None, self.host.SUBMISSION_PORT)
        self.addCleanup(smtp.close)
        smtp.login("alice", "alice-secret-1")
        for sender, code in (("alice@example.test", 250), ("alice+x@example.test", 250),
                             ("a.liddell@example.test", 250), ("x@example.net", 250),
                             ("bob@example.test", 553), ("y@example.net", 553),
                             ("nobody@example.test", 553)):
            answer = smtp.docmd(f"MAIL FROM:<{sender}>")
            self.assertEqual(code, answer[0], (sender, answer))
            smtp.docmd("RSET")

    def postconf(self, *args):
        return self.admin("postconf", *args)

    def admin_reload(self):
        self.admin("postfix", "reload")

    def admin(self, *command):
        done = subprocess.run((self.host.ENTER, "--server", *command), capture_output=True,
                              text=True)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout


@tap.with_cases
class Tables(OptionTest):
    def setUp(self):
        super().setUp()
        self.table = self.host.folder / "etc/postfix/senders"


    def test_text_of_a_foreign_domain(self):
        """What the table gives is own like any other address, and taken away again without a reload."""
        self.table.write_text("sales@example.test alice\n")
        self.configure("sender_login_maps = texthash:/etc/postfix/senders")
        self.assertTaken("sales@example.test", "From: sales+tag@example.test\r\n")
        self.table.write_text("sales@example.test bob\n")
        self.assertRefused("sales@example.test", "From: alice@example.test\r\n", "sales@example.test")
        self.assertRefused("alice@example.test", "From: sales@example.test\r\n", "sales@example.test")

    def test_away(self):
        """A table that cannot be read is no table without entries."""
        self.configure("sender_login_maps = texthash:/etc/postfix/nothing")
        code, text, _ = self.send("sales@example.test", "From: sales@example.test\r\n")
        self.assertEqual(451, code, text)
        self.assertTaken("alice@example.test", "From: alice@example.test\r\n")

    def test_socketmap(self):
        path = self.host.folder / "senders.sock"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            path.chmod(0o666)
            self.configure(f"sender_login_maps = socketmap:unix:{path}:tab")
            mark = self.host.log_mark()
            smtp = self.connect("password")
            smtp.putcmd("MAIL FROM:<sales@example.test>")
            with server.accept()[0] as peer:
                self.assertEqual(netstring("tab sales@example.test"), peer.recv(100))
                peer.sendall(netstring("OK alice"))
            code, text = smtp.getreply()
            self.assertEqual(250, code, (text, self.host.log_since(mark)))


if __name__ == "__main__":
    tap.main()
