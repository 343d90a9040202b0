#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requests that could be understood in two ways, given to three parsers: this
core (frames.c), Node's llhttp and h11.

differ.py FRAMES [SECONDS [SEED]]

What one of the others takes, this one takes for the same requests, or refuses;
where it waits for more, or for the next request, so do they; after the last
request of a connection there is none; and what both others refuse, this one
refuses too, but for what ONLY_HERE has.  First comes
each fault by itself, then two and three at once, and bytes that are changed at
random, for that long.  Prints how many were tried, or the cases that differ.
"""
import itertools
import json
import random
import re
import subprocess
import sys
import threading
from pathlib import Path

import h11

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from waiting import Deadline  # noqa: E402

NEXT = b"GET /next HTTP/1.1\r\nHost: n\r\n\r\n"
# parts of a request: the first of each is good
METHODS = [b"POST", b"GET", b"HEAD", b"OPTIONS", b"post", b"P(ST", b"PATCH",
           b"", b" POST", b"\r\nPOST", b"\r\n\r\nPOST", b"\nPOST", b"\0POST",
           b"x\r\nPOST", b"P\xc3ST", b"\tPOST", b"PO ST"]
SPACES = [b" ", b"  ", b"\t", b"", b"\x0b", b"\xa0", b"\r", b" \t"]
TARGETS = [b"/a", b"/", b"*", b"http://h/a", b"https://h/a", b"http://i/a",
           b"http:///a", b"h:80", b"/a b", b"/a?b c", b"/%zz", b"/%00",
           b"/\0", b"/\x7f", b"/\xc3\xa4", b"/a#b", b"", b"a", b"//",
           b"http://u@h/", b"/../a", b"/" + b"a" * 9000, b"/\r\n", b"/\n"]
VERSIONS = [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9",
            b"http/1.1", b"HTTP/1.1 ", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/1",
            b"", b"HTTP/1.1\t", b"HTTP /1.1", b"HTTP/1.1x", b"ICY/1.1"]
ENDS = [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n", b"\0\r\n",
        b"\x0b\r\n", b"\x85\r\n"]
HOSTS = [b"Host: h\r\n", b"", b"Host: h\r\nHost: h\r\n", b"Host: h, i\r\n",
         b"Host:\r\n", b"Host: h i\r\n", b"Host: h/i\r\n", b"Host : h\r\n",
         b" Host: h\r\n", b"Host: [::1]:80\r\n", b"Host: u@h\r\n",
         b"Host: h\r\n\ti\r\n", b"Host\r\n", b"Host: h\r\nhost: i\r\n",
         b"HOST: h\r\n", b"Host: h:x\r\n", b"Host:h\n"]
LENGTHS = [b"Content-Length: 5\r\n", b"", b"Content-Length: 0\r\n",
           b"Content-Length: +5\r\n", b"Content-Length: -5\r\n",
           b"Content-Length: 05\r\n", b"Content-Length: 5, 5\r\n",
           b"Content-Length: 5,6\r\n", b"Content-Length: 5\r\n" * 2,
           b"Content-Length: 5\r\nContent-Length: 6\r\n",
           b"Content-Length: 6\r\nContent-Length: 5\r\n",
           b"Content-Length: 5 \r\n", b"Content-Length:\t5\r\n",
           b"Content-Length : 5\r\n", b"Content-Length:5\r\n",
           b"Content-Length\r\n: 5\r\n", b"Content-Length:\r\n 5\r\n",
           b"Content-Length: 5\r\n 0\r\n", b"Content-Length: 0x5\r\n",
           b"Content-Length: 5.0\r\n", b"Content-Length: 5;a\r\n",
           b"Content-Length: \r\n", b"Content-Length\r\n",
           b"Content-Length: 5 5\r\n", b"Content-Length: 5a\r\n",
           b"Content-Length: 18446744073709551621\r\n",
           b"Content-Length: 4294967301\r\n", b"Content-Length: 1e1\r\n",
           b"Content-Length: \x0b5\r\n", b"Content-Length: 5\0\r\n",
           b"Content-Length: 5\n", b"X: y\nContent-Length: 5\r\n",
           b"X: y\rContent-Length: 5\r\n", b"Content_Length: 5\r\n",
           b"Content-Length: ,5\r\n", b"Content-Length: 5,\r\n",
           b"Content-Length: \"5\"\r\n", b"\xefContent-Length: 5\r\n",
           b"Content-Length: 00000000000000000000000000005\r\n",
           b"Content-Length: \xd9\xa5\r\n", b"Content-Length: 3\r\n",
           b"Content-Length: 5_0\r\n"]
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CODINGS = [CHUNKED, b"transfer-encoding:chunked\r\n",
           b"Transfer-Encoding: CHUNKED\r\n",
           b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
           b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
           b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
           b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding: gzip\r\n",
           b"Transfer-Encoding: gzip, chunked\r\n",
           b"Transfer-Encoding: chunked, gzip\r\n",
           b"Transfer-Encoding: chunked, chunked\r\n", CHUNKED + CHUNKED,
           b"Transfer-Encoding: identity\r\n" + CHUNKED,
           CHUNKED + b"Transfer-Encoding: identity\r\n",
           b"Transfer-Encoding : chunked\r\n",
           b" Transfer-Encoding: chunked\r\n",
           b"X: y\r\n Transfer-Encoding: chunked\r\n",
           b"Transfer-Encoding:\r\n chunked\r\n",
           b"Transfer-Encoding: chun\r\n ked\r\n",
           b"Transfer-Encoding: xchunked\r\n",
           b"Transfer-Encoding: chunkedx\r\n",
           b"Transfer-Encoding: x chunked\r\n",
           b"Transfer-Encoding: chunked;a=b\r\n",
           b"Transfer-Encoding: \"chunked\"\r\n",
           b"Transfer-Encoding: ,chunked\r\n",
           b"Transfer-Encoding: chunked,\r\n", b"Transfer-Encoding:\r\n",
           b"Transfer-Encoding: \x0bchunked\r\n",
           b"Transfer-Encoding: chunked\x0b\r\n",
           b"Transfer-Encoding: \tchunked\t\r\n",
           b"Transfer-Encoding: chunked\0\r\n",
           b"Transfer-Encoding: chunked\n", b"Transfer-Encoding: c\xcaunked\r\n",
           b"X: y\nTransfer-Encoding: chunked\r\n",
           b"X: y\rTransfer-Encoding: chunked\r\n",
           b"Transfer_Encoding: chunked\r\n",
           b"Transfer-Encoding\0: chunked\r\n", b"Transfer-Encoding\r\n",
           b"Transfer-Encoding: deflate\r\n", b"Trailer: X\r\n" + CHUNKED,
           b"TE: trailers\r\n" + CHUNKED]
OTHERS = [b"", b"X: y\r\n", b"Connection: close\r\n",
          b"Connection: keep-alive\r\n", b"Connection: close, x\r\n",
          b"Connection: closed\r\n", b"Connection: x\r\n",
          b"Connection: Content-Length\r\n", b"X : y\r\n", b": y\r\n",
          b"X\r\n", b" X: y\r\n", b"X: y\r\n z\r\n", b"X: \0\r\n",
          b"X: \x7f\r\n", b"X: \x01\r\n", b"X: y\n", b"X: y\r", b"X: y\rz\r\n",
          b"X(: y\r\n", b"X\xc3: y\r\n", b"X: \xc3\xa4\r\n", b"X:\r\n",
          b"Expect: 100-continue\r\n", b"Expect: x\r\n", b"\r",
          b"X: " + b"y" * 9000 + b"\r\n", b"X: y\r\n" * 150,
          b"Proxy-Connection: close\r\n", b"Keep-Alive: timeout=5\r\n",
          b"Connection: upgrade, close\r\n"]
BODIES = [b"hello", b"", b"hell", b"hello\r\n", b"\r\nhello", b"hello" + NEXT]
CHUNKS = [b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n", b"5;a=b\r\nhello\r\n0\r\n\r\n",
          b"5\r\nhello\r\n0\r\nX: y\r\n\r\n", b"05\r\nhello\r\n000\r\n\r\n",
          b"5 \r\nhello\r\n0\r\n\r\n", b" 5\r\nhello\r\n0\r\n\r\n",
          b"5\nhello\r\n0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n",
          b"5\r\nhello\r\n0\n\n", b"5\r\nhello\r\n0\r\n\n",
          b"5\r\nhello\r\n0\r\n", b"5\r\nhello\r\n0", b"5\r\nhello",
          b"5\r\nhel", b"5\r\n", b"5", b"\r\n", b"0x5\r\nhello\r\n0\r\n\r\n",
          b"-5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n",
          b"5;\r\nhello\r\n0\r\n\r\n", b"5;a\nb\r\nhello\r\n0\r\n\r\n",
          b"5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n", b"5\rhello\r\n0\r\n\r\n",
          b"5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n",
          b"5\r\nhelloXX0\r\n\r\n", b"6\r\nhello\r\n0\r\n\r\n",
          b"4\r\nhello\r\n0\r\n\r\n", b"g\r\nhello\r\n0\r\n\r\n",
          b"100000000000000005\r\nhello\r\n0\r\n\r\n",
          b"00000000000000000005\r\nhello\r\n0\r\n\r\n",
          b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
          b"5\r\nhello\r\n0\r\nX : y\r\n\r\n", b"5\r\nhello\r\n0\r\n X: y\r\n\r\n",
          b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n",
          b"5\r\nhello\r\n0\r\nX: y\n\r\n", b"5\r\nhello\r\n0\r\nX\r\n\r\n",
          b"5\r\nhello\r\n0\r\nX: y\r\n", b"5\r\nhello\r\n\r\n0\r\n\r\n",
          b"5;a\0\r\nhello\r\n0\r\n\r\n", b"5\0\r\nhello\r\n0\r\n\r\n",
          b"5\x0b\r\nhello\r\n0\r\n\r\n", b"5;a=b \r\nhello\r\n0\r\n\r\n",
          b"5 ;a=b\r\nhello\r\n0\r\n\r\n", b"5\t;a=b\r\nhello\r\n0\r\n\r\n",
          b"5;" + b"a" * 9000 + b"\r\nhello\r\n0\r\n\r\n",
          b"A\r\n0123456789\r\n0\r\n\r\n", b"a\r\n0123456789\r\n0;x\r\n\r\n",
          b"5\r\nhello\r\n0 \r\n\r\n", b"5\r\nhello\r\n0\r\n\rX",
          b"5\r\nhello\r\n00\r\n\r\n", b"5\r\nhello\r\n0\r\nHost: h\r\n\r\n"]
PARTS = [METHODS, SPACES, TARGETS, SPACES, VERSIONS, ENDS, HOSTS, LENGTHS,
         OTHERS, ENDS, BODIES]
IN_CHUNKS = PARTS[:7] + [CODINGS] + PARTS[8:10] + [CHUNKS]
NASTY = [b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b";", b",", b"0",
         b"5", b"\x0b", b"\x7f", b"\x85", b"\xff", b"-", b"+", b"\r\n ", b"\"",
         b"Content-Length: 5\r\n", CHUNKED, b"0\r\n\r\n", NEXT]


def single():
    """Each fault by itself, of both kinds of bodies."""
    for parts in (PARTS, IN_CHUNKS):
        for i, part in enumerate(parts):
            for one in part:
                yield b"".join(one if k == i else p[0]
                               for k, p in enumerate(parts))
    # what a body is like and what is said of it
    for length, body in itertools.product(LENGTHS, BODIES):
        yield b"POST /a HTTP/1.1\r\nHost: h\r\n" + length + b"\r\n" + body
    for version, coding, chunks in itertools.product(
            (b"1.1", b"1.0"), CODINGS, CHUNKS[:12]):
        yield (b"POST /a HTTP/" + version + b"\r\nHost: h\r\n" + coding +
               b"\r\n" + chunks)


def several(rng):
    """Some faults at once, or some bytes changed."""
    parts = rng.choice((PARTS, IN_CHUNKS))
    chosen = [p[0] for p in parts]
    for i in rng.sample(range(len(parts)), rng.randint(0, 3)):
        chosen[i] = rng.choice(parts[i])
    case = b"".join(chosen)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 4))):
        at = rng.randrange(len(case) + 1)
        case = (case[:at] + rng.choice(NASTY + [b""]) +
                case[at + rng.choice((0, 0, 1, 2)):])
    return case


def connection_of(case):
    """It does not pass over an empty line, as RFC 9112 2.2 has it."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=65536)
    connection.receive_data(case[2 * case.startswith(b"\r\n"):])
    return connection


def by_h11(case):
    """As frames.c has it."""
    requests = []
    connection = connection_of(case)
    end = None
    while end is None:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as e:
            return requests, e.error_status_hint
        if isinstance(event, h11.Request):
            requests.append([event.method.decode(), "", 0])
        elif isinstance(event, h11.Data):
            requests[-1][1] += bytes(event.data).hex()
        elif isinstance(event, h11.EndOfMessage):
            requests[-1].pop()
            connection.send(h11.Response(status_code=200, headers=[
                ("Content-Length", "0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE:
                # it has no keep-alive of 1.0
                end = ("closed" if connection.their_http_version != b"1.0"
                       else "old")
            else:
                connection = connection_of(connection.trailing_data[0])
        elif event is h11.NEED_DATA:
            end = ("partial" if connection.trailing_data[0] or
                   connection.their_state is h11.SEND_BODY else "idle")
        else:
            end = "upgrade"
    return requests, end


class Process:
    """A parser that answers with lines of JSON."""

    def __init__(self, *command):
        self.p = subprocess.Popen(command, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)

    def write(self, cases):
        self.p.stdin.write(b"".join(b"%d\n%s" % (len(c), c) for c in cases))
        self.p.stdin.flush()

    def __call__(self, cases):
        # neither waits for the other with a full pipe
        writer = threading.Thread(target=self.write, args=(cases,))
        writer.start()
        said = [json.loads(self.p.stdout.readline()) for _ in cases]
        writer.join()
        return [(s["requests"], s["end"]) for s in said]


WAITS = ("idle", "partial")
CLOSED = ("closed", "HPE_CLOSED_CONNECTION")
# methods that both others know; ours may have any name (RFC 9110 9.1)
KNOWN = ("GET", "HEAD", "POST", "OPTIONS", "PATCH")
# RFC 9112 7.1.1 has white space before ";"
ONLY_HERE = re.compile(rb"(^|\n)[0-9a-fA-F]+[ \t]+;")


def whole(requests):
    return [r for r in requests if len(r) == 2]


def differs(ours, theirs):
    """Why what we take is not what they take, or None."""
    (mine, my_end), (other, other_end) = ours, theirs
    mine_whole, other_whole = whole(mine), whole(other)
    for a, b in zip(mine_whole, other_whole):
        if a != b:
            return "another request"
    if len(mine_whole) > len(other_whole) and other_end in WAITS:
        return "a request that they still wait for"
    if len(mine_whole) > len(other_whole) and other_end in CLOSED:
        return "a request after the last one"
    if len(other_whole) > len(mine_whole) and my_end in WAITS:
        return "they have a request that we wait for"
    if (len(mine_whole) == len(other_whole) and my_end in WAITS and
            other_end in WAITS and my_end != other_end):
        return "another end"
    return None


def alone(case, ours, theirs):
    """Is a request taken where both others refuse?"""
    mine, end = ours
    at = max(len(whole(t[0])) for t in theirs)
    return (not refused(end) and all(refused(t[1]) for t in theirs) and
            len(mine) > at and mine[at][0] in KNOWN and
            not ONLY_HERE.search(case))


def refused(end):
    return not (end in WAITS or end in ("closed", "old", "upgrade"))


class Tally:
    def __init__(self, frames):
        self.parsers = {"llhttp": Process("node", "--no-warnings",
                                          str(HERE / "llhttp.js")),
                        "h11": lambda cases: [by_h11(c) for c in cases]}
        self.ours = Process(frames)
        self.tried = self.taken = 0
        self.found = []

    def run(self, cases):
        ours = self.ours(cases)
        theirs = {name: p(cases) for name, p in self.parsers.items()}
        for i, case in enumerate(cases):
            self.tried += 1
            self.taken += not refused(ours[i][1])
            if alone(case, ours[i], [t[i] for t in theirs.values()]):
                self.found.append(("taken here alone", "", case[:400],
                                   ours[i], [t[i] for t in theirs.values()]))
            for name, said in theirs.items():
                # which llhttp takes for Connection, and no RFC knows
                if b"proxy-connection" in case.lower():
                    continue
                why = differs(ours[i], said[i])
                if why:
                    self.found.append((why, name, case[:400], ours[i],
                                       said[i]))


def main(frames, seconds="0", seed="1"):
    tally = Tally(frames)
    rng = random.Random(int(seed))
    cases = list(single())
    for i in range(0, len(cases), 100):
        # alone, and with another request right after it
        tally.run([c + after for c in cases[i:i + 100]
                   for after in (b"", NEXT)])
    print(f"{len(cases)} cases by themselves")
    end = Deadline(float(seconds))
    while not end.over() and len(tally.found) < 20:
        tally.run([several(rng) + rng.choice((b"", NEXT))
                   for _ in range(100)])
    for found in tally.found[:20]:
        print(*found, sep="\n\t")
    print(f"{tally.tried} tried, {tally.taken} taken, "
          f"{len(tally.found)} differ")
    sys.exit(bool(tally.found))


main(*sys.argv[1:])
