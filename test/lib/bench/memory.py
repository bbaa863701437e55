# SPDX-License-Identifier: MIT
"""Resident memory of postern-milter over many messages: it has to stay where it was."""
from mailhost import host, release

from . import dkim, login

PARTS = 10


def measure(bench):
    folder = bench.folder / "host"
    layout = host.start(folder, bench.build, release.default(), rebuild=False)
    try:
        env = login.read_env(layout.env)
        total = 5_000 if bench.short else 100_000
        args = ("--socket", env["MILTER_SOCKET"], "--policy", env["POLICY_SOCKET"], "--pid",
                dkim.milter_pid(layout), "--expect-signature", "--messages", total // PARTS // 16, "--connections")
        # Fills the pools: threads, their arenas, handles of the store.
        bench.program("milter_load", *args, 64)
        sizes = [bench.program("milter_load", *args, 16)["rss_kb"] for _ in range(PARTS)]
    finally:
        host.stop(folder)
    print("resident kB after each tenth:", *sizes)
    bench.table.ratio(f"resident memory of postern-milter after {total} messages : after a tenth", sizes[-1],
                      sizes[0], "kB", aim=1.05, at_most=True)
