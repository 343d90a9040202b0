#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cql_load.py PORT USER PASSWORD INSERTS AT-ONCE: as cql_load.c, with the
concurrent executor of Python's driver; prints seconds."""
import sys
import time

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster
from cassandra.concurrent import execute_concurrent_with_args

port, user, password, inserts, at_once = sys.argv[1:]
cluster = Cluster(["127.0.0.1"], port=int(port), protocol_version=4,
                  auth_provider=PlainTextAuthProvider(user, password))
session = cluster.connect()
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
