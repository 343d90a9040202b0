#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A device without TLS that fetches its configuration over CoAP.

coap_bootstrap.py WHAT PORT ID KEY [ARGUMENT…]
"""
import os
import sys

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from bootstrap_proof import derive, part
from coap_raw import (ACCEPT, BLOCK2, CON, FORMAT, GET, NON, PATH, POST, QUERY,
                      Client, name)

MAX_AGE, ETAG = 14, 4


def place(id, shown, *more):
    path = ["things", "bootstrap", *more, id]
    return [(PATH, p.encode()) for p in path] + [(QUERY, b"auth=" + shown)]


def fetch(c, options, szx=6):
    """all blocks, each asked for twice: the code, the format, the body"""
    body, number = b"", 0
    tag = None
    while True:
        ask = options + ([(BLOCK2, number << 4 | szx)] if number or szx < 6
                         else [])
        mid = c.next()
        m = c.ask(CON, GET, mid, b"b", ask)
        again = c.ask(CON, GET, mid, b"b", ask)
        if BLOCK2 not in m[4]:
            return name(m[1]), m[4].get(FORMAT), m[5]
        assert again[5] == m[5] and again[4][ETAG] == m[4][ETAG], (m, again)
        assert tag in (None, m[4][ETAG])
        tag = m[4][ETAG]
        body += m[5]
        number += 1
        if not int.from_bytes(m[4][BLOCK2], "big") & 8:
            return name(m[1]), m[4].get(FORMAT), body


def sealed(port, id, key, szx="6"):
    """prints what was sealed"""
    salt = os.urandom(32)
    proof, answer = derive(salt, id, key)
    code, form, body = fetch(Client(port), place(
        id, f"{part(salt)}.{part(proof)}".encode(), "secure"), int(szx))
    if code != "2.05":
        print(code, body.decode())
        return
    assert form == b"\x2a", form
    text = ChaCha20Poly1305(answer).decrypt(body[:12], body[12:], None)
    assert key.encode() not in body and b"mainflux" not in body
    print(text.decode(), end="")


def attempts(port, id, key, count):
    """so many with a wrong key, then with the right one, and another id with
    its right one"""
    c = Client(port)
    codes = [name(c.ask(CON, GET, c.next(), b"w", place(id, b"no"))[1])
             for _ in range(int(count))]
    m = c.ask(CON, GET, c.next(), b"w", place(id, b"no"))
    print(*sorted(set(codes)), name(m[1]),
          0 < int.from_bytes(m[4][MAX_AGE], "big") <= 60, m[5].decode())


def oddities(port, id, key):
    """the codes of requests that are not quite right"""
    c = Client(port)
    good = place(id, key.encode())
    for what, code, options in (
            ("twice", GET, good + [(QUERY, b"auth=x")]),
            ("post", POST, good),
            ("no id", GET, place("", key.encode())),
            ("more", GET, good + [(PATH, b"more")]),
            ("accept", GET, good + [(ACCEPT, 42)]),
            ("block", GET, good + [(BLOCK2, 5 << 4 | 6)]),
            ("nul", GET, place("a\0b", key.encode())),
            ("long", GET, place("x" * 255, key.encode())),
            ("no proof", GET, place(id, key.encode(), "secure")),
            ("good", GET, good)):
        m = c.ask(CON, code, c.next(), b"o", sorted(
            options, key=lambda o: o[0]))
        print(what + ":", name(m[1]))
    # one that is not confirmable
    m = c.ask(NON, GET, c.next(), b"n", good)
    print("non:", m[0] == NON, name(m[1]))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
