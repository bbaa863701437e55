#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Mail that no client submits is signed once as well, and a signature outlives what handles the mail behind it:
sendmail(1), cron, bounces, vacation replies, an after-queue content filter."""
import contextlib
import os
import smtplib
import subprocess

from aiosmtpd.controller import Controller

from lib import tap
from lib.host import PATIENCE, eventually
from test_sender_options import ALICE, OWN
from test_sendmail import SendmailTest

VACATION = 'require "vacation";\nvacation :addresses "alice@example.test" :subject "Away {0}" "I am away {0}.";\n'


class Survives(SendmailTest):
    def postconf(self, *args):
        subprocess.run((self.host.ENTER, "postconf", *args), check=True)

    def reload_postfix(self):
        subprocess.run((self.host.ENTER, "postfix", "reload"), check=True, capture_output=True)

    @contextlib.contextmanager
    def postfix(self):
        """main.cf and master.cf are what they were afterwards."""
        files = [self.host.POSTFIX_CONFIG_DIR / name for name in ("main.cf", "master.cf")]
        were = [path.read_bytes() for path in files]
        try:
            yield
        finally:
            for path, octets in zip(files, were):
                path.write_bytes(octets)
            self.reload_postfix()

    def from_outside(self, recipient, marker):
        with smtplib.SMTP(self.host.HOST, self.host.SMTP_PORT, timeout=PATIENCE) as smtp:
            smtp.sendmail("someone@example.net", [recipient],
                          f"From: someone@example.net\r\nTo: {recipient}\r\nSubject: {marker}\r\n"
                          f"Message-ID: <{marker}@example.net>\r\n\r\nHello\r\n")

    def test_sendmail(self):
        self.configure("local_users = alice")
        self.assertSent(7002, OWN.replace("\r\n", "\n"), "-f", ALICE)

    def test_cron(self):
        """As cron(8) calls it, for root."""
        self.configure("trusted_users = root")
        self.assertSent(0, "From: root (Cron Daemon)\nTo: someone@example.net\nMIME-Version: 1.0\n"
                        "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
                        "X-Cron-Env: <SHELL=/bin/sh>\nAuto-Submitted: auto-generated\n",
                        "-FCronDaemon", "-i", "-B8BITMIME", "-oem")

    def test_vacation(self):
        self.configure("trusted_users = vmail")
        marker = self.unique()
        script = self.host.MAIL_ROOT / "alice/.dovecot.sieve"
        script.parent.mkdir(exist_ok=True)
        script.write_text(VACATION.format(marker))
        owner = self.host.MAIL_ROOT.stat()
        for path in (script.parent, script):
            os.chown(path, owner.st_uid, owner.st_gid)
        self.addCleanup(script.unlink)
        self.from_outside(ALICE, self.unique())
        octets = self.host.wait_for_sink(f"I am away {marker}")
        self.assertIn(b"From: <alice@example.test>", octets)
        self.assertSigned(octets)

    def test_bounce(self):
        """As postern-milter(8) has it."""
        self.configure("trusted_networks = 127.0.0.1")
        with self.postfix():
            self.postconf("-e", "internal_mail_filter_classes=bounce",
                          "non_smtpd_milters=unix:postern/milter.sock",
                          "transport_maps=inline:{no.such.user@example.test=local:}")
            self.reload_postfix()
            marker = self.unique()
            self.from_outside("no.such.user@example.test", marker)
            octets = self.host.wait_for_sink(marker)
        self.assertIn(b"MAILER-DAEMON", octets)
        self.assertSigned(octets)

    def test_content_filter(self):
        """It adds fields, as such filters do, and gives the message back to a service without the milter."""
        back = self.host.SMTP_PORT + 12

        class Filter:
            async def handle_DATA(self, _server, _session, envelope):
                with smtplib.SMTP("127.0.0.1", back, timeout=PATIENCE) as smtp:
                    smtp.sendmail(envelope.mail_from, envelope.rcpt_tos,
                                  b"X-Filtered: yes\r\n" + envelope.original_content,
                                  mail_options=["BODY=8BITMIME"])
                return "250 OK"

        port = self.host.SMTP_PORT + 13
        controller = Controller(Filter(), hostname="127.0.0.1", port=port)
        controller.start()
        self.addCleanup(controller.stop)
        with self.postfix():
            self.postconf("-P", f"submissions/inet/content_filter=smtp:[127.0.0.1]:{port}",
                          f"submission/inet/content_filter=smtp:[127.0.0.1]:{port}")
            self.postconf("-M", f"127.0.0.1:{back}/inet=127.0.0.1:{back} inet n - n - - smtpd")
            for setting in ("content_filter=", "mynetworks=127.0.0.0/8",
                            "smtpd_relay_restrictions=permit_mynetworks,reject",
                            "receive_override_options=no_milters"):
                self.postconf("-P", f"127.0.0.1:{back}/inet/{setting}")
            self.reload_postfix()
            octets = eventually(self.filtered, "nothing comes out of the filter")
        self.assertIn(b"X-Filtered: yes", octets)
        self.assertSigned(octets)

    def filtered(self):
        """smtpd of before the reload may still be there, without the filter."""
        code, text, marker = self.send(ALICE, OWN)
        self.assertEqual(250, code, text)
        octets = self.host.wait_for_sink(marker)
        return octets if b"X-Filtered" in octets else None


if __name__ == "__main__":
    tap.main()
