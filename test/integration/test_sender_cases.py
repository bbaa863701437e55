#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The cases of the sender rule through the servers, by each way in which a message can get there.

Postfix gives a milter what is left of a header when it has repaired it: it ends a header at a line that is no
field, drops blanks before a colon, makes blanks of bare CRs and cuts at NUL, and sends that on. So a hostile
case may be accepted here if what leaves is honest; every other one is refused.
"""
import email.utils
import re
import sys

from lib import sessions, tap
from lib.host import MailTest, TOP

sys.path.insert(0, str(TOP / "test" / "cases" / "sender"))
import cases  # noqa: E402

TO = "someone@example.net"
RULES = sorted({case.file.removesuffix(".cases") for case in cases.load()})
# title, listener, how the message is sent, whether SMTPUTF8 is asked for
WAYS = (
    ("587", "password on 587", "data", False),
    ("465", "key on 465", "data", False),
    ("587, BDAT", "password on 587", "bdat", False),
    ("465, BDAT pipelined", "key on 465", "pipelined bdat", False),
    ("587, pipelined, SMTPUTF8", "password on 587", "pipelined", True),
)
# Postfix ends a session after twenty errors, and slows it down after half of them. With pipelining a refused
# MAIL makes three.
MESSAGES_PER_SESSION = {"data": 8, "bdat": 8, "pipelined": 3, "pipelined bdat": 3}
# What is wrong there is outside of the value of an identity field.
REPAIRED = ("P1", "P7", "P8", "P9", "P12", "P14", "P15")
IDENTITIES = (b"from", b"sender", b"resent-from", b"resent-sender")


def wire(case):
    return b"".join(re.sub(rb"(?<!\r)\n(?=[ \t])", b"\r\n", field) + b"\r\n" for field in case.fields)


def is_own(address):
    local, _, domain = address.lower().rpartition("@")
    return domain == "example.test" and local.partition("+")[0] in ("alice", "a.liddell")


def wrong_in(message):
    """What a reader of the message could be misled by; None when there is nothing."""
    header = message.partition(b"\r\n\r\n")[0]
    if re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n", header):
        return "a control character or a bare line end"
    found = {name: [] for name in IDENTITIES}
    for field in re.split(rb"\r\n(?![ \t])", header):
        name, colon, body = field.partition(b":")
        if not colon or not re.fullmatch(rb"[!-9;-~]+", name):
            return f"the field name {name!r}"
        if name.lower() in found:
            found[name.lower()].append(body.decode("utf-8", "replace"))
    if len(found[b"from"]) != 1 or len(found[b"sender"]) > 1:
        return f"the number of fields in {found}"
    for _, address in email.utils.getaddresses(sum(found.values(), [])):
        if not is_own(address):
            return f"the address {address!r}"
    return None


@tap.with_cases
class SenderCases(MailTest):
    def connect(self, way):
        if way == "key on 465":
            return sessions.smtp(self.host, self.add_key("alice"))
        smtp = sessions.smtp(self.host, port=self.host.SUBMISSION_PORT)
        smtp.login("alice", "alice-secret-1")
        return smtp

    def transaction(self, smtp, case, marker, manner, utf8):
        """Code and text of the answer that decides, and the envelope is clean after it."""
        sender = case.mail if case.mail.startswith("<") else f"<{case.mail}>"
        parameters = " SMTPUTF8" if utf8 or not sender.isascii() else ""
        envelope = (f"MAIL FROM:{sender}{parameters}\r\n".encode(), f"RCPT TO:<{TO}>\r\n".encode())
        octets = wire(case) + f"\r\n{marker}\r\n".encode()
        send = {"data": self.by_data, "bdat": self.by_bdat, "pipelined": self.by_pipelined_data,
                "pipelined bdat": self.by_pipelined_bdat}[manner]
        code, text = send(smtp, envelope, octets)
        smtp.docmd("RSET")
        return code, text.decode()

    @staticmethod
    def replies(smtp, *commands):
        """Sends all at once. The first refusal, or the last reply."""
        smtp.send(b"".join(commands))
        found = [smtp.getreply() for _ in commands]
        return next((reply for reply in found if reply[0] >= 400), found[-1])

    def by_data(self, smtp, envelope, octets):
        for command in (*envelope, b"DATA\r\n"):
            reply = self.replies(smtp, command)
            if reply[0] >= 400:
                return reply
        return self.replies(smtp, octets + b".\r\n")

    def by_pipelined_data(self, smtp, envelope, octets):
        reply = self.replies(smtp, *envelope, b"DATA\r\n")
        return reply if reply[0] >= 400 else self.replies(smtp, octets + b".\r\n")

    def by_bdat(self, smtp, envelope, octets):
        """In two chunks, cut in the middle of what is read, not at a line's end."""
        half = len(octets) // 2
        for command in (*envelope, b"BDAT %d\r\n" % half + octets[:half],
                        b"BDAT %d LAST\r\n" % (len(octets) - half) + octets[half:]):
            reply = self.replies(smtp, command)
            if reply[0] >= 400:
                return reply
        return reply

    def by_pipelined_bdat(self, smtp, envelope, octets):
        return self.replies(smtp, *envelope, b"BDAT %d LAST\r\n" % len(octets) + octets)

    def check(self, case, code, text, marker):
        if not case.hostile:
            self.assertEqual(250, code, text)
        elif code != 250 or case.file.removesuffix(".cases") not in REPAIRED:
            self.assertRegex(f"{code} {text}", r"^(550 5\.7\.1|550 5\.6\.0|501 5\.1\.7) ")
        else:
            self.assertIsNone(wrong_in(self.host.wait_for_sink(marker)))

    @tap.cases(*((f"{rule}, {title}", rule, *rest) for rule in RULES for title, *rest in WAYS))
    def test(self, rule, way, manner, utf8):
        smtp, left, wrong = None, 0, []
        for case in cases.load():
            if case.file != f"{rule}.cases" or case.owns or case.allow:
                continue
            if left == 0:
                if smtp is not None:
                    smtp.close()
                smtp, left = self.connect(way), MESSAGES_PER_SESSION[manner]
            left -= 1
            marker = self.unique()
            try:
                self.check(case, *self.transaction(smtp, case, marker, manner, utf8), marker)
            except AssertionError as error:
                wrong.append(f"{case.file}:{case.line}: {case.title}: {error}")
        smtp.close()
        self.assertEqual([], wrong)


if __name__ == "__main__":
    tap.main()
