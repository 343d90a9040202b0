#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cql_load.py PORT USER PASSWORD INSERTS AT-ONCE [LINES]: as cql_load.c, with
the concurrent executor of Python's driver; with LINES the rows that
mfx-write-cassandra makes of them.  Prints seconds."""
import itertools
import json
import sys
import time

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.query import UNSET_VALUE

port, user, password, inserts, at_once, *lines = sys.argv[1:]
cluster = Cluster(["127.0.0.1"], port=int(port), protocol_version=4,
                  auth_provider=PlainTextAuthProvider(user, password))
session = cluster.connect()
if lines:
    insert = session.prepare(
        "INSERT INTO bench.readings (channel, bucket, time, id, publisher,"
        " protocol, name, unit, value, string_value, bool_value)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    # ready-made: they are not to be parsed while the clock runs
    with open(lines[0]) as f:
        values = []
        for i, line in enumerate(itertools.islice(f, int(inserts))):
            o = json.loads(line)
            values.append((
                o["channel"], int(o["t"] // 86400), int(o["t"] * 10 ** 9),
                i.to_bytes(24, "big"), o.get("publisher", UNSET_VALUE),
                o.get("protocol", UNSET_VALUE), o["n"],
                o.get("u", UNSET_VALUE), o.get("v", UNSET_VALUE),
                o.get("vs", UNSET_VALUE), o.get("vb", UNSET_VALUE)))
else:
    insert = session.prepare(
        "INSERT INTO bench.t (a, b, c, d, e) VALUES (?, ?, ?, ?, ?)")
    values = (("channel", i // 1000, i, i / 4, "temperature")
              for i in range(int(inserts)))
begin = time.perf_counter()
done = execute_concurrent_with_args(
    session, insert, values, concurrency=int(at_once),
    raise_on_first_error=True, results_generator=True)
n = sum(1 for _ in done)
assert n == int(inserts)
print(f"{time.perf_counter() - begin:.3f}")
cluster.shutdown()
