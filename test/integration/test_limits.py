#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How much an account may send: across connections, at once, and across restarts."""
import concurrent.futures

from lib import sessions, tap
from test_sender_options import OptionTest


class Limits(OptionTest):
    def setUp(self):
        super().setUp()
        # What an earlier test sent is not forgotten for an hour: each has an account of its own.
        self.name = self._testMethodName.replace("_", "")
        self.host.postern("account", "add", self.name)
        self.host.postern("password", "set", self.name, stdin="limited-secret-1\n")
        self.addCleanup(self.host.postern, "account", "remove", self.name)
        self.address = f"{self.name}@example.test"

    def connect(self, way):
        smtp = sessions.smtp(self.host, None)
        self.addCleanup(smtp.close)
        smtp.login(self.name, "limited-secret-1")
        return smtp

    def send_to(self, recipients, smtp=None):
        """Code and text of the last answer."""
        smtp = smtp or self.connect("password")
        code, text = smtp.docmd(f"MAIL FROM:<{self.address}>")
        for i in range(recipients):
            if code < 400:
                code, text = smtp.docmd(f"RCPT TO:<someone{i}@example.net>")
        if code < 400:
            smtp.docmd("DATA")
            smtp.send(f"From: {self.address}\r\n\r\nHello\r\n.\r\n")
            code, text = smtp.getreply()
        smtp.docmd("RSET")
        return code, text.decode()

    def assertTaken(self, recipients=1, smtp=None):
        code, text = self.send_to(recipients, smtp)
        self.assertEqual(250, code, text)

    def assertLater(self, recipients=1, smtp=None, words=r"messages within an hour"):
        code, text = self.send_to(recipients, smtp)
        self.assertEqual(450, code, text)
        self.assertRegex(text, r"^4\.7\.1 You may send [0-9]+ " + words +
                         ".*; try again in [0-9]+ minutes?$")

    def test_messages(self):
        self.configure("limit_messages_per_hour = 3")
        smtp = self.connect("password")
        mark = self.host.log_mark()
        self.assertTaken(1, smtp)
        self.assertTaken(5)
        self.assertTaken(1, smtp)
        self.assertLater(1, smtp)
        self.assertLater()
        line = self.host.wait_for_log(mark, ": refused: 450 4.7.1: ")
        self.assertIn(f"account={self.name}", line)

    def test_refused_ones_do_not_count(self):
        self.configure("limit_messages_per_hour = 1")
        smtp = self.connect("password")
        for _ in range(3):
            self.assertEqual(550, self.transaction(smtp, self.address,
                                                   "From: bob@example.test\r\n")[0])
        self.assertTaken(1, smtp)
        self.assertLater(1, smtp)

    def test_recipients(self):
        self.configure("limit_recipients_per_hour = 10")
        code, text = self.send_to(11)
        self.assertEqual(550, code, text)
        self.assertRegex(text, r"^5\.5\.3 You may send to 10 recipients within an hour; ")
        self.assertTaken(8)
        self.assertLater(3, words="recipients within an hour")
        self.assertTaken(2)
        self.assertLater(1, words="recipients within an hour")

    def test_per_day(self):
        self.configure("limit_messages_per_day = 1", "limit_recipients_per_day = 5")
        self.assertTaken(4)
        self.assertLater(1, words="messages within a day")

    def test_at_once(self):
        self.configure("limit_messages_per_hour = 5")
        clients = [self.connect("password") for _ in range(12)]
        with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
            codes = [code for code, _ in pool.map(lambda smtp: self.send_to(1, smtp), clients)]
        self.assertEqual([250] * 5 + [450] * 7, sorted(codes))

    def test_restart(self):
        self.configure("limit_messages_per_hour = 1")
        self.assertTaken()
        self.stop(self.pid())
        self.start()
        self.assertLater()

    def test_journal_away(self):
        """What cannot be counted waits."""
        folder = self.host.STORE / "limits"
        self.configure("limit_messages_per_hour = 100")
        self.stop(self.pid())
        folder.rename(folder.with_suffix(".away"))
        folder.touch()
        self.addCleanup(lambda: (folder.unlink(), folder.with_suffix(".away").rename(folder)))
        self.start()
        code, text = self.send_to(1)
        self.assertEqual(451, code, text)

    def test_off(self):
        smtp = self.connect("password")
        for _ in range(5):
            self.assertTaken(20, smtp)


if __name__ == "__main__":
    tap.main()
