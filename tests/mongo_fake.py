#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mongo_fake.py PORT ANSWER...: a server of MongoDB's protocol that answers
inserts into readings as it is told, one after the other and the last one for
ever.  Each insert is a line on stdout: the answer, and how many documents it
had.  Everything else that mfx-write-mongo asks is answered as by a new server.

An answer is extended JSON, what an insert is answered with; {} that all was
stored; or `cut`: the connection ends.
"""
import socketserver
import struct
import sys

import bson
from bson import json_util

answers = sys.argv[2:]


def commands(message):
    """of an OP_MSG: the command, with the documents that follow it"""
    at, command = 20, None
    while at < len(message):
        kind, at = message[at], at + 1
        size, = struct.unpack_from("<i", message, at)
        if kind == 0:
            command = bson.decode(message[at:at + size])
        else:
            end = message.index(b"\0", at + 4)
            command[message[at + 4:end].decode()] = bson.decode_all(
                message[end + 1:at + size])
        at += size
    return command


def answer(command):
    name = next(iter(command))
    if name.lower() in ("hello", "ismaster"):
        return {"ismaster": True, "helloOk": True, "ok": 1,
                "maxBsonObjectSize": 16 << 20, "maxWriteBatchSize": 100000,
                "maxMessageSizeBytes": 48000000, "minWireVersion": 0,
                "maxWireVersion": 13, "readOnly": False}
    if name == "find":
        found = ([{"_id": "readings", "version": 1}]
                 if command["find"] == "mfx_store" else [])
        return {"cursor": {"id": bson.Int64(0), "ns": "x." + command["find"],
                           "firstBatch": found}, "ok": 1}
    if name != "insert" or command[name] != "readings":
        return {"ok": 1, "n": 1}
    said = answers.pop(0) if len(answers) > 1 else answers[0]
    print(said, len(command["documents"]), flush=True)
    if said == "cut":
        return None
    return {"ok": 1, "n": len(command["documents"]), **json_util.loads(said)}


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            head = self.rfile.read(16)
            if len(head) < 16:
                return
            size, number, _, code = struct.unpack("<iiii", head)
            message = head + self.rfile.read(size - 16)
            if code == 2004:
                end = message.index(b"\0", 20)
                said = answer(bson.decode(message[end + 9:]))
                body = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode(said)
                code = 1
            else:
                said = answer(commands(message))
                if said is None:
                    return
                body = struct.pack("<iB", 0, 0) + bson.encode(said)
            self.wfile.write(struct.pack("<iiii", 16 + len(body), 1, number,
                                         code) + body)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
