# SPDX-License-Identifier: MIT
"""A key's look-up in a large store against one in a small store."""

SMALL = (1000, 3)
LARGE = (1_000_000, 3)


def measure(bench):
    large = (20_000, 3) if bench.short else LARGE
    small = _lookup(bench, "small", *SMALL)
    large = _lookup(bench, "large", *large)
    bench.table.ratio(f"look-up of a key, {large['keys']} keys : {small['keys']} keys, mean",
                      large["mean_us"], small["mean_us"], "us", aim=1.5, at_most=True)
    bench.table.figure("look-up of a key, large store, 99th percentile", large["p99_us"], "us", aim=50)


def _lookup(bench, name, accounts, keys):
    store = bench.folder / name
    store.mkdir(mode=0o751)
    conf = bench.folder / f"{name}.conf"
    conf.write_text(f"store = {store}\nstore_group = 0\nverifier_group = 0\n")
    return bench.program("key_lookup", conf, accounts, keys)
