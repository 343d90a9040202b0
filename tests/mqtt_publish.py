#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Publishes one message with QoS 1, whatever its topic is.

mqtt_publish.py PORT TOPIC, percent-encoded, the key in $KEY

Prints "MQTT N", the reason of the PUBACK or of the DISCONNECT, or "MQTT
closed".  The bytes are its own, as libraries refuse to send such topics.
"""
import os
import socket
import struct
import sys
from urllib.parse import unquote_to_bytes


def text(b):
    return struct.pack(">H", len(b)) + b


def packet(kind, body):
    n, size = len(body), b""
    while True:
        n, digit = n >> 7, n & 127
        size += bytes([digit | (128 if n else 0)])
        if not n:
            return bytes([kind]) + size + body


def read_packet(s):
    """(kind, body), or None at the end; ours are short"""
    head = s.recv(2, socket.MSG_WAITALL)
    if len(head) < 2:
        return None
    return head[0] & 0xf0, s.recv(head[1], socket.MSG_WAITALL)


s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
s.settimeout(30)
s.sendall(packet(0x10, text(b"MQTT") + b"\x05\xc2\0\x3c\0" + text(b"") +
                 text(b"") + text(os.environ["KEY"].encode())))
kind, body = read_packet(s)
assert kind == 0x20 and body[1] == 0, (kind, body)
s.sendall(packet(0x32, text(unquote_to_bytes(sys.argv[2])) + b"\0\1\0" +
                 b'[{"n":"a","v":1}]'))
try:
    answer = read_packet(s)
except ConnectionError:
    answer = None
if answer is None:
    print("MQTT closed")
elif answer[0] == 0x40:
    print("MQTT", answer[1][2] if len(answer[1]) > 2 else 0)
else:
    print("MQTT", answer[1][0])
