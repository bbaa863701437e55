# SPDX-License-Identifier: MIT
"""Login by key, PREAUTH, against Dovecot's own PLAIN with a passwd-file.

The other side is a Dovecot of its own: the same configuration without postern. Both are full TLS
handshakes; the key's has a client certificate to check, PLAIN has a command to wait for. The password is
kept as {SHA512-CRYPT}, as hosts do, and as {PLAIN}, the least that a password can cost. The handshake
alone is on the host with postern, by a key that it does not know.
"""
import ssl
import statistics
import subprocess

from mailhost import dovecot, host, processes, release

ROUNDS = 5
PASSWORD = "dodo-secret-1"


def measure(bench):
    for name in bench.releases:
        _measure(bench, name)


def _measure(bench, name):
    folder = bench.folder / name
    layout = host.start(folder, release.build_folder(bench.build, name), name,
                        rebuild=name != release.own())
    try:
        env = read_env(layout.env)
        stem = make_key(folder, env)
        stranger = make_pair(folder / "stranger")
        port = start_stock(layout, folder / "stock",
                           f"dodo:{{PLAIN}}{PASSWORD}\nhashed:{{SHA512-CRYPT}}{hash_of(PASSWORD)}\n")
        logins = 20 if bench.short else 150
        common = ("--threads", 8, "--logins", logins)
        ways = {
            "key": ("--port", env["IMAPS_PORT"], "--key", stem),
            "handshake": ("--port", env["IMAPS_PORT"], "--handshake", stranger),
            "plain": ("--port", port, "--user", "dodo", "--password", PASSWORD),
            "hashed": ("--port", port, "--user", "hashed", "--password", PASSWORD),
        }
        rates = {way: [] for way in ways}
        # In turns, so that whatever else the machine does hits all alike.
        for _ in range(2 if bench.short else ROUNDS):
            for way, args in ways.items():
                rates[way].append(bench.program("login_load", *args, *common)["per_second"])
    finally:
        host.stop(folder)
    rate = {way: statistics.median(values) for way, values in rates.items()}
    on = "" if bench.releases == [release.own()] else f"{name}: "
    bench.table.ratio(f"{on}login by key : PLAIN of Dovecot's passwd-file, {{SHA512-CRYPT}}", rate["key"],
                      rate["hashed"], "logins/s", aim=1.0)
    bench.table.ratio(f"{on}login by key : PLAIN of Dovecot's passwd-file, {{PLAIN}}", rate["key"],
                      rate["plain"], "logins/s", aim=1.0)
    bench.table.ratio(f"{on}login by key : TLS handshake with client certificate alone", rate["key"],
                      rate["handshake"], "per s")


def read_env(path):
    return dict(line.replace("'", "").split("=", 1) for line in path.read_text().splitlines())


def make_key(folder, env):
    """Of alice."""
    stem = make_pair(folder / "device")
    subprocess.run((env["POSTERN"], "key", "add", "alice", f"{stem}.crt"), check=True,
                   stdout=subprocess.DEVNULL)
    return stem


def make_pair(stem):
    subprocess.run(("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "36500", "-subj",
                    "/CN=bench", "-keyout", f"{stem}.key", "-out", f"{stem}.crt"),
                   check=True, capture_output=True)
    return stem


def hash_of(password):
    return subprocess.run(("openssl", "passwd", "-6", password), check=True, text=True,
                          capture_output=True).stdout.strip()


def start_stock(layout, folder, users):
    """The host's Dovecot once more, without postern. Runs in the host's namespace, so that stopping the
    host ends it too. Returns its port."""
    port = int(read_env(layout.env)["IMAPS_PORT"]) + 10  # the block's spare numbers
    folder.mkdir(mode=0o755)
    processes.run(layout, ("dovecot", "-c", dovecot.configure_stock(layout, folder, port, users)))
    processes.wait_for_tls(port, ssl.create_default_context(cafile=layout.ca))
    return port
