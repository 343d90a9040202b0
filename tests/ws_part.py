#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many WebSockets that each send all of a message but its last byte.

ws_part.py PORT CHANNEL KEY N BYTES [FRAGMENTS]
    in one frame, or in so many; prints "sent", and then "CODE REASON" of each
    that is ended, until it is killed
"""
import os
import selectors
import sys

from ws_raw import ended, opened


def head(first, n):
    if n < 126:
        return bytes([first, 0x80 | n]) + bytes(4)
    if n < 65536:
        return bytes([first, 0x80 | 126]) + n.to_bytes(2, 'big') + bytes(4)
    return bytes([first, 0x80 | 127]) + n.to_bytes(8, 'big') + bytes(4)


def partial(n, fragments):
    part = n // fragments
    out = b''
    for i in range(fragments):
        out += head(2 if i == 0 else 0, part) + bytes(part)
    return out[:-1] if fragments == 1 else out


def main():
    port, channel, key, n, size, *fragments = sys.argv[1:]
    data = partial(int(size), int(fragments[0]) if fragments else 1)
    s = selectors.DefaultSelector()
    for _ in range(int(n)):
        one = opened(port, f'/channels/{channel}/messages', key)
        s.register(one, selectors.EVENT_READ)
        try:
            one.sendall(data)
        except ConnectionError:
            pass    # it is ended meanwhile
    print('sent', os.getpid(), flush=True)
    while True:
        for key, _ in s.select():
            print(ended(key.fileobj), flush=True)
            s.unregister(key.fileobj)


main()
