#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mqtt.py PORT CHANNEL KEY-FILE NAME STOP: publishes {"n":NAME,"v":1}, 2, 3...
with QoS 1, each once, until there is a file STOP; prints the numbers whose
PUBACK says that they were accepted."""
import os
import socket
import struct
import sys

from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from waiting import breathe  # noqa: E402

port, channel, key_file, name, stop = sys.argv[1:6]
with open(key_file, encoding="ascii") as f:
    key = f.read().strip()


def text(b):
    return struct.pack(">H", len(b)) + b


def packet(kind, body):
    n = len(body)
    assert n < 16384
    return bytes([kind, n] if n < 128 else
                 [kind, n & 127 | 128, n >> 7]) + body


def answer(s):
    """(kind, body); those that come here are short"""
    head = s.recv(2, socket.MSG_WAITALL)
    if len(head) < 2:
        raise OSError("the end")
    return head[0] & 0xf0, s.recv(head[1], socket.MSG_WAITALL)


def connect():
    s = socket.create_connection(("127.0.0.1", int(port)), 30)
    s.sendall(packet(0x10, text(b"MQTT") + b"\x05\xc2\0\x3c\0" + text(b"") +
                     text(b"") + text(key.encode())))
    kind, body = answer(s)
    if kind != 0x20 or body[1] != 0:
        raise OSError("refused")
    return s


def accepted(s, number):
    s.sendall(packet(0x32, text(b"channels/%s/messages" % channel.encode()) +
                     struct.pack(">HB", number % 65535 + 1, 0) +
                     b'[{"n":"%s","v":%d}]' % (name.encode(), number)))
    kind, body = answer(s)
    if kind != 0x40:
        raise OSError("disconnected")
    # 0x10: taken, but no client subscribes to it
    return len(body) < 3 or body[2] < 0x80


connection, number = None, 0
while not os.path.exists(stop):
    number += 1
    try:
        if connection is None:
            connection = connect()
        if accepted(connection, number):
            print(name, number, flush=True)
        else:
            breathe(0.1)
    except OSError:
        if connection is not None:
            connection.close()
        connection = None
        breathe(0.1)
    breathe(0.02)
