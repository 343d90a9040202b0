#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cql_read.py PORT USER PASSWORD TABLE ROWS: all rows of a table with Python's
driver, which pages; prints seconds."""
import sys
import time

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster

port, user, password, table, rows = sys.argv[1:]
cluster = Cluster(["127.0.0.1"], port=int(port), protocol_version=4,
                  auth_provider=PlainTextAuthProvider(user, password))
session = cluster.connect()
begin = time.perf_counter()
n = sum(1 for _ in session.execute("SELECT * FROM " + table, timeout=None))
assert n == int(rows), n
print(f"{time.perf_counter() - begin:.3f}")
cluster.shutdown()
