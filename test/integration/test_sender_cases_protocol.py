#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The cases of the sender rule through the milter protocol: the very octets, which Postfix would repair."""
import contextlib
import sys

from lib import tap
from lib.host import TOP
from test_milter_daemon import DaemonTest
from test_milter_protocol import LOGIN

sys.path.insert(0, str(TOP / "test" / "cases" / "sender"))
import cases  # noqa: E402

CASES = list(cases.load())
RULES = sorted({case.file.removesuffix(".cases") for case in CASES})
KNOBS = sorted({case.allow for case in CASES}, key=sorted)


def fields_of(case):
    """(name, value) as a milter is told them. A field without a colon is all name."""
    for field in case.fields:
        name, _, value = field.partition(b":")
        yield name, value


def can_be_told(case):
    """The protocol ends a name and a value at a NUL, libmilter knows no field without a name, and a packet
    has 64 kB at most: it would close the connection, which Postfix takes for a failure."""
    return not any(b"\0" in field or field.startswith(b":") or len(field) > 65000
                   for field in case.fields)


@tap.with_cases
class SenderCases(DaemonTest):
    @contextlib.contextmanager
    def owning(self, case):
        """Meanwhile, alice has what else the case says is hers, and there are keys to sign for it."""
        for address in case.owns:
            self.host.postern("address", "add", "alice", address)
            domain = address.rpartition("@")[2]
            if domain != self.host.DOMAIN:
                self.host.postern("dkim", "add", domain, check=False)
        yield
        for address in case.owns:
            self.host.postern("address", "remove", "alice", address)

    def transaction(self, milter, case):
        reply = milter.mail(case.mail, raw=True, **LOGIN)
        if reply == "250":
            reply = milter.rcpt()
        if reply == "250":
            reply = milter.fields(fields_of(case))
        if reply == "250":
            reply = milter.body(b"Hello\r\n")
        if reply == "250":
            return milter.end()[0]
        milter.abort()
        return reply

    def wrong(self, case, reply):
        if not case.hostile:
            return reply != "250"
        return not reply.startswith(f"550 {case.status} ")

    @tap.cases(*((f"{rule}, {' '.join(sorted(knobs)) or 'all rules'}", rule, knobs)
                 for rule in RULES for knobs in KNOBS
                 if any(c.file == f"{rule}.cases" and c.allow == knobs for c in CASES)))
    def test(self, rule, knobs):
        if knobs:
            with self.conf.open("a") as f:
                f.write(f"allow = {' '.join(knobs)}\n")
            self.reload("reloaded")
        self.logged_in()
        milter, wrong = self.milter(), []
        for case in CASES:
            if case.file != f"{rule}.cases" or case.allow != knobs or not can_be_told(case):
                continue
            # One session for all of them: each answer is that of its own message.
            with self.owning(case):
                reply = self.transaction(milter, case)
            if self.wrong(case, reply):
                wrong.append(f"{case.file}:{case.line}: {case.title}: {reply}")
        self.assertEqual([], wrong)


if __name__ == "__main__":
    tap.main()
