#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Passwords that were set here, and accounts that have none."""
import imaplib

from lib import sessions, tap
from lib.passwords import LoginTest

PASSWORD = "jabberwock-7"
UTF8_PASSWORD = "Grüße aus Köln"


class PasswordTest(LoginTest):
    def setUp(self):
        self.host.postern("account", "add", "hatta")
        self.addCleanup(self.host.postern, "account", "remove", "hatta")


class MadeHere(PasswordTest):
    def test_right_and_wrong(self):
        self.host.postern("password", "set", "hatta", stdin=PASSWORD + "\n")
        self.assertLogin("hatta", PASSWORD, True)
        self.assertLogin("hatta", PASSWORD.upper(), False)
        self.assertLogin("hatta", PASSWORD[:-1], False)

    def test_not_ascii(self):
        self.host.postern("password", "set", "hatta", stdin=UTF8_PASSWORD + "\n")
        self.assertLogin("hatta", UTF8_PASSWORD, True)
        self.assertLogin("hatta", "Grusse aus Koln", False)

    def test_changed(self):
        self.host.postern("password", "set", "hatta", stdin=PASSWORD + "\n")
        self.assertLogin("hatta", PASSWORD, True)
        self.host.postern("password", "set", "hatta", stdin="another-one-9\n")
        self.assertLogin("hatta", PASSWORD, False)
        self.assertLogin("hatta", "another-one-9", True)

    def test_account_without_password(self):
        self.assertLogin("hatta", "", False)
        self.assertLogin("hatta", PASSWORD, False)

    def test_disabled_account(self):
        self.host.postern("password", "set", "hatta", stdin=PASSWORD + "\n")
        self.host.postern("account", "disable", "hatta")
        self.assertLogin("hatta", PASSWORD, False)
        self.host.postern("account", "enable", "hatta")
        self.assertLogin("hatta", PASSWORD, True)

    def test_user_whom_only_dovecot_knows(self):
        with sessions.imap(self.host) as imap:
            imap.login("dodo", "dodo-secret-1")
        with self.assertRaises(imaplib.IMAP4.error), sessions.imap(self.host) as imap:
            imap.login("dodo", "wrong")


if __name__ == "__main__":
    tap.main()
