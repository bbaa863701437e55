# SPDX-License-Identifier: MIT
"""Verifiers that know nothing of each other: dkimpy, Perl's Mail::DKIM, libopendkim and rspamd.

The public keys come from `postern dkim record`, in the form in which they would stand in a zone
file, so that these lines are tested as well.
"""
import email
import pathlib
import re
import subprocess
import tempfile

import dkim

from . import libopendkim

PERL = pathlib.Path(__file__).with_name("dkim_verify.pl")


def records(host):
    """TXT records by name, and the zone-file lines that they were read from."""
    zone = host.postern("dkim", "record", host.DOMAIN).stdout
    found = {}
    for match in re.finditer(r'^([^\s;]+)\s[^("]*((?:"(?:[^"\\]|\\.)*"|[\s()])+)', zone, re.M):
        texts = re.findall(r'"((?:[^"\\]|\\.)*)"', match[2])
        found[match[1].lower()] = re.sub(r"\\(.)", r"\1", "".join(texts))
    if not found:
        raise AssertionError(f"no record in: {zone}")
    return found, zone


def results(host, message):
    """What each verifier says of each signature: {"dkimpy": […], "Mail::DKIM": […]}."""
    found, zone = records(host)
    return {"dkimpy": dkimpy(message, found), "Mail::DKIM": _mail_dkim(message, zone)}


def all_results(message, found, rspamd):
    """The same of four verifiers; found are TXT texts by name, rspamd is what rspamd.running gave.

    Mail::DKIM has known Ed25519 since 1.20230911, which is newer than Debian 12: "unknown".
    """
    zone = "".join('{}. IN TXT {}\n'.format(name, " ".join(
        f'"{text[i:i + 255]}"' for i in range(0, len(text), 255))) for name, text in found.items())
    return {"dkimpy": dkimpy(message, found),
            "Mail::DKIM": ["unknown" if "unsupported algorithm ed25519" in result else result
                           for result in _mail_dkim(message, zone)],
            "libopendkim": libopendkim.results(message, found), "rspamd": rspamd(message)}


def dkimpy(message, found):
    def txt(name, timeout=5):
        name = name.decode() if isinstance(name, bytes) else name
        return found.get(name.lower()) or found.get(name.lower().rstrip("."))
    verifier = dkim.DKIM(message)
    count = sum(1 for name, _ in verifier.headers if name.lower() == b"dkim-signature")
    answers = []
    for index in range(count):
        try:
            answers.append("pass" if verifier.verify(index, dnsfunc=txt) else "fail")
        except dkim.DKIMException as e:
            answers.append(f"fail ({e})")
    return answers


def _mail_dkim(message, zone):
    with tempfile.NamedTemporaryFile("w", suffix=".zone") as f:
        f.write(zone)
        f.flush()
        done = subprocess.run(("/usr/bin/perl", PERL, f.name), input=message, capture_output=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode())
    return done.stdout.decode().splitlines()


def tags(message):
    """The tags of the one DKIM-Signature, as a dictionary."""
    value = email.message_from_bytes(message)["DKIM-Signature"]
    pairs = (tag.partition("=") for tag in value.split(";") if tag.strip())
    return {name.strip(): re.sub(r"\s", "", text) for name, _, text in pairs}
