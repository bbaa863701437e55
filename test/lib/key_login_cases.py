# SPDX-License-Identifier: MIT
"""The cases of a login by TLS key, and which of them were shown on which release.

A test says with `@key_login_case(…)` (integration/lib/key_login.py) what it shows; a note behind its
result says that to test/run, which prints the table.
"""
import ast
import re

CASES = {
    1: "fingerprint: which, and whose alone",
    2: "types that are taken and refused; nothing else of a certificate counts",
    3: "added from a certificate or a public key; never from a private key",
    4: "label",
    5: "proof of possession for who adds a key by the page",
    6: "services, preauth, dates; goes with its account",
    7: "each TLS listener asks for a certificate and names no CA",
    8: "no certificate",
    9: "unknown key",
    10: "TLS resumption looks the key up again",
    11: "Dovecot's penalty is for passwords",
    12: "IMAP: PREAUTH",
    13: "IMAP: AUTHENTICATE after PREAUTH",
    14: "IMAP: STARTTLS, or preauth off",
    15: "EXTERNAL with and without authzid",
    16: "another mechanism beside a key",
    17: "input before the greeting",
    18: "disabled account",
    19: "policy any, key, password, both",
    20: "POP3 and ManageSieve",
    21: "submission by key alone",
    22: "submission: AUTH EXTERNAL",
    23: "submission: a password beside a key",
    24: "submission: unknown key",
    25: "submission: the next client of the same smtpd",
    26: "submission with a part out of order",
    27: "port 25",
    28: "Dovecot's submission service in front of Postfix",
    29: "revoked: the next login, resumption, MAIL, RCPT",
    "29 live": "revoked: the sessions that are open",
    30: "record of logins and refusals",
}

# Cases that are shown on the machine's own release alone, and why.
OWN_ALONE = {
    5: "the page has no part in Dovecot or Postfix; its tests run on the machine's own release",
}

PREFIX = "key login: "


class Table:
    """What the tests of each release have said of each case."""

    def __init__(self, releases, own):
        """own: the machine's."""
        self.results = {(case, release): [] for case in CASES for release in releases}
        self.releases, self.own = list(releases), own

    def add(self, release, cases, passed):
        for case in cases:
            self.results[case, release].append(passed)

    def __bool__(self):
        return any(self.results.values())

    def missing(self):
        """(case, release, reason) where no test has passed; reason is None where one should have."""
        for (case, release), results in self.results.items():
            if not any(results):
                yield case, release, None if results or release == self.own else OWN_ALONE.get(case)

    def _cell(self, case, release):
        results = self.results[case, release]
        if not results:
            return "-"
        return f"{sum(results)} ok" if all(results) else f"{results.count(False)} NOT OK"

    def print(self):
        rows = [("key login: tests by case and release", *self.releases)]
        rows += [(f"{case:>7} {title}", *(self._cell(case, r) for r in self.releases))
                 for case, title in CASES.items()]
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def note(cases):
    """What stands behind the result of a test that shows them."""
    return PREFIX + ", ".join(map(str, cases))


def of_note(text):
    """The cases that it names; none when it is another text."""
    if not text.startswith(PREFIX):
        return ()
    words = text.removeprefix(PREFIX).split(", ")
    return tuple(int(word) if word.isdigit() else word for word in words)


def on_each_release(source):
    """Does a test program's text mark a test with a case that each release has to show?"""
    marks = re.findall(r"@key_login_case\((.+)\)", source)
    return any(set(ast.literal_eval(f"({mark},)")) - set(OWN_ALONE) for mark in marks)
