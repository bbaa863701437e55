#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Plugging postern in changes what README.md says, and taking it out leaves the servers as they were."""
import imaplib
import os
import pathlib
import re
import shutil
import smtplib
import subprocess
import tempfile
import unittest

from lib import sessions, tap
from lib.host import PATIENCE, TOP, MailTest, eventually

# Of an admin who had these before.
OF_BEFORE = (
    "submission inet n - y - - smtpd -o syslog_name=postfix/sub -o smtpd_sasl_path=private/auth"
    " -o { smtpd_relay_restrictions = permit_sasl_authenticated, reject }"
    " -o smtpd_client_restrictions=$mua_client_restrictions",
    "submissions inet n - n - 7 smtpd -v -o smtpd_tls_wrappermode=yes",
)


class Postfix(unittest.TestCase):
    """postfix-on and postfix-off, on a configuration folder of their own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copy("/usr/share/postfix/main.cf.debian", self.folder / "main.cf")
        shutil.copy("/usr/share/postfix/master.cf.dist", self.folder / "master.cf")

    def run_here(self, *command):
        done = subprocess.run(command, env={**os.environ, "MAIL_CONFIG": str(self.folder)},
                              text=True, capture_output=True)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def plug(self, name):
        return subprocess.run((TOP / "config" / name,), text=True, capture_output=True, check=True,
                              env={**os.environ, "MAIL_CONFIG": str(self.folder)})

    def octets(self, name):
        return (self.folder / name).read_bytes()

    def services(self):
        return self.run_here("postconf", "-M")

    def assertThereAndBack(self, *args):
        before, main = self.octets("master.cf"), self.octets("main.cf")
        self.run_here(TOP / "config/postfix-on", *args)
        plugged = self.services()
        self.assertNotEqual(before, self.octets("master.cf"))
        self.run_here(TOP / "config/postfix-on", *args)
        self.assertEqual(plugged, self.services())
        self.run_here(TOP / "config/postfix-off")
        self.assertEqual(before, self.octets("master.cf"))
        self.assertEqual(main, self.octets("main.cf"))
        self.assertFalse((self.folder / "postern-undo").exists())
        return plugged

    def test_as_debian_ships_it(self):
        self.assertThereAndBack()

    def test_with_the_listener_for_dovecot(self):
        self.assertIn("127.0.0.1:10587", self.assertThereAndBack("10587"))

    def test_with_services_of_before(self):
        self.run_here("postconf", "-e", "mua_client_restrictions=permit_mynetworks")
        for line in OF_BEFORE:
            self.run_here("postconf", "-M", f"{line.split()[0]}/inet={line}")
        plugged = self.assertThereAndBack()
        # Settings that postern has nothing to do with stay while it is plugged in.
        self.assertRegex(plugged, r"(?m)^submissions +inet +n +- +n +- +7 +smtpd -v ")

    def test_services_by_other_names(self):
        """smtps is what older releases call it; two services at one port would both be broken."""
        for name in ("smtps", "127.0.0.1:587", "[::1]:submission"):
            self.run_here("postconf", "-M", f"{name}/inet={name} inet n - y - - smtpd")
        names = [line.split()[0] for line in self.assertThereAndBack().splitlines()
                 if "policy.sock" in line]
        self.assertEqual({"smtps", "127.0.0.1:587", "[::1]:submission"}, set(names))

    def test_edits_since_then_stay(self):
        self.run_here("postconf", "-M", f"submission/inet={OF_BEFORE[0]}")
        before = self.services()
        self.run_here(TOP / "config/postfix-on")
        self.run_here("postconf", "-M", "9925/inet=9925 inet n - y - - smtpd")
        self.run_here(TOP / "config/postfix-on")
        self.run_here(TOP / "config/postfix-off")
        self.assertEqual(sorted([*before.splitlines(), "9925       inet  n       -       y"
                                 "       -       -       smtpd"]), sorted(self.services().splitlines()))

    def test_edits_of_the_services_are_kept(self):
        self.run_here(TOP / "config/postfix-on")
        self.run_here("postconf", "-P", "submission/inet/smtpd_recipient_limit=50")
        edited = self.octets("master.cf")
        done = self.plug("postfix-off")
        self.assertIn("master.cf.postern alone", done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        self.assertEqual(edited, self.octets("master.cf.postern"))
        self.assertNotIn("smtpd_recipient_limit", self.services())

    def test_put_back_by_hand(self):
        """What README.md says where the programs are gone; the notes of that time must not decide later."""
        self.run_here(TOP / "config/postfix-on")
        (self.folder / "postern-undo/master.cf").rename(self.folder / "master.cf")
        self.run_here("postconf", "-M", "submission/inet=submission inet n - y - 3 smtpd")
        before = self.octets("master.cf")
        self.assertIn("nothing to undo", self.plug("postfix-off").stderr)
        self.run_here(TOP / "config/postfix-on")
        self.run_here(TOP / "config/postfix-off")
        self.assertEqual(before, self.octets("master.cf"))

    def test_without_dovecot(self):
        """Each login by password would fail, and it is not seen here that it does."""
        self.assertIn("Dovecot has no /run/dovecot/auth-postern; until it has, no login by password",
                      self.plug("postfix-on").stderr)

    def test_not_an_smtpd(self):
        self.run_here("postconf", "-M", "smtps/inet=smtps inet n - y - - postscreen")
        before = self.octets("master.cf")
        done = subprocess.run((TOP / "config/postfix-on",), text=True, capture_output=True,
                              env={**os.environ, "MAIL_CONFIG": str(self.folder)})
        self.assertNotEqual(0, done.returncode)
        self.assertIn("smtps of master.cf is postscreen", done.stderr)
        self.assertEqual(before, self.octets("master.cf"))
        self.assertFalse((self.folder / "postern-undo").exists())

    def test_port_25_is_not_touched(self):
        def port_25():
            return [line for line in self.services().splitlines() if line.startswith("smtp ")]
        before = port_25()
        self.run_here(TOP / "config/postfix-on")
        self.assertEqual(before, port_25())

    def test_nothing_of_main_cf_goes_around_the_milter_and_the_policy(self):
        """With one of these in main.cf a forged From would be accepted, and an unasked policy service
        would mean yes."""
        self.run_here("postconf", "-e", "smtpd_milter_maps=static:DISABLE",
                      "smtpd_proxy_filter=127.0.0.1:10024", "smtpd_policy_service_default_action=DUNNO",
                      "receive_override_options=no_milters, no_address_mappings")
        plugged = self.assertThereAndBack("10587")
        self.run_here(TOP / "config/postfix-on", "10587")
        for service in ("submission", "submissions", "127.0.0.1:10587"):
            own = self.run_here("postconf", "-P", f"{service}/inet").splitlines()
            for setting in ("smtpd_milter_maps =", "smtpd_proxy_filter =",
                            "smtpd_policy_service_default_action = DEFER Senders cannot be checked at the"
                            " moment; try again later",
                            "receive_override_options = no_address_mappings"):
                self.assertIn(f"{service}/inet/{setting}", [line.rstrip() for line in own], plugged)

    def test_readme_shows_these_lines(self):
        """So that who reads README.md knows what the script does."""
        self.run_here(TOP / "config/postfix-on")
        readme = (TOP / "README.md").read_text()
        for option in self.run_here("postconf", "-Mf", "submissions/inet").splitlines():
            self.assertIn("    " + option.rstrip(), readme.splitlines())

    def test_off_without_on(self):
        done = subprocess.run((TOP / "config/postfix-off",), text=True, capture_output=True,
                              env={**os.environ, "MAIL_CONFIG": str(self.folder)})
        self.assertEqual(0, done.returncode)
        self.assertIn("nothing to undo", done.stderr)


class Dovecot(unittest.TestCase):
    def test_readme_shows_these_lines(self):
        readme = (TOP / "README.md").read_text().splitlines()
        for path in (TOP / "config/dovecot-2.3").iterdir():
            for line in path.read_text().splitlines():
                if line and not line.lstrip().startswith("#"):
                    self.assertIn("    " + line, readme, path.name)


class Again(MailTest):
    """dovecot-on where it is on already."""
    own_host = True

    def plug(self):
        stage = self.host.folder / "stage/usr"
        return subprocess.run((self.host.ENTER, "env", f"PATH={stage}/bin:{os.environ['PATH']}",
                               stage / "share/postern/dovecot-on"), text=True, capture_output=True)

    def parts(self):
        """Of conf.d, octet for octet."""
        return {path.name: path.read_bytes()
                for path in (self.host.DOVECOT_CONF.parent / "conf.d").glob("*-postern.conf")}

    def test_refused(self):
        """What fails takes nothing away: without these files no key logs in after the next reload."""
        before = self.parts()
        self.assertEqual(2, len(before))
        self.host.configure_dovecot("99-zz.conf", "auth_mechanisms = plain login\n")
        self.addCleanup((self.host.DOVECOT_CONF.parent / "conf.d/99-zz.conf").unlink)
        done = self.plug()
        self.assertEqual(1, done.returncode, done)
        place = self.host.DOVECOT_CONF.parent / "conf.d/99-zz.conf"
        self.assertRegex(done.stderr, 'auth_mechanisms lacks external: write "auth_mechanisms = plain login external"'
                         rf" where it is set last \(.*\b{re.escape(place.name)}:1\); nothing was changed")
        self.assertEqual(before, self.parts())


class Whole(MailTest):
    """A host that had postern, and has it no more."""
    own_host = True

    def test_taken_out(self):
        with sessions.imap(self.host, self.add_key("alice")) as imap:
            self.assertTrue(imap.welcome.startswith(b"* PREAUTH "), imap.welcome)
        for path in (self.host.folder / "etc/dovecot/conf.d").glob("*-postern.conf"):
            path.unlink()
        self.enter("doveadm", "reload")
        self.enter(TOP / "config/postfix-off")
        self.enter("postfix", "reload")
        eventually(lambda: not self.asks_for_a_certificate(), "Dovecot still asks for certificates")
        with sessions.imap(self.host) as imap:
            imap.login("dodo", "dodo-secret-1")
        with self.assertRaises(imaplib.IMAP4.error), sessions.imap(self.host) as imap:
            imap.login("alice", "alice-secret-1")
        eventually(self.no_submission, "Postfix still listens for submission")
        marker = self.unique()
        with smtplib.SMTP(self.host.HOST, self.host.SMTP_PORT, timeout=PATIENCE) as smtp:
            smtp.sendmail("someone@example.net", ["alice@example.test"],
                          f"From: someone@example.net\r\nSubject: {marker}\r\n\r\nHello\r\n")
        self.host.wait_for_mail("alice", marker)

    def enter(self, *command):
        subprocess.run((self.host.ENTER, *command), check=True, capture_output=True)

    def asks_for_a_certificate(self):
        said = subprocess.run(
            ("openssl", "s_client", "-connect", f"{self.host.HOST}:{self.host.IMAPS_PORT}",
             "-tls1_2"), input="", text=True, capture_output=True).stdout
        return "Client Certificate Types" in said

    def no_submission(self):
        try:
            sessions.connect(self.host, self.host.SUBMISSIONS_PORT).close()
        except ConnectionRefusedError:
            return True
        return False


if __name__ == "__main__":
    tap.main()
