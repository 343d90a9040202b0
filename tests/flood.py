#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""flood.py PORT BYTES [behind]: bob's channel is flooded with messages of that
size by CROWD connections, each of which sends the next one when one is
answered; ann posts one at a time, and waits until the stream of her channel,
on stdin, has it.

How long that is counts in answers that bob got meanwhile, which does not depend
on the machine.  Where each connection has its turn, all are answered about as
often: ann may see each of bob's answered FAIR times, and never hears that there
is no room.  "behind": she posts over a connection on which bob has sent QUEUE
messages before, which has to be noticed.
"""
import os
import selectors
import socket
import statistics
import sys

from waiting import HANGS, Deadline

CROWD, FAIR, QUEUE, TIMES = 100, 6, 50, 20
port, size = int(sys.argv[1]), int(sys.argv[2])
behind = sys.argv[3:] == ["behind"]


def request(name, body):
    return (f"POST /channels/{os.environ[name + '_CHANNEL']}/messages HTTP/1.1"
            f"\r\nHost: a\r\nAuthorization: {os.environ[name + '_KEY']}\r\n"
            f"Content-Type: application/senml+json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


FLOOD = request("BOB", '[{"n":"flood","vs":"%s"}]' % ("x" * size))


class Sender:
    """A connection that sends what it has when the adapter takes it."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.left = b""

    def send(self, data=b""):
        self.left += data
        try:
            self.left = self.left[self.socket.send(self.left):]
        except BlockingIOError:
            pass

    def answers(self):
        """The statuses of those that have come: none of them has a body, or
        is in parts, as long as all goes well."""
        said = self.socket.recv(1 << 16)
        assert said, "the adapter closed the connection"
        return [int(head[:3]) for head in said.split(b"HTTP/1.1 ")[1:]]


selector = selectors.DefaultSelector()
crowd = [Sender() for _ in range(CROWD)]
for s in crowd:
    selector.register(s.socket, selectors.EVENT_READ, s)
    s.send(FLOOD)
selector.register(sys.stdin, selectors.EVENT_READ)
ann = Sender()
if not behind:
    selector.register(ann.socket, selectors.EVENT_READ, ann)
answered = {True: 0, False: 0}


def turn():
    """What has come; the lines of ann's channel, and her answers."""
    mine, lines = [], 0
    for s in crowd:
        if s.left:
            s.send()
    if ann.left:
        ann.send()
    for key, _ in selector.select(0.01):
        if key.data is None:
            got = os.read(0, 1 << 16)
            assert got, "the stream has ended"
            lines += got.count(b"\n")
        elif key.data is ann:
            mine += ann.answers()
        else:
            for status in key.data.answers():
                assert status in (202, 503), status
                answered[status == 202] += 1
                key.data.send(FLOOD)
    return mine, lines


def until_flood(n):
    hangs = Deadline(HANGS)
    while sum(answered.values()) < n:
        assert not hangs.over(), "the flood is not answered"
        turn()


def post(number):
    """Posts, gives how often the flood was answered until she was, and until
    the stream had it."""
    before, hangs = sum(answered.values()), Deadline(HANGS)
    wait = []
    need = 1
    if behind:
        ann.send(FLOOD * QUEUE)
        need += QUEUE
        selector.register(ann.socket, selectors.EVENT_READ, ann)
    ann.send(request("ANN", '[{"n":"x","v":%d}]' % number))
    mine, lines = [], 0
    while not lines or len(mine) < need:
        assert not hangs.over(), "ann is not answered"
        more, come = turn()
        mine += more
        lines += come
        if len(mine) >= need and not wait:
            wait.append(sum(answered.values()) - before)
    if behind:
        selector.unregister(ann.socket)
    assert mine[-1] == 202, f"ann is told {mine[-1]}"
    return wait[0], sum(answered.values()) - before


until_flood(5 * CROWD)
rounds = []
for i in range(TIMES):
    rounds.append(post(i))
    until_flood(sum(answered.values()) + CROWD // 2)
worst = max(r[0] for r in rounds) / CROWD
stream = statistics.median(r[1] for r in rounds) / CROWD
print(f"# {size} bytes, {answered[True]} of bob's, {answered[False]} refused: "
      f"each of his connections was answered {worst:.1f} times at worst until "
      f"ann was, and {stream:.1f} times until the stream had hers")
if worst > FAIR or stream > 2 * FAIR:
    sys.exit("ann waits for bob")
