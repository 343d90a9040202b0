#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One key that takes all it can get, and what another then has.

coap_limits.py WHAT PORT [ARGUMENT…]   with CHANNEL, KEY and OTHER (another
thing's key) in the environment
"""
import os
import signal
import socket
import sys

import coap_raw
from coap_raw import (BLOCK1, CON, GET, NON, OBSERVE, POST, QUERY, Client,
                      name, place)


def as_other(sub=""):
    return [o for o in place(sub) if o[0] != QUERY] + \
        [(QUERY, b"auth=" + os.environ["OTHER"].encode())]


def uploads(port):
    """begins 200 bodies of 1 MiB, from as many ports, and goes on with 20;
    then another sends one in two blocks"""
    clients = [Client(port) for _ in range(200)]
    for n in range(20):
        for i, c in enumerate(clients if n == 0 else clients[-20:]):
            c.ask(CON, POST, c.next(), b"u",
                  place("u%d" % i) + [(BLOCK1, n << 4 | 8 | 6)], b"x" * 1024)
    c = Client(port)
    for n, more in ((0, 8), (1, 0)):
        m = c.ask(CON, POST, c.next(), b"o",
                  as_other() + [(BLOCK1, n << 4 | more | 6)], b"y" * 1024)
        print(name(m[1]))


def observers(port, count):
    """registers until it is refused; then another does"""
    c, n = None, 0
    while n < int(count):
        if n % 32 == 0:
            c = Client(port)
        m = c.ask(NON, GET, c.next(), b"%d" % n, place() + [(OBSERVE, 0)])
        if OBSERVE not in m[4]:
            print(n, name(m[1]))
            break
        n += 1
    c = Client(port)
    m = c.ask(CON, GET, c.next(), b"o", as_other() + [(OBSERVE, 0)])
    print(name(m[1]), OBSERVE in m[4])


def silent(port, count):
    """so many observers, each of a subtopic, that acknowledge nothing, until
    it is killed"""
    clients = [Client(port) for _ in range(int(count))]
    for i, c in enumerate(clients):
        c.observe(b"s", "s/%d" % i)
    print("observing", flush=True)
    signal.pause()


def idle(port, count):
    """how many connections of one address stay open, and whether one of
    another is served"""
    held = [socket.create_connection(("127.0.0.1", int(port)))
            for _ in range(int(count))]
    open_ones = 0
    for s in held:
        s.settimeout(10)
        data = b""
        try:
            while b"\xe1" not in data:
                more = s.recv(100)
                if not more:
                    break
                data += more
            s.sendall(b"\x00\xe1\x01\xe2p")
            while b"\xe3p" not in data:
                more = s.recv(100)
                if not more:
                    break
                data += more
            open_ones += b"\xe3p" in data
        except OSError:
            pass
    print(open_ones)


def history(port, count):
    """asks for all that there is so often at once, and then sends a message
    with the other key: is it answered before the last of them, and what
    comes of these"""
    clients = [Client(port) for _ in range(int(count))]
    for c in clients:
        c.send(CON, GET, c.next(), b"h",
               place() + [(QUERY, b"from=start")])
    c = Client(port)
    m = c.ask(CON, POST, c.next(), b"p", as_other(), b"x")
    answers = {}

    def answer(c, timeout):
        """The one that follows an empty acknowledgement, once it is there."""
        while c not in answers and (m := c.notification(timeout)):
            if m[0] != coap_raw.ACK or m[1] != 0:
                answers[c] = m
        return answers.get(c)

    print(name(m[1]), any(answer(c, 0.001) is None for c in clients))
    codes = {}
    for c in clients:
        m = answer(c, 20)
        code = name(m[1]) if m else "none"
        codes[code] = codes.get(code, 0) + 1
    print(sorted(codes), codes.get("2.05", 0) > 0)


def separate(port):
    """an answer that takes long: what comes, in its order; and that of
    another that comes twice (RFC 7252 5.2.2)"""
    c = Client(port)
    options = place() + [(QUERY, b"from=start")]
    mid = c.next()
    for _ in range(2):
        c.send(CON, GET, mid, b"s", options)
    got = []
    while not got or got[-1][1] == 0:
        m = c.receive()
        assert m[1] == 0 or m[3] == b"s", m
        got.append(m)
    assert all(m[0] == coap_raw.ACK and m[2] == mid for m in got[:-1])
    m = got[-1]
    c.send(coap_raw.ACK, 0, m[2])
    # and the rest of it, at once
    r = c.ask(CON, GET, c.next(), b"r", options + [(23, 1 << 4 | 6)])
    print(int(mid == m[2]), "ack 0.00,", "con" if m[0] == CON else "?",
          name(m[1]) + ",", name(r[1]))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
