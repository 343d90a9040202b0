#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CoAP datagrams byte by byte, for what no client would do.

coap_raw.py WHAT PORT [ARGUMENT…]   with CHANNEL and KEY in the environment

Prints what came back, one word or line each; see the functions below.
"""
import os
import random
import signal
import socket
import struct
import sys

CHANNEL, KEY = os.environ.get("CHANNEL", ""), os.environ.get("KEY", "")
CON, NON, ACK, RST = range(4)
GET, POST = 1, 2
OBSERVE, PATH, FORMAT, QUERY, ACCEPT = 6, 11, 12, 15, 17
BLOCK2, BLOCK1 = 23, 27


def number(n):
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


def extend(n):
    if n < 13:
        return n, b""
    if n < 269:
        return 13, bytes([n - 13])
    return 14, struct.pack(">H", n - 269)


def message(kind, code, mid, token=b"", options=(), body=None):
    out = bytes([0x40 | kind << 4 | len(token), code])
    out += struct.pack(">H", mid) + token
    last = 0
    for num, value in sorted(options, key=lambda o: o[0]):
        if isinstance(value, int):
            value = number(value)
        d, dx = extend(num - last)
        n, nx = extend(len(value))
        out += bytes([d << 4 | n]) + dx + nx + value
        last = num
    return out + (b"\xff" + body if body is not None else b"")


def parse(data):
    """(type, code, mid, token, {option: value}, body)"""
    kind, tkl = data[0] >> 4 & 3, data[0] & 15
    mid = struct.unpack(">H", data[2:4])[0]
    token, at, num, options = data[4:4 + tkl], 4 + tkl, 0, {}
    while at < len(data) and data[at] != 0xff:
        d, n = data[at] >> 4, data[at] & 15
        at += 1
        values = []
        for v in (d, n):
            if v == 13:
                v = data[at] + 13
                at += 1
            elif v == 14:
                v = struct.unpack(">H", data[at:at + 2])[0] + 269
                at += 2
            values.append(v)
        num += values[0]
        options[num] = data[at:at + values[1]]
        at += values[1]
    return kind, data[1], mid, token, options, data[at + 1:]


def place(sub=""):
    path = ["channels", CHANNEL, "messages"] + [s for s in sub.split("/") if s]
    return [(PATH, p.encode()) for p in path] + \
        [(QUERY, b"auth=" + KEY.encode())]


def name(code):
    return "%d.%02d" % (code >> 5, code & 31)


class Client:
    def __init__(self, port):
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.connect((os.environ.get("COAP_HOST", "127.0.0.1"),
                        int(port)))
        self.s.settimeout(20)
        self.mid = random.randrange(65536)

    def next(self):
        self.mid = (self.mid + 1) & 0xffff
        return self.mid

    def send(self, *args, **kw):
        self.s.send(message(*args, **kw))

    def receive(self, timeout=20):
        self.s.settimeout(timeout)
        try:
            return parse(self.s.recv(65536))
        except socket.timeout:
            return None

    def ask(self, *args, **kw):
        """the answer; a datagram may get lost, so it is repeated"""
        for _ in range(10):
            self.send(*args, **kw)
            m = self.receive(2)
            if m is not None:
                return m
        raise SystemExit("no answer")

    def notification(self, timeout=20, ack=True):
        """the next one, and pings answered meanwhile"""
        while (m := self.receive(timeout)) is not None:
            if m[0] == CON and m[1] == 0:
                self.send(RST, 0, m[2])
                continue
            if m[0] == CON and ack:
                self.send(ACK, 0, m[2])
            break
        return m

    def observe(self, token, sub="", kind=CON, more=()):
        m = self.ask(kind, GET, self.next(), token,
                     place(sub) + [(OBSERVE, 0)] + list(more))
        assert m[3] == token, m
        return m


def twice(port, kind="con"):
    """the same POST twice, and its two answers; then another message id"""
    c = Client(port)
    kind = CON if kind == "con" else NON
    for mid in (c.next(), c.next()):
        m = message(kind, POST, mid, b"tok", place() + [(FORMAT, 110)],
                    b'[{"n":"x","v":1}]')
        answers = []
        for _ in range(2):
            c.s.send(m)
            a = c.receive(20 if kind == CON or not answers else 0.5)
            if a:
                assert a[3] == b"tok" and (kind == NON or a[2] == mid), a
                answers.append((a[0], name(a[1]), a[5]))
        print(len(answers), *{a[1] for a in answers})
        assert kind == NON or len(set(answers)) == 1


def at_once(port):
    """ten copies of one datagram before any answer is read"""
    c = Client(port)
    m = message(CON, POST, c.next(), b"t", place(), b"x")
    for _ in range(10):
        c.s.send(m)
    got = [name(c.receive()[1])]
    c.s.send(m)
    got.append(name(c.receive()[1]))
    print(*sorted(set(got)))


def refused_twice(port):
    """a refusal is repeated word for word"""
    c = Client(port)
    options = [o for o in place() if o[0] != QUERY]
    m = message(CON, POST, c.next(), b"t", options, b"x")
    answers = []
    for _ in range(2):
        c.s.send(m)
        answers.append(c.receive())
    assert answers[0] == answers[1]
    print(name(answers[0][1]), answers[0][5].decode())


def blocks(port):
    """Block1 in order, with a hole, with another sender between, too far"""
    a, b = Client(port), Client(port)

    def block(c, num, more, body):
        m = c.ask(CON, POST, c.next(), b"b", place("blocks") + [
            (FORMAT, 42), (BLOCK1, num << 4 | more << 3 | 2)], body)
        return name(m[1]), int.from_bytes(m[4].get(BLOCK1, b"\xff"), "big")

    print(*block(a, 0, 1, b"a" * 64))
    print(*block(b, 0, 1, b"b" * 64))
    print(*block(a, 1, 1, b"a" * 64))
    print(block(b, 2, 1, b"b" * 64)[0])     # one is missing
    print(block(b, 1, 0, b"b")[0])          # and it has to begin again
    print(*block(a, 2, 0, b"a"))
    print(block(a, 0, 1, b"short")[0])
    print(block(a, 1 << 19, 1, b"f" * 64)[0])


def option(port):
    """options that are malformed: the codes"""
    c = Client(port)
    for o in ((FORMAT, b"123"), (BLOCK1, b"1234"), (BLOCK1, b"\x07"),
              (FORMAT, 65000), (2047, b"critical")):
        m = c.ask(CON, POST, c.next(), b"t", place() + [o], b"x")
        print(name(m[1]))
    long = "/".join(["x" * 255] * 4 + ["x"])
    print(name(c.ask(CON, POST, c.next(), b"t", place(long), b"x")[1]))


def noise(port, seed):
    """random and damaged datagrams, and then a good one"""
    r = random.Random(int(seed))
    c = Client(port)
    good = message(CON, POST, 1, b"tok", place("noise") + [
        (FORMAT, 110), (BLOCK1, 8)], b"x" * 16)
    for i in range(3000):
        m = bytearray(good)
        if i % 3 == 0:
            m = bytearray(r.randbytes(r.randrange(200)))
        for _ in range(r.randrange(4)):
            if m:
                m[r.randrange(len(m))] = r.randrange(256)
        c.s.send(bytes(m[:r.randrange(len(m) + 1)]))
        if i % 50 == 0:
            # empty: a ping, which is answered by a reset
            c.receive(0.001)
    c = Client(port)
    print(name(c.ask(CON, POST, 1, b"t", place(), b"x")[1]))
    print(c.ask(CON, 0, 7)[:3])


def listen(port, count, sub="", kind="con", *accept):
    """observes, says so, and prints the values of COUNT notifications"""
    c = Client(port)
    m = c.observe(b"listen", sub, CON if kind == "con" else NON,
                  [(ACCEPT, int(a)) for a in accept])
    assert OBSERVE in m[4], (name(m[1]), m[5])
    print("observing", flush=True)
    last = int.from_bytes(m[4][OBSERVE], "big")
    kinds = set()
    for _ in range(int(count)):
        m = c.notification()
        if m is None:
            print("nothing more")
            return
        seq = int.from_bytes(m[4].get(OBSERVE, b""), "big")
        if OBSERVE in m[4]:
            assert seq > last and m[3] == b"listen", m
        last = seq
        kinds.add(m[0])
        fmt = m[4].get(FORMAT)
        print(name(m[1]), "-" if fmt is None else int.from_bytes(fmt, "big"),
              m[5].hex(), flush=True)
    print("kinds", *sorted(kinds))


def quiet(port, how):
    """observes; after the first notification ends it as told, and counts
    those that come later: fence is told on another socket"""
    c, fence = Client(port), Client(port)
    c.observe(b"q")
    fence.observe(b"f")
    print("observing", flush=True)
    m = c.notification(ack=how != "rst")
    if how == "rst":
        c.send(RST, 0, m[2])
    elif how == "cancel":
        a = c.ask(CON, GET, c.next(), b"q", place() + [(OBSERVE, 1)])
        assert a[1] == 0x45 and OBSERVE not in a[4], a
    fence.notification()
    # whatever this socket sent has been read before this is answered
    a = c.ask(CON, GET, c.next(), b"z", place())
    assert a[1] == 0x45, a
    print("ended", flush=True)
    fence.notification()
    print("late" if c.notification(0.3) else "none")


def deaf(port):
    """observes and never answers anything, until it is killed"""
    c = Client(port)
    c.observe(b"d")
    print("observing", flush=True)
    signal.pause()


def observers(port, count):
    """how many observers are taken, with different tokens of one session,
    and what is said to the next"""
    c = Client(port)
    for i in range(int(count)):
        m = c.observe(b"%d" % i)
        if OBSERVE not in m[4]:
            print(i, name(m[1]), m[5].decode())
            return
    print(count)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
