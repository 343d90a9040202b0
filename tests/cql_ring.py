#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cql_ring.py PORT: two nodes of CQL, on 127.0.0.1 and 127.0.0.2, that share
a ring.  For each EXECUTE a line says which one was asked, 1 or 2, and whether
it has the partition, which Python's driver computes: right or wrong."""
import socket
import struct
import sys
import threading

from cassandra.metadata import murmur3

PORT = int(sys.argv[1])
TOKENS = {"127.0.0.1": 0, "127.0.0.2": 2 ** 63 - 1}


def text(s):
    return struct.pack(">H", len(s)) + s.encode()


def cell(data):
    return struct.pack(">i", len(data)) + data


def items(*values):
    return struct.pack(">i", len(values)) + b"".join(
        cell(v.encode()) for v in values)


def rows(*cells):
    return (struct.pack(">iiii", 2, 4, len(cells), 1) +
            b"".join(map(cell, cells)))


def peers(host, other):
    return rows(socket.inet_aton(other), struct.pack(">i", PORT),
                b"dc", b"rack", items(str(TOKENS[other])))


def query(host, what):
    other = next(h for h in TOKENS if h != host)
    if "system.local" in what:
        return rows(b"dc", b"rack", items(str(TOKENS[host])))
    if "system.peers_v2" in what:
        return peers(host, other)
    if "system_schema.keyspaces" in what:
        return rows(struct.pack(">i", 2) + b"".join(
            cell(s) for s in (b"class", b"SimpleStrategy",
                              b"replication_factor", b"1")))
    return struct.pack(">iiii", 2, 4, 0, 0)


def prepared():
    """Three values, the first of which is the key."""
    return (struct.pack(">i", 4) + text("id") +
            struct.pack(">iiih", 1, 3, 1, 0) + text("t") + text("t") +
            b"".join(text(n) + b"\0\2" for n in "kcv") +
            struct.pack(">ii", 4, 0))


def execute(host, body):
    # after the id: consistency, flags, how many values, the first one
    key = body[2 + 2 + 2 + 1 + 2 + 4:][:8]
    owner = "127.0.0.1" if murmur3(key) <= 0 else "127.0.0.2"
    print(host[-1], "right" if owner == host else "wrong", flush=True)


def serve(connection, host):
    data = connection.makefile("rb")
    while head := data.read(9):
        version, _, stream, opcode, n = struct.unpack(">BBhBI", head)
        body = data.read(n)
        answer, said = 8, struct.pack(">i", 1)
        if opcode == 5:
            answer, said = 6, struct.pack(">H", 0)
        elif opcode in (1, 11):
            answer, said = 2, b""
        elif opcode == 7:
            said = query(host, body[4:].decode("latin-1"))
        elif opcode == 9:
            said = prepared()
        else:
            execute(host, body)
        connection.sendall(struct.pack(">BBhBI", 0x80 | version, 0, stream,
                                       answer, len(said)) + said)


def listen(host):
    listener = socket.create_server((host, PORT))
    while True:
        connection = listener.accept()[0]
        threading.Thread(target=serve, args=(connection, host),
                         daemon=True).start()


for address in TOKENS:
    threading.Thread(target=listen, args=(address,)).start()
