#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Packets that MQTT 3.1.1 and 5 forbid, on a bare socket.

mqtt_hostile.py
    tries each row of the tables below, whole, byte by byte, and with one more
    message in the same write; says which is answered in another way than its
    row says, and prints the subtopics that have to be on the bus, and with
    "? " those that may be
"""
import os
import socket
import struct
import sys

PORT = int(os.environ["MQTT_PORT"])
KEY, CHANNEL = os.environ["KEY"].encode(), os.environ["CHANNEL"]
TOPIC = f"channels/{CHANNEL}/messages".encode()
OTHER = b"channels/00000000-0000-4000-8000-000000000000/messages"
CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT = 0x10, 0x30, 0x82, 0xe0
BAD_TEXTS = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"a\0b", b"\xe2\x82",
             b"\xf4\x90\x80\x80"]


def packet(first, body=b"", length=None):
    n = len(body) if length is None else length
    out = b""
    while True:
        n, more = n >> 7, n & 0x7f
        out += bytes([more | (0x80 if n else 0)])
        if not n:
            return bytes([first]) + out + body


def string(s):
    return struct.pack(">H", len(s)) + s


def properties(*p):
    body = b"".join(p)
    return packet(0, body)[1:]


def connect(version=5, ident=b"", flags=0xc2, name=b"MQTT", props=b"\0",
            user=b"x", key=KEY, will=b"", keep=60, more=b""):
    return packet(CONNECT, string(name) + bytes([version, flags]) +
                  struct.pack(">H", keep) + (props if version == 5 else b"") +
                  string(ident) + will + (string(user) if flags & 0x80 else
                                          b"") +
                  (string(key) if flags & 0x40 else b"") + more)


def publish(sub, qos=1, props=b"\0", payload=b'[{"n":"a","v":1}]', mid=7,
            topic=None, flags=0, version=5):
    topic = TOPIC + b"/" + sub.encode() if topic is None else topic
    return packet(PUBLISH | qos << 1 | flags, string(topic) +
                  (struct.pack(">H", mid) if qos else b"") +
                  (props if version == 5 else b"") + payload)


def subscribe(topic, options=1, mid=9, props=b"\0", first=SUBSCRIBE):
    return packet(first, struct.pack(">H", mid) + props +
                  (string(topic) + bytes([options]) if topic is not None
                   else b""))


def will(topic, payload=b"1", props=b"\0"):
    return props + string(topic) + string(payload)


def byte(i, n):
    return bytes([i, n])


def word(i, n):
    return bytes([i]) + struct.pack(">H", n)


def long(i, n):
    return bytes([i]) + struct.pack(">I", n)


def pair(a, b):
    return b"\x26" + string(a) + string(b)


# what comes before a client is let in: name, packet; none of them is
CONNECTS = [
    ("nothing but a publish", publish("first")),
    ("a ping first", packet(0xc0)),
    ("an acknowledgement first", packet(0x40, b"\0\1")),
    ("a disconnect first", packet(DISCONNECT)),
    ("reserved type 0", packet(0x00)),
    ("auth first", packet(0xf0)),
    ("flags of the header", bytes([0x11]) + connect()[1:]),
    ("a reserved flag", connect(flags=0xc3)),
    ("version 6", connect(6)),
    ("version 0", connect(0)),
    ("another name", connect(name=b"MQTX")),
    ("no name", connect(name=b"")),
    ("a long name", connect(name=b"MQTTMQTT")),
    ("will of QoS 3", connect(flags=0xde, will=will(TOPIC + b"/w"))),
    ("will flags without a will", connect(flags=0xca)),
    ("retained without a will", connect(flags=0xe2)),
    ("password without a name, 3.1.1", connect(4, flags=0x42)),
    ("no id that is to be kept, 3.1.1", connect(4, flags=0xc0)),
    ("cut off in its key", connect()[:1] + bytes([connect()[1] - 4]) +
     connect()[2:-4]),
    ("length in 5 bytes", b"\x10\xff\xff\xff\xff\x01" + connect()[2:]),
    ("of length 0", packet(CONNECT)),
    ("properties longer than it is", connect(props=b"\x7f")),
    ("property of no kind", connect(props=properties(byte(0x7f, 0)))),
    ("property 0", connect(props=properties(byte(0, 0)))),
    ("property of a message", connect(props=properties(byte(1, 0)))),
    ("session expiry twice",
     connect(props=properties(long(0x11, 1), long(0x11, 1)))),
    ("receive maximum twice",
     connect(props=properties(word(0x21, 9), word(0x21, 9)))),
    ("receive maximum 0", connect(props=properties(word(0x21, 0)))),
    ("packet size 0", connect(props=properties(long(0x27, 0)))),
    ("problem information 2", connect(props=properties(byte(0x17, 2)))),
    ("a property cut off", connect(props=properties(b"\x11\0\0"))),
    ("authentication that nobody has",
     connect(props=properties(b"\x15" + string(b"SCRAM")))),
    ("data of authentication alone",
     connect(props=properties(b"\x16" + string(b"x")))),
    *((f"id {bad.hex()}", connect(v, ident=bad))
      for bad in BAD_TEXTS for v in (4, 5)),
    *((f"user {bad.hex()}", connect(v, user=bad))
      for bad in BAD_TEXTS for v in (4, 5)),
    *((f"will to {bad.hex()}", connect(flags=0xce, will=will(
        TOPIC + b"/" + bad))) for bad in BAD_TEXTS),
    ("will to many", connect(flags=0xce, will=will(TOPIC + b"/#"))),
    ("will to one of many", connect(flags=0xce, will=will(TOPIC + b"/+/x"))),
    ("will to nobody", connect(flags=0xce, will=will(b""))),
    ("will expiry twice", connect(flags=0xce, will=will(
        TOPIC + b"/w", props=properties(long(2, 1), long(2, 1))))),
    ("will delay twice", connect(flags=0xce, will=will(
        TOPIC + b"/w", props=properties(long(0x18, 1), long(0x18, 1))))),
    ("will with an alias", connect(flags=0xce, will=will(
        TOPIC + b"/w", props=properties(word(0x23, 1))))),
    ("will of format 2", connect(flags=0xce, will=will(
        TOPIC + b"/w", props=properties(byte(1, 2))))),
    ("wrong key", connect(key=b"wrong")),
    ("empty key", connect(key=b"")),
    ("no key", connect(flags=0x82)),
    ("nobody", connect(flags=0x02)),
]

# in the order of WAYS: what follows a CONNECT; each ends its connection or is
# refused, and is stored by none
REFUSED = [
    ("a second CONNECT", lambda s: connect()),
    ("QoS 3", lambda s: publish(s, qos=3)),
    ("DUP with QoS 0", lambda s: publish(s, qos=0, flags=8)),
    ("identifier 0", lambda s: publish(s, mid=0)),
    ("no topic", lambda s: publish(s, topic=b"")),
    ("topic of many", lambda s: publish(s + "/#")),
    ("topic of some", lambda s: publish(s + "/+")),
    ("topic with wildcard inside", lambda s: publish(s + "/a+b")),
    *((f"topic {bad.hex()}", lambda s, bad=bad: publish(
        s, topic=TOPIC + b"/" + s.encode() + bad)) for bad in BAD_TEXTS),
    ("another's channel", lambda s: publish(s, topic=OTHER)),
    ("no channel", lambda s: publish(s, topic=b"a")),
    ("$SYS", lambda s: publish(s, topic=b"$SYS/a")),
    ("alias 0", lambda s: publish(s, props=properties(word(0x23, 0)))),
    ("alias too high",
     lambda s: publish(s, props=properties(word(0x23, 65535)))),
    ("alias of nothing",
     lambda s: publish(s, topic=b"", props=properties(word(0x23, 3)))),
    ("alias twice", lambda s: publish(
        s, props=properties(word(0x23, 1), word(0x23, 1)))),
    ("alias to another's channel", lambda s: publish(
        s, topic=OTHER, props=properties(word(0x23, 1))) + publish(
            s, topic=b"", props=properties(word(0x23, 1)), mid=8)),
    ("format 2", lambda s: publish(s, props=properties(byte(1, 2)))),
    ("format twice",
     lambda s: publish(s, props=properties(byte(1, 0), byte(1, 0)))),
    ("expiry twice",
     lambda s: publish(s, props=properties(long(2, 9), long(2, 9)))),
    ("content type twice", lambda s: publish(
        s, props=properties(b"\x03" + string(b"a"), b"\x03" +
                            string(b"a")))),
    *((f"content type {bad.hex()}", lambda s, bad=bad: publish(
        s, props=properties(b"\x03" + string(bad)))) for bad in BAD_TEXTS),
    *((f"user property {bad.hex()}", lambda s, bad=bad: publish(
        s, props=properties(pair(b"a", bad)))) for bad in BAD_TEXTS),
    ("response to many", lambda s: publish(
        s, props=properties(b"\x08" + string(TOPIC + b"/#")))),
    ("a property of CONNECT",
     lambda s: publish(s, props=properties(long(0x11, 1)))),
    ("a property of no kind",
     lambda s: publish(s, props=properties(byte(0x7e, 1)))),
    ("properties longer than it is", lambda s: publish(s, props=b"\x7f")),
    ("properties of a bad length",
     lambda s: publish(s, props=b"\xff\xff\xff\xff\x01")),
    ("a pair cut off",
     lambda s: publish(s, props=properties(b"\x26" + string(b"a")))),
    ("cut off in its topic", lambda s: packet(PUBLISH, b"\0\x20ab")),
    ("without a topic", lambda s: packet(PUBLISH)),
    ("length in 5 bytes",
     lambda s: b"\x30\xff\xff\xff\xff\x01" + string(TOPIC)),
    ("reserved type 0", lambda s: packet(0)),
    ("of a server: CONNACK", lambda s: packet(0x20, b"\0\0\0")),
    ("of a server: SUBACK", lambda s: packet(0x90, b"\0\1\0\0")),
    ("flags of SUBSCRIBE", lambda s: subscribe(TOPIC, first=0x80)),
    ("SUBSCRIBE to nothing", lambda s: subscribe(None)),
    ("SUBSCRIBE to no name", lambda s: subscribe(b"")),
    ("SUBSCRIBE with identifier 0", lambda s: subscribe(TOPIC, mid=0)),
    ("SUBSCRIBE, QoS 3", lambda s: subscribe(TOPIC, 3)),
    ("SUBSCRIBE, reserved bits", lambda s: subscribe(TOPIC, 0xc1)),
    ("SUBSCRIBE, retain handling 3", lambda s: subscribe(TOPIC, 0x31)),
    ("SUBSCRIBE, identifier 0 of it",
     lambda s: subscribe(TOPIC, props=properties(b"\x0b\0"))),
    ("SUBSCRIBE, # inside", lambda s: subscribe(TOPIC + b"/#/a")),
    ("SUBSCRIBE, # after text", lambda s: subscribe(TOPIC + b"/a#")),
    ("SUBSCRIBE, + after text", lambda s: subscribe(TOPIC + b"/a+")),
    *((f"SUBSCRIBE {bad.hex()}", lambda s, bad=bad: subscribe(
        TOPIC + b"/" + bad)) for bad in BAD_TEXTS),
    ("SUBSCRIBE to all", lambda s: subscribe(b"#")),
    ("SUBSCRIBE to all channels", lambda s: subscribe(b"channels/+/messages")),
    ("SUBSCRIBE to another's", lambda s: subscribe(OTHER)),
    ("SUBSCRIBE to $SYS", lambda s: subscribe(b"$SYS/#")),
    *((f"SUBSCRIBE to {f.decode()}", lambda s, f=f: subscribe(f))
      for f in (b"$share", b"$share/", b"$share/g", b"$share/g/",
                b"$share//" + TOPIC, b"$share/+/" + TOPIC,
                b"$share/#/" + TOPIC, b"$share/g+/" + TOPIC,
                b"$share/g/#", b"$share/g/" + OTHER, b"$share/g/+/x",
                b"$share/g/$share/h/" + TOPIC, b"$SHARE/g/" + TOPIC,
                b"$share/g//" + TOPIC, b"/" + TOPIC)),
    ("SUBSCRIBE, shared and not its own",
     lambda s: subscribe(b"$share/g/" + TOPIC, 0x05)),
    ("PUBREL of nothing, flags", lambda s: packet(0x60, b"\0\1")),
    ("DISCONNECT with flags", lambda s: packet(0xe1)),
    ("DISCONNECT with a bad property",
     lambda s: packet(DISCONNECT, b"\0" + properties(byte(1, 1)))),
]

# taken: what is stored, then by which subtopic
TAKEN = [
    ("plain", lambda s: publish(s)),
    ("identifier 65535", lambda s: publish(s, mid=65535)),
    ("empty", lambda s: publish(s, payload=b"")),
    ("no UTF-8 in the payload", lambda s: publish(s, payload=b"\xff")),
    ("alias", lambda s: publish(s, props=properties(word(0x23, 1)))),
    ("user properties", lambda s: publish(
        s, props=properties(*(pair(b"a", b"b") for _ in range(100))))),
    ("claims", lambda s: publish(
        s, props=properties(pair(b"publisher", b"EVIL")))),
]


# what mosquitto 2.0 lets pass: nothing of it is on the bus but the payload
EITHER = {"data of authentication alone", "will of format 2", "format 2",
          "response to many", "SUBSCRIBE, shared and not its own",
          "DUP with QoS 0"}


class Client:
    def __init__(self):
        self.s = socket.create_connection(("127.0.0.1", PORT), 60)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.f = self.s.makefile("rb")

    def send(self, data, by_bytes=False):
        try:
            for i in range(0, len(data), 1 if by_bytes else len(data)):
                self.s.sendall(data[i:i + 1] if by_bytes else data)
        except ConnectionError:
            pass

    def finish(self):
        """what is short of its length waits for more"""
        try:
            self.s.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def packets(self):
        """type and body of each, until the end"""
        while True:
            try:
                first, n, shift = self.f.read(1), 0, 0
                if not first:
                    return
                while True:
                    b = self.f.read(1)[0]
                    n |= (b & 0x7f) << shift
                    shift += 7
                    if b < 0x80:
                        break
                yield first[0] >> 4, self.f.read(n)
            except (ConnectionError, IndexError):
                return


WAYS = "whole", "bytes", "more"
wrong = 0


def bad(name, got):
    global wrong
    print(f"{name}: {got}", file=sys.stderr)
    wrong += 1


def is_yes(kind, body):
    """an answer by which something was taken"""
    return (kind == 4 and (len(body) < 3 or body[2] < 0x80) or
            kind == 5 and (len(body) < 3 or body[2] < 0x80) or
            kind == 9 and body[-1] < 0x80)


def late(way, n):
    return publish(f"late-{n}-{way}", mid=77) if way == "more" else b""


def try_connect(n, name, data, way):
    c = Client()
    c.send(data + late(way, f"c{n}"), way == "bytes")
    c.finish()
    if name == "will of format 2":
        print("? w")
    for kind, body in c.packets():
        if name in EITHER:
            if kind == 4 and is_yes(kind, body):
                print(f"late-c{n}-{way}")
        elif kind == 2 and body[1] == 0 or is_yes(kind, body):
            bad(f"{name}, {way}", f"let in: {kind} {body.hex()}")


def try_refused(n, name, make, way):
    """its connection ends, or the answer is a refusal; a message after it may
    be stored in the latter case alone"""
    c = Client()
    c.send(connect(ident=b"hostile"))
    more = late(way, f"r{n}")
    c.send(make(f"r{n}-{way}") + more, way == "bytes")
    c.send(packet(0xc0))
    taken = None
    for kind, body in c.packets():
        if kind == 4 and body[:2] == b"\0\x4d":
            taken = f"late-r{n}-{way}"
        elif is_yes(kind, body) and name in EITHER:
            if kind == 4:
                print(f"r{n}-{way}")
        elif is_yes(kind, body):
            bad(f"{name}, {way}", f"taken: {kind} {body.hex()}")
        if kind == 13:
            c.send(packet(DISCONNECT))
    if name == "DUP with QoS 0":
        print(f"? r{n}-{way}")
    if taken:
        print(taken)


def try_taken(n, name, make, way):
    c = Client()
    c.send(connect(ident=b"sound"))
    more = late(way, f"t{n}")
    c.send(make(f"t{n}-{way}") + more, way == "bytes")
    c.send(packet(0xc0))
    got = []
    for kind, body in c.packets():
        got.append((kind, body))
        if kind == 13:
            c.send(packet(DISCONNECT))
    if sum(is_yes(*g) for g in got) != 1 + bool(more):
        bad(f"{name}, {way}", got)
    print(f"t{n}-{way}")
    if more:
        print(f"late-t{n}-{way}")


for way in WAYS:
    for n, row in enumerate(CONNECTS):
        try_connect(n, *row, way)
    for n, row in enumerate(REFUSED):
        try_refused(n, *row, way)
    for n, row in enumerate(TAKEN):
        try_taken(n, *row, way)
sys.exit(wrong > 0)
