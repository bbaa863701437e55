#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds the sender rule against other parsers: of a From that the rule accepts, none may read an address
that is not the sender's.

    differential.py VERDICT [--inputs N] [--read N] [--seed S] [--allow-p4] [--save DIR] [--progress]

VERDICT is the program sender_verdict. Inputs are the cases of the sender rule, the corpus of the parser's
fuzz target and what comes of them by cutting, joining and inserting; accepted ones are mutated again.
Only accepted ones are read by the parsers, each text once: with --read it goes on until so many were.
Parsers whose software is not installed are named and left out. Readers who lose their way in quotes and comments make addresses of words
and of text around an address: what has no at-sign is none, and the rest is looked at without that text.
The exit code is 1 when there is a disagreement.
"""
import argparse
import base64
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cases" / "sender"))
import cases  # noqa: E402

PARSERS = {
    "email.utils": ["/usr/bin/python3", "parsers/python_email.py", "utils"],
    "email.headerregistry": ["/usr/bin/python3", "parsers/python_email.py", "registry"],
    "GMime": ["/usr/bin/python3", "parsers/gmime.py"],
    "Email::Address::XS": ["/usr/bin/perl", "parsers/email_address_xs.pl"],
    "Mail::Address": ["/usr/bin/perl", "parsers/mail_address.pl"],
    "nodemailer": ["/usr/bin/node", "parsers/nodemailer.js"],
}
PIECES = [piece.encode() for piece in (
    "alice@example.test", "<alice@example.test>", "a.liddell@example.test", "alice+x@example.test",
    "bob@victim.test", "<bob@victim.test>", "bob", "@", "@victim.test", "victim.test", "Alice", "\"",
    "\"\"", "(", ")", "()", "<", ">", ",", ", ", ";", ":", "::", "\\", "\\\"", "\\(", "\\)", "\\\\", ".",
    " ", "  ", "\t", "\n ", "\n\t", "[", "]", "=?utf-8?q?", "=?utf-8?b?", "?=", "=40", "=22", "=3C", "=3E",
    "=2C", "=28", "=5C", "_", "=?utf-8?b?Ym9iQHZpY3RpbS50ZXN0?=", "=?utf-8?q?x?=", "é", "＠", "。", "％",
    "“", "”", "\u200b", "\u00a0", "!", "%", "'", "`", "|", "{", "}", "&", "#", "*", "/", "=", "?", "-", "+",
    "\"alice\"@example.test", "(bob@victim.test)", "\"bob@victim.test\"", "via", "at", "x", "0",
)]


def mutate(body, pool, rng):
    """One to four changes to a body."""
    for _ in range(rng.randint(1, 4)):
        at, to = sorted((rng.randint(0, len(body)), rng.randint(0, len(body))))
        kind = rng.randrange(6)
        if kind <= 2:
            body = body[:at] + rng.choice(PIECES) + body[at:]
        elif kind == 3:
            body = body[:at] + body[min(to, at + rng.randint(1, 8)):]
        elif kind == 4:
            other = rng.choice(pool)
            cut = rng.randint(0, len(other))
            body = body[:at] + other[cut:cut + rng.randint(1, 40)] + body[at:]
        else:
            body = body[:at] + body[at:to][:40] + body[at:]
    return body[:600]


def run(command, data):
    with tempfile.TemporaryFile() as stdin:
        stdin.write(data)
        stdin.seek(0)
        return subprocess.run(command, stdin=stdin, stdout=subprocess.PIPE, check=True, cwd=HERE,
                              stderr=subprocess.DEVNULL).stdout


def accepted_of(verdict, bodies):
    out = run(verdict, b"".join(struct.pack("!I", len(b)) + b for b in bodies))
    if len(out) != len(bodies):
        sys.exit("sender_verdict answered for %d of %d" % (len(out), len(bodies)))
    return [b for b, v in zip(bodies, out) if v == ord("0")]


def is_own(address):
    """Nothing in what a parser gave as an address, as octets, is an address other than alice's."""
    text = address.decode("utf-8", "replace").lower()
    text = re.sub(r'"([^"@]*)" ?@', r"\1@", text)
    text = re.sub(r" @", "@", text)
    for local, domain in re.findall(r'([^\s<>()\[\]",;:\\@]*)@([^\s<>()\[\]",;:\\@]*)', text):
        base, _, tag = local.partition("+")
        if domain != "example.test" or base not in ("alice", "a.liddell") or \
                (tag == "" and "+" in local):
            return False
    return True


def installed():
    found = {}
    for name, command in PARSERS.items():
        try:
            if bytes.fromhex(run(command, b"YUBiLmM=\n").decode().strip()) == b"a@b.c":
                found[name] = command
                continue
        except (OSError, ValueError, subprocess.CalledProcessError):
            pass
        print(f"not installed: {name}")
    return found


def disagreements(parsers, bodies):
    # Folds as they are on the wire for every other one, and as they are in a file.
    lines = b"".join(base64.b64encode(b.replace(b"\n", b"\r\n") if n % 2 else b) + b"\n"
                     for n, b in enumerate(bodies))
    for name, command in parsers.items():
        answers = run(command, lines).decode().split("\n")[:-1]
        if len(answers) != len(bodies):
            sys.exit(f"{name} answered for {len(answers)} of {len(bodies)}")
        for body, answer in zip(bodies, answers):
            foreign = [a for a in map(bytes.fromhex, answer.split()) if not is_own(a)]
            if foreign:
                yield name, body, foreign


def seed_bodies():
    bodies = [field.partition(b":")[2] for case in cases.load() for field in case.fields
              if field.lower().startswith(b"from:")]
    bodies += [path.read_bytes() for path in sorted((HERE / "corpus/mailbox_list").iterdir())]
    return [body for body in bodies if len(body) < 600]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("verdict", type=pathlib.Path)
    arguments.add_argument("--inputs", type=int, default=100000)
    arguments.add_argument("--read", type=int, default=0, help="go on until so many were read")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--allow-p4", action="store_true")
    arguments.add_argument("--save", type=pathlib.Path, help="folder for what is disagreed about")
    arguments.add_argument("--progress", action="store_true", help="totals on stderr")
    options = arguments.parse_args()

    rng = random.Random(options.seed)
    verdict = [str(options.verdict.resolve())] + (["P4"] if options.allow_p4 else [])
    parsers = installed()
    seeds = seed_bodies()
    # Of what was read only the hashes: ten millions of them have to fit.
    pool, seen, inputs, read, bad = list(seeds), set(), 0, 0, 0
    bodies = list(seeds)
    while True:
        accepted = [b for b in dict.fromkeys(accepted_of(verdict, bodies)) if hash(b) not in seen]
        seen.update(map(hash, accepted))
        inputs += len(bodies)
        read += len(accepted)
        for name, body, foreign in disagreements(parsers, accepted):
            bad += 1
            print(f"{name} reads {foreign} in {body!r}", flush=True)
            if options.save:
                options.save.mkdir(parents=True, exist_ok=True)
                (options.save / f"{bad:04}").write_bytes(body)
        if options.progress:
            print(f"{inputs} inputs, {read} read, {bad} disagreements", file=sys.stderr, flush=True)
        if inputs >= options.inputs and read >= options.read:
            break
        pool = (pool + rng.sample(accepted, min(len(accepted), 500)))[-20000:]
        left = options.inputs - inputs if options.inputs > inputs else 20000
        bodies = [mutate(rng.choice(pool if rng.random() < 0.8 else seeds), pool, rng)
                  for _ in range(min(20000, left))]
    print(f"{inputs} inputs, {read} accepted and read by {len(parsers)} parsers, {bad} disagreements")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
