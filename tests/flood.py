#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""flood.py DOOR PORT BYTES [behind]: bob's channel is flooded with messages of
that size by CROWD connections, each of which sends the next one when one is
answered; ann sends one at a time, and waits until the stream of her channel,
on stdin, has it.  DOOR is http, ws, mqtt, coap (UDP) or coap-tcp.

How long that is counts in answers that bob got meanwhile, which does not depend
on the machine.  Where each connection has its turn, all are answered about as
often: ann may see each of bob's answered FAIR times, and never hears that there
is no room; the stream has it a little later.  "behind": she posts over a connection on which bob has sent QUEUE
messages before, which has to be noticed; HTTP only.
"""
import os
import selectors
import statistics
import sys

from flood_doors import DOORS
from waiting import HANGS, Deadline

CROWD, FAIR, QUEUE, TIMES = 100, 6, 50, 20
# over WebSocket a message is answered when it was read, so that more of them
# are on their way to a server
KEPT = {"ws": 10 * FAIR}.get(sys.argv[1], 2 * FAIR)
door, port, size = DOORS[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3])
behind = sys.argv[4:] == ["behind"]
FLOOD = b'[{"n":"flood","vs":"%s"}]' % (b"x" * size)


def device(name):
    return door(port, os.environ[name + "_CHANNEL"], os.environ[name + "_KEY"])


selector = selectors.DefaultSelector()
ann = device("ANN")
crowd = [device("BOB") for _ in range(CROWD)]
for s in crowd:
    selector.register(s, selectors.EVENT_READ, s)
    s.send(FLOOD)
selector.register(sys.stdin, selectors.EVENT_READ)
if not behind:
    selector.register(ann, selectors.EVENT_READ, ann)
answered = {True: 0, False: 0}
stream = bytearray()


def hear(s):
    """What bob is told; one whose connection was ended begins again."""
    try:
        said = s.answers()
    except ConnectionError:
        selector.unregister(s)
        crowd.remove(s)
        s.close()
        said, s = [False], device("BOB")
        crowd.append(s)
        selector.register(s, selectors.EVENT_READ, s)
    for good in said:
        answered[good] += 1
        s.send(FLOOD)


def turn():
    """What has come; ann's answers."""
    mine = []
    for s in crowd + [ann]:
        s.flush()
    for key, _ in selector.select(0.01):
        if key.data is None:
            got = os.read(0, 1 << 16)
            assert got, "the stream has ended"
            stream.extend(got)
        elif key.data is ann:
            mine += ann.answers()
        else:
            hear(key.data)
    return mine


def until_flood(n):
    hangs = Deadline(HANGS)
    while sum(answered.values()) < n:
        assert not hangs.over(), "the flood is not answered"
        turn()


def send(number):
    """Sends, gives how often the flood was answered until she was, and until
    the stream had it."""
    before, hangs = sum(answered.values()), Deadline(HANGS)
    hers = b'"vs":"%d of %d"' % (number, size)
    mine, wait, need = [], [], 1
    if behind:
        ann.send(FLOOD, crowd[0], QUEUE)
        need += QUEUE
        selector.register(ann, selectors.EVENT_READ, ann)
    ann.send(b'[{"n":"x",%s}]' % hers)
    while hers not in stream or len(mine) < need:
        assert not hangs.over(), "ann is not answered"
        mine += turn()
        if len(mine) >= need and not wait:
            wait.append(sum(answered.values()) - before)
    if behind:
        selector.unregister(ann)
    assert mine[-1], "ann is told that there is no room"
    stream.clear()
    return wait[0], sum(answered.values()) - before


until_flood(5 * CROWD)
rounds = []
for i in range(TIMES):
    rounds.append(send(i))
    until_flood(sum(answered.values()) + CROWD // 2)
worst = max(r[0] for r in rounds) / CROWD
kept = statistics.median(r[1] for r in rounds) / CROWD
print(f"# {sys.argv[1]}, {size} bytes, {answered[True]} of bob's, "
      f"{answered[False]} refused: each of his connections was answered "
      f"{worst:.1f} times at worst until ann was, and {kept:.1f} times "
      f"until the stream had hers")
if worst > FAIR or kept > KEPT:
    sys.exit("ann waits for bob")
