# SPDX-License-Identifier: MIT
"""What the sender rule adds to a message: instructions by the number of fields, which have to grow
no faster than it does, and processor time."""
import re
import subprocess

COUNTS = (1, 10, 100, 1000)
# A usual message, and as many octets of header as Postfix lets through (header_size_limit is for one field).
USUAL, LARGE = 20, 60_000


def measure(bench):
    for kind in ("plain", "resent"):
        counts = {fields: _instructions(bench, kind, fields) for fields in COUNTS}
        for fields, count in counts.items():
            bench.table.figure(f"sender rule, {fields} fields ({kind}), instructions", count, "Ir")
        bench.table.ratio(f"sender rule, 1000 fields : 100 fields ({kind}), instructions",
                          counts[1000], counts[100], "Ir", aim=10.5, at_most=True)
    repeat = 200 if bench.short else 20_000
    usual = bench.program("sender_rule_cost", "plain", USUAL, repeat)
    bench.table.figure(f"sender rule, {USUAL} fields, processor", usual["us"], "us", aim=20)
    for kind in ("plain", "resent"):
        one = bench.program("sender_rule_cost", kind, 101, 1)["octets"] / 101
        large = bench.program("sender_rule_cost", kind, round(LARGE / one), repeat // 100)
        bench.table.figure(f"sender rule, {large['octets']} octets of header ({kind}), processor",
                           large["us"], "us", aim=2000)


def _instructions(bench, kind, fields):
    """Of one message, the program's start not counted. The second one counts: the first loads
    character sets."""
    once, twice = (_collected(bench, kind, fields, repeat) for repeat in (1, 2))
    return twice - once


def _collected(bench, kind, fields, repeat):
    command = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
               "--toggle-collect=judge", bench.build / "test/bench/sender_rule_cost",
               kind, fields, repeat)
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise SystemExit(f"callgrind: {done.stderr.strip()}")
    return int(found[1])
