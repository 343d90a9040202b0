#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many WebSockets of one thing, which all lose their access at once.

ws_revoked.py PORT CHANNEL KEY N
    prints "open"; when a line has come on stdin it reads each to its end, and
    prints how often what came: "COUNT close CODE", "COUNT TEXT" of messages
"""
import collections
import sys

from ws_raw import frames, opened


def main():
    port, channel, key, n = sys.argv[1:]
    all_ = [opened(port, f'/channels/{channel}/messages', key)
            for _ in range(int(n))]
    print('open', flush=True)
    sys.stdin.readline()
    got = collections.Counter()
    for s in all_:
        for opcode, payload in frames(s.makefile('rb')):
            if opcode == 8:
                got[f"close {int.from_bytes(payload[:2], 'big')}"] += 1
                break
            got[payload.decode()] += 1
    for what, count in sorted(got.items()):
        print(count, what, flush=True)


main()
