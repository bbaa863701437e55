#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each login and each refusal: in the log, in `postern login list`, and as the last use of a key or password; and
with nobody to take the record, or no disk to put it on, the logins themselves."""
import contextlib
import json
import os
import poplib
import re
import signal
import socket
import ssl
import subprocess
import time

from lib import sessions, tap
from lib.clients import PROTOCOLS, Imap, Pop3
from lib.host import PASSWORDS, PATIENCE, MailTest, eventually
from lib.key_login import key_login_case
from lib.passwords import PASSWORD, PasswordTest

# Nobody waited for anything: Dovecot's own delay after a failure is 2 seconds.
AT_ONCE = 1.5

WORDS = ("result", "reason", "service", "account", "client", "by", "label", "key", "tls", "asked", "session")
LINE = re.compile("postern login: " + " ".join(rf'{word}=("[^"]*"|[^ "]+)' for word in WORDS) + r"(?: error=.*)?$")
TLS_1_3 = "TLSv1.3/TLS_AES_256_GCM_SHA384"

SERVICES = {"IMAPS": "imap", "IMAP STARTTLS": "imap", "POP3S": "pop3", "POP3 STLS": "pop3",
            "ManageSieve": "sieve", "submission": "submission"}


class RecordTest(MailTest):
    def postern_json(self, *args):
        return json.loads(self.host.postern("--json", *args).stdout)

    def logins(self, account="alice"):
        return self.postern_json("login", "list", account)

    def connect(self, cls, *args, **kwargs):
        client = cls(self.host, *args, **kwargs)
        self.addCleanup(client.close)
        return client

    def fingerprint(self, key):
        """As postern writes it."""
        return next(row["fingerprint"] for row in self.postern_json("key", "list")
                    if row["label"] == key.certificate.stem)

    def assertRecorded(self, client, account="alice", **expected):
        """One record of this client's address, and one line of the log, that say the same. Returns the record."""
        def find():
            return [row for row in self.logins(account) if row["client"] == client]
        rows = eventually(find, f"no login of {client} was recorded")
        self.assertEqual(len(rows), 1, rows)
        row = rows[0]
        for name, value in expected.items():
            self.assertEqual(row[name], value, (name, row))
        self.assertRegex(row["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual([{**row, "account": account}], self.lines(client))
        return row

    def lines(self, client):
        """The lines of the log about a client's address, as `login list` would have them."""
        found = []
        for line in self.host.LOG.read_text(errors="replace").splitlines():
            if f" client={client} " not in line:
                continue
            match = LINE.search(line)
            self.assertIsNotNone(match, line)
            values = dict(zip(WORDS, ("" if v == "-" else v.strip('"') for v in match.groups())))
            session = values.pop("session")
            if "smtpd" not in session and values["service"] != "submission":
                self.assertTrue(session, line)
            # The log's own clock says when.
            row = next((r for r in self.logins(values["account"]) if r["client"] == client), {}) \
                if values["account"] else {}
            found.append({"time": row.get("time"), **values})
        return found


@key_login_case(30)
@tap.with_cases
class Dovecot(RecordTest):
    @tap.cases(*SERVICES.items())
    def test_by_key(self, service):
        protocol = self._testMethodName.partition("[")[2].rstrip("]")
        key = self.add_key("alice", "--no-preauth")
        fingerprint = self.fingerprint(key)
        client = self.connect(PROTOCOLS[protocol], key)
        self.assertTrue(client.external().ok)
        self.assertRecorded(client.address, result="ok", reason="", service=service, by="key", tls=TLS_1_3,
                            label=key.certificate.stem, key=fingerprint, asked="")

    @tap.cases(*SERVICES.items())
    def test_by_password(self, service):
        protocol = self._testMethodName.partition("[")[2].rstrip("]")
        client = self.connect(PROTOCOLS[protocol])
        self.assertTrue(client.plain("alice", PASSWORDS["alice"]).ok)
        self.assertRecorded(client.address, result="ok", reason="", service=service, by="password", tls=TLS_1_3,
                            label="main", key="", asked="")

    @tap.cases(*SERVICES.items())
    def test_wrong_password(self, service):
        protocol = self._testMethodName.partition("[")[2].rstrip("]")
        client = self.connect(PROTOCOLS[protocol])
        self.assertFalse(client.plain("alice", "wrong").ok)
        self.assertRecorded(client.address, result="refused", reason="mismatch", service=service, by="password",
                            tls=TLS_1_3, label="", key="", asked="")

    def test_preauth(self):
        client = self.connect(Imap, self.add_key("alice"))
        self.assertTrue(client.is_preauth)
        self.assertRecorded(client.address, result="ok", service="imap", by="key")

    def test_tls_1_2(self):
        client = self.connect(Imap, None, ssl.TLSVersion.TLSv1_2)
        self.assertTrue(client.plain("alice", PASSWORDS["alice"]).ok)
        row = self.assertRecorded(client.address, result="ok")
        self.assertRegex(row["tls"], r"^TLSv1\.2/ECDHE-ECDSA-[A-Z0-9-]+$")
        self.assertEqual(row["tls"].partition("/")[2], client.tls.cipher()[0])

    def test_the_name_as_it_was_asked_for(self):
        client = self.connect(Imap)
        self.assertTrue(client.plain("ALICE", PASSWORDS["alice"]).ok)
        # Dovecot's own auth_username_format has lowered it already.
        self.assertRecorded(client.address, result="ok", account="alice")

    def test_anothers_key(self):
        """It is for the key's owner to know, who may have lost it; nothing of the other account is looked at."""
        key = self.add_key("alice", "--no-preauth")
        fingerprint = self.fingerprint(key)
        client = self.connect(Imap, key)
        self.assertFalse(client.external("bob").ok)
        self.assertRecorded(client.address, result="refused", reason="other-account", by="key",
                            label=key.certificate.stem, key=fingerprint, asked="bob")
        client = self.connect(Pop3, key)
        self.assertFalse(client.plain("bob", PASSWORDS["bob"]).ok)
        self.assertRecorded(client.address, result="refused", reason="other-account", by="password",
                            label=key.certificate.stem, key=fingerprint, asked="bob")
        self.assertNotIn(client.address, [row["client"] for row in self.logins("bob")])

    def test_policy_and_state(self):
        key = self.add_key("bob")
        self.host.postern("account", "policy", "bob", "password")
        self.addCleanup(self.host.postern, "account", "policy", "bob", "any")
        client = self.connect(Imap, key)
        self.assertFalse(client.external().ok)
        self.assertRecorded(client.address, "bob", result="refused", reason="not-allowed", by="key",
                            label=key.certificate.stem)
        self.host.postern("account", "disable", "bob")
        self.addCleanup(self.host.postern, "account", "enable", "bob")
        client = self.connect(Imap)
        self.assertFalse(client.plain("bob", PASSWORDS["bob"]).ok)
        self.assertRecorded(client.address, "bob", result="refused", reason="disabled", by="password")

    def test_both(self):
        """The key is one of the two that it takes, and was used."""
        key = self.add_key("bob")
        fingerprint = self.fingerprint(key)
        self.host.postern("account", "policy", "bob", "both")
        self.addCleanup(self.host.postern, "account", "policy", "bob", "any")
        client = self.connect(Imap, key)
        self.assertTrue(client.plain("bob", PASSWORDS["bob"]).ok)
        self.assertRecorded(client.address, "bob", result="ok", by="password", label="main", key=fingerprint)
        used = self.postern_json("key", "show", fingerprint)
        self.assertEqual((used["last_client"], used["last_service"]), (client.address, "imap"))

    def test_nobodys(self):
        """What is no account's is in the log, as far as postern is concerned, and recorded for none."""
        before = {name: len(self.logins(name)) for name in ("alice", "bob")}
        client = self.connect(Imap, self.new_key())
        self.assertFalse(client.external().ok)
        for line in self.lines(client.address):
            self.assertEqual((line["result"], line["reason"], line["account"]), ("refused", "unknown-key", ""))
        # Dovecot's own passdb behind ours knows dodo; whom neither knows, Dovecot says.
        for name, password in (("dodo", PASSWORDS["dodo"]), ("nobody", "wrong")):
            client = self.connect(Imap)
            self.assertEqual(client.plain(name, password).ok, name == "dodo")
            self.assertEqual(self.lines(client.address), [])
        # What came later is there, so nothing else will come.
        client = self.connect(Imap)
        client.plain("alice", PASSWORDS["alice"])
        self.assertRecorded(client.address)
        self.assertEqual(before["bob"], len(self.logins("bob")))


@key_login_case(30)
@tap.with_cases
class Postfix(RecordTest):
    def smtp(self, key=None, **kwargs):
        smtp = sessions.smtp(self.host, key, **kwargs)
        self.addCleanup(smtp.close)
        return smtp, smtp.sock.getsockname()[0]

    @tap.cases(("465", None), ("587", "SUBMISSION_PORT"))
    def test_auth(self, port):
        port = port and getattr(self.host, port)
        key = self.add_key("alice")
        fingerprint = self.fingerprint(key)
        common = {"service": "submission", "tls": TLS_1_3, "asked": ""}
        smtp, client = self.smtp(key, port=port)
        self.assertEqual(235, smtp.docmd("AUTH EXTERNAL", "=")[0])
        self.assertRecorded(client, result="ok", reason="", by="key", label=key.certificate.stem,
                            key=fingerprint, **common)
        smtp, client = self.smtp(port=port)
        self.assertEqual(235, smtp.docmd("AUTH PLAIN", sessions.plain("alice", PASSWORDS["alice"]))[0])
        self.assertRecorded(client, result="ok", reason="", by="password", label="main", key="", **common)
        smtp, client = self.smtp(port=port)
        self.assertEqual(535, smtp.docmd("AUTH PLAIN", sessions.plain("alice", "wrong"))[0])
        self.assertRecorded(client, result="refused", reason="mismatch", by="password", label="", key="", **common)

    def test_anothers_key(self):
        key = self.add_key("alice")
        smtp, client = self.smtp(key)
        self.assertEqual(535, smtp.docmd("AUTH PLAIN", sessions.plain("bob", PASSWORDS["bob"]))[0])
        self.assertRecorded(client, result="refused", reason="other-account", by="password", asked="bob",
                            key=self.fingerprint(key))

    def test_key_without_auth(self):
        """One login, however many messages and recipients."""
        key = self.add_key("alice")
        fingerprint = self.fingerprint(key)
        smtp, client = self.smtp(key)
        for _ in range(2):
            self.assertEqual(250, smtp.mail("alice@example.test")[0])
            for name in ("x", "y", "z"):
                self.assertEqual(250, smtp.rcpt(f"{name}@example.net")[0])
            smtp.rset()
        self.assertRecorded(client, result="ok", reason="", service="submission", by="key", tls=TLS_1_3,
                            label=key.certificate.stem, key=fingerprint, asked="")

    def test_key_without_auth_that_is_refused(self):
        key = self.add_key("bob")
        self.host.postern("account", "disable", "bob")
        self.addCleanup(self.host.postern, "account", "enable", "bob")
        smtp, client = self.smtp(key)
        for _ in range(2):
            self.assertEqual(550, smtp.mail("bob@example.test")[0])
        self.assertRecorded(client, "bob", result="refused", reason="disabled", service="submission", by="key",
                            label=key.certificate.stem)

    def test_the_next_session_of_a_process_is_another_login(self):
        key = self.add_key("alice")
        for _ in range(3):
            smtp, client = self.smtp(key)
            self.assertEqual(250, smtp.mail("alice@example.test")[0])
            smtp.quit()
            self.assertRecorded(client, result="ok", by="key")


@key_login_case(6, 30)
class LastUsed(RecordTest):
    def test_key(self):
        key = self.add_key("alice")
        fingerprint = self.fingerprint(key)
        before = self.postern_json("key", "show", fingerprint)
        self.assertEqual((before["last_used"], before["last_service"], before["last_client"]), (None, "", ""))
        self.assertRegex(self.host.postern("key", "show", fingerprint).stdout, r"(?m)^last_used: never$")
        client = self.connect(Imap, key)
        self.assertTrue(client.is_preauth)
        self.assertRecorded(client.address)
        used = self.postern_json("key", "show", fingerprint)
        self.assertEqual((used["last_service"], used["last_client"]), ("imap", client.address))
        self.assertGreaterEqual(used["last_used"], used["created"])
        listed = [row for row in self.postern_json("key", "list", "alice") if row["fingerprint"] == fingerprint]
        self.assertEqual([used], listed)
        self.assertIn(used, self.postern_json("account", "show", "alice")["keys"])

    def test_password(self):
        def main():
            return next(row for row in self.postern_json("password", "list", "alice") if row["label"] == "main")
        client = self.connect(Pop3)
        self.assertTrue(client.plain("alice", PASSWORDS["alice"]).ok)
        self.assertRecorded(client.address)
        self.assertEqual((main()["last_service"], main()["last_client"]), ("pop3", client.address))
        self.assertGreaterEqual(main()["last_used"], main()["created"])
        # A refusal is no use.
        refused = self.connect(Imap)
        self.assertFalse(refused.plain("alice", "wrong").ok)
        self.assertRecorded(refused.address)
        self.assertEqual(main()["last_client"], client.address)

    def test_a_new_one_of_the_same_name_was_not_used(self):
        self.host.postern("account", "add", "hatta")
        self.addCleanup(self.host.postern, "account", "remove", "hatta")
        self.host.postern("password", "set", "hatta", stdin=PASSWORD + "\n")
        client = self.connect(Imap)
        self.assertTrue(client.plain("hatta", PASSWORD).ok)
        row = self.assertRecorded(client.address, "hatta")
        # Another second than that of the login.
        eventually(lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) > row["time"], "time stands still")
        self.host.postern("password", "set", "hatta", stdin="borogoves-8\n")
        self.assertIsNone(self.postern_json("password", "list", "hatta")[0]["last_used"])


@key_login_case(30)
class FiftyOfEach(RecordTest):
    def test_the_51st_drops_the_first(self):
        self.host.postern("account", "add", "hatta")
        self.addCleanup(self.host.postern, "account", "remove", "hatta")
        key = self.add_key("hatta", "--no-preauth")
        addresses = []
        for number in range(51):
            client = self.connect(Imap, key)
            addresses.append(client.address)
            self.assertTrue(client.external().ok)
            client.close()
            # One by one, and not faster than they are written: a queue that is full loses some.
            eventually(lambda: self.logins("hatta")[:1] and self.logins("hatta")[0]["client"] == addresses[-1],
                       f"login {number} was not recorded")
            if number == 49:
                self.assertEqual([row["client"] for row in self.logins("hatta")], addresses[::-1])
        self.assertEqual([row["client"] for row in self.logins("hatta")], addresses[:0:-1])
        text = self.host.postern("login", "list", "hatta").stdout.splitlines()
        self.assertEqual(len(text), 51)
        self.assertRegex(text[0], r"^TIME +RESULT +REASON +SERVICE +CLIENT +BY +LABEL +TLS +ASKED +KEY$")
        self.assertIn(addresses[-1], text[1])

    def test_of_an_account_that_is_not_there(self):
        done = self.host.postern("login", "list", "nobody", check=False)
        self.assertEqual(done.returncode, 67)


class Strangers(RecordTest):
    """What stands on the socket is not believed."""

    @property
    def socket_path(self):
        return self.host.STORE / "logins/record.sock"

    def send(self, data):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(data, str(self.socket_path))

    def test_whose_it_is(self):
        status = os.stat(self.socket_path)
        owner = next(line.split(":") for line in (self.host.folder / "etc/passwd").read_text().splitlines()
                     if line.startswith("postern:"))
        self.assertEqual((status.st_uid, status.st_gid), (int(owner[2]), int(owner[3])))
        self.assertEqual(status.st_mode & 0o777, 0o660)
        folder = os.stat(self.socket_path.parent)
        self.assertEqual((folder.st_uid, folder.st_gid, folder.st_mode & 0o7777),
                         (int(owner[2]), int(owner[3]), 0o750))
        database = os.stat(self.socket_path.parent / "logins.db")
        self.assertEqual((database.st_uid, database.st_gid, database.st_mode & 0o777),
                         (int(owner[2]), int(owner[3]), 0o640))

    def test_others_cannot_write(self):
        pid = os.fork()
        if pid == 0:
            status = 1
            with contextlib.suppress(PermissionError):
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                try:
                    self.send(b"x")
                except PermissionError:
                    status = 0
            os._exit(status)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)

    def test_rubbish(self):
        before = self.logins("alice"), self.logins("bob")
        head = "postern-login-1\tok\t\timap\t"
        for data in (b"", b"x", b"\0" * 500, b"\xff" * 1000, os.urandom(700), b"x" * 5000,
                     # No such account, and the id of none.
                     (head + "1\tnobody\t\t192.0.2.1\tkey\tphone\t\t").encode(),
                     (head + "1\talice\t\t192.0.2.1\tkey\tphone\t\t").encode()):
            self.send(data)
        client = self.connect(Imap)
        self.assertTrue(client.plain("alice", PASSWORDS["alice"]).ok)
        self.assertRecorded(client.address)
        self.assertEqual(before[0][:49], self.logins("alice")[1:50])
        self.assertEqual(before[1], self.logins("bob"))


@tap.with_cases
class WithoutPlain(PasswordTest, RecordTest):
    """The password never comes, and it is Dovecot's mechanism that compares it."""
    postern_settings = "password_schemes = yescrypt scram-sha-256 plain\n"

    def recorded(self, count):
        return eventually(lambda: (rows := self.logins("hatta")) and len(rows) == count and rows,
                          lambda: f"not {count}, but {self.logins('hatta')}")

    @tap.cases(("SCRAM-SHA-256",), ("CRAM-MD5",))
    def test_right_and_wrong(self):
        mechanism = self._testMethodName.partition("[")[2].rstrip("]")
        self.assertLetIn("imap", mechanism)
        row = self.recorded(1)[0]
        self.assertEqual((row["result"], row["service"], row["by"], row["label"]), ("ok", "imap", "password", "main"))
        self.assertTrue(row["tls"].startswith("TLSv1."), row)
        self.assertRefused("imap", mechanism, password=PASSWORD + "x")
        row = self.recorded(2)[0]
        self.assertEqual((row["result"], row["reason"], row["by"]), ("refused", "mismatch", "password"))
        self.assertRefused("imap", mechanism, name="nobody")
        self.host.postern("account", "disable", "hatta")
        self.assertRefused("imap", mechanism)
        row = self.recorded(3)[0]
        self.assertEqual((row["result"], row["reason"], row["by"]), ("refused", "disabled", "password"))

    def test_apop(self):
        for password, result in ((PASSWORD, "ok"), ("wrong", "refused")):
            pop = sessions.pop3(self.host)
            self.addCleanup(pop.close)
            with contextlib.suppress(poplib.error_proto):
                pop.apop("hatta", password)
            count = 1 if result == "ok" else 2
            self.assertEqual((self.recorded(count)[0]["result"], self.recorded(count)[0]["service"]), (result, "pop3"))


class TroubleTest(RecordTest):
    """Nobody takes the record, or it cannot be written: logins go on, and nobody waits."""
    own_host = True

    def assertLogsIn(self, key):
        begin = time.monotonic()
        client = self.connect(Imap, key)
        self.assertTrue(client.is_preauth, client.greeting)
        client.close()
        other = self.connect(Imap)
        self.assertTrue(other.plain("alice", PASSWORDS["alice"]).ok)
        other.close()
        self.assertLess(time.monotonic() - begin, AT_ONCE)

    def assertRecordsAgain(self):
        """A login is, at the latest when it is tried again: one that came too early is lost."""
        def is_recorded(client):
            done = self.host.postern("--json", "login", "list", "alice", check=False)
            return done.returncode == 0 and any(row["client"] == client.address for row in json.loads(done.stdout))

        def recorded():
            client = self.connect(Imap)
            self.assertTrue(client.plain("alice", PASSWORDS["alice"]).ok)
            client.close()
            end = time.monotonic() + AT_ONCE
            while time.monotonic() < end:
                if is_recorded(client):
                    return True
            return False
        eventually(recorded, "logins are not recorded")

    def start_milter(self):
        with open(self.host.LOG, "ab") as log:
            subprocess.Popen((self.host.ENTER, "--server", self.host.folder / "stage/usr/sbin/postern-milter"),
                             stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


class Collector(TroubleTest):
    def test_gone(self):
        key = self.add_key("alice")
        self.assertRecordsAgain()
        os.kill(self.host.milter_pid(), signal.SIGKILL)
        eventually(lambda: self.host.milter_pid() is None, "postern-milter does not die")
        for _ in range(5):
            self.assertLogsIn(key)
        self.start_milter()
        self.assertRecordsAgain()

    def test_ends(self):
        self.assertRecordsAgain()
        mark = self.host.log_mark()
        client = self.connect(Imap)
        self.assertTrue(client.plain("alice", PASSWORDS["alice"]).ok)
        self.host.wait_for_log(mark, f" client={client.address} ")
        os.kill(self.host.milter_pid(), signal.SIGTERM)
        eventually(lambda: self.host.milter_pid() is None, "postern-milter does not end")
        self.start_milter()
        self.assertRecorded(client.address, result="ok")
        self.assertRecordsAgain()

    def test_hangs(self):
        key = self.add_key("alice")
        self.assertRecordsAgain()
        pid = self.host.milter_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            # More than the socket holds.
            for _ in range(15):
                self.assertLogsIn(key)
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s, self.assertRaises(BlockingIOError):
                s.setblocking(False)
                for _ in range(100000):
                    s.sendto(b"x", str(self.host.STORE / "logins/record.sock"))
            for _ in range(5):
                self.assertLogsIn(key)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertRecordsAgain()


class Database(TroubleTest):
    def test_damaged(self):
        key = self.add_key("alice")
        self.assertRecordsAgain()
        path = self.host.STORE / "logins/logins.db"
        with path.open("r+b") as f:
            f.write(b"not a database, though it was one" * 200)
        mark = self.host.log_mark()
        self.assertEqual(self.host.postern("login", "list", "alice", check=False).returncode, 69)
        # Keys can be listed all the same.
        done = self.host.postern("key", "list", "alice")
        self.assertIn("never", done.stdout)
        self.assertRegex(done.stderr, r"\Apostern: what was last used when is not known: [^\n]+\n\Z")
        self.assertLogsIn(key)
        self.assertRecordsAgain()
        self.assertIn("was damaged; it is ", self.host.log_since(mark))
        self.assertTrue(path.with_name("logins.db.damaged").exists())

    def test_gone(self):
        key = self.add_key("alice")
        self.assertRecordsAgain()
        (self.host.STORE / "logins/logins.db").unlink()
        self.assertEqual(self.logins(), [])
        self.assertLogsIn(key)
        self.assertRecordsAgain()

    def test_who_is_removed_is_forgotten(self):
        """At the latest when the daemon starts anew."""
        self.host.postern("account", "add", "hatta")
        self.host.postern("password", "set", "hatta", stdin=PASSWORD + "\n")
        client = self.connect(Imap)
        self.assertTrue(client.plain("hatta", PASSWORD).ok)
        self.assertRecorded(client.address, "hatta")
        self.host.postern("account", "remove", "hatta")
        os.kill(self.host.milter_pid(), signal.SIGTERM)
        eventually(lambda: self.host.milter_pid() is None, "postern-milter does not end")
        self.start_milter()
        self.assertRecordsAgain()
        database = (self.host.STORE / "logins/logins.db").read_bytes()
        self.assertNotIn(client.address.encode(), database)
        self.assertNotIn(b"hatta", database)


class Disk(TroubleTest):
    """On a host of its own: what is wrong with the record is logged once an hour."""

    @contextlib.contextmanager
    def full_disk(self):
        """For postern-milter alone, which has a mount namespace of its own."""
        folder = self.host.STORE / "logins"
        status = folder.stat()
        namespace = ("nsenter", "--mount", "--root", "--target", str(self.host.milter_pid()))
        subprocess.run((*namespace, "mount", "-n", "-t", "tmpfs", "-o",
                        f"size=8k,mode=750,uid={status.st_uid},gid={status.st_gid}", "tmpfs", folder), check=True)
        try:
            yield
        finally:
            subprocess.run((*namespace, "umount", "-n", "--lazy", folder), check=True)

    def test_full(self):
        key = self.add_key("alice")
        self.assertRecordsAgain()
        before = self.logins()
        mark = self.host.log_mark()
        with self.full_disk():
            for _ in range(5):
                self.assertLogsIn(key)
            self.host.wait_for_log(mark, "the disk is full")
            for _ in range(5):
                self.assertLogsIn(key)
        self.assertRecordsAgain()
        self.host.wait_for_log(mark, "logins are recorded again")
        self.assertEqual(before, self.logins()[-len(before):])
        # Each of them was lost, and it was said once.
        self.assertEqual(self.host.log_since(mark).count("the disk is full"), 1)


if __name__ == "__main__":
    tap.main()
