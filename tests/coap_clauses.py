#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What RFCs ask of a CoAP server, clause by clause, byte by byte.

coap_clauses.py WHAT PORT [ARGUMENT…]   with CHANNEL and KEY in the
environment; prints what came back.  Silence is shown by a good message that
is sent after it: its answer is the first to come.
"""
import socket
import ssl
import struct
import sys

from coap_raw import (ACCEPT, ACK, BLOCK1, BLOCK2, CON, FORMAT, GET, NON,
                      OBSERVE, PATH, POST, QUERY, RST, Client, extend,
                      message, name, number, place)

IF_MATCH, HOST, IF_NONE_MATCH, PORT_OPTION = 1, 3, 5, 7
MAX_AGE, HOP_LIMIT, PROXY_URI, SIZE1, NO_RESPONSE, TAG = 14, 16, 35, 60, 258, 292
PACK = b'[{"n":"a","v":1}]'


def shown(m):
    kinds = ("con", "non", "ack", "rst")
    return "%s %s" % (kinds[m[0]], name(m[1]))


def first(c, *datagrams):
    """what comes first when these and a good POST are sent: its answer,
    "-", or another"""
    for d in datagrams:
        c.s.send(d)
    mid = c.next()
    c.s.send(message(CON, POST, mid, b"good", place("good"), PACK))
    got = c.receive()
    if got[2] == mid and got[3] == b"good":
        return "-"
    c.receive()
    return shown(got)


def post(c, options=(), body=PACK, kind=CON, sub="", token=b"t"):
    m = c.ask(kind, POST, c.next(), token, place(sub) + list(options), body)
    assert m[3] == token or m[0] == RST or m[1] == 0, m
    return m


def codes(port, *options):
    """one POST for each set of options, written as Python: the codes"""
    c = Client(port)
    print(*(name(post(c, eval(o))[1]) for o in options))


def gets(port, *options):
    """as codes, of GETs"""
    c = Client(port)
    print(*(name(c.ask(CON, GET, c.next(), b"t", place() + eval(o))[1])
            for o in options))


def core(port, *options):
    """GETs of /.well-known/core with those: codes, formats, how long"""
    c = Client(port)
    for o in options:
        m = c.ask(CON, GET, c.next(), b"w", [
            (PATH, b".well-known"), (PATH, b"core")] + eval(o))
        print(name(m[1]), int.from_bytes(m[4].get(FORMAT, b""), "big"),
              m[5].startswith(b"</channels>;"), BLOCK2 in m[4])


def methods(port):
    """those that nobody knows"""
    c = Client(port)
    print(*(name(c.ask(CON, m, c.next(), b"t", place())[1])
            for m in (3, 7, 8, 31)))


def ids(port):
    """the message ids of answers without confirmation: the server's own,
    each another, and not the request's (RFC 7252 4.4)"""
    c = Client(port)
    got, same = set(), 0
    for _ in range(20):
        mid = c.next()
        m = c.ask(NON, POST, mid, b"%d" % mid, place(), PACK)
        assert m[0] == NON and m[3] == b"%d" % mid, m
        got.add(m[2])
        same += m[2] == mid
    print(len(got), same < 20)


def unknown_non(port):
    """a critical option that is unknown, without confirmation"""
    c = Client(port)
    print(first(c, message(NON, POST, c.next(), b"t",
                           place() + [(2047, b"x")], PACK)))


def later(port):
    """a refusal that is for now"""
    c = Client(port)
    m = c.ask(CON, GET, c.next(), b"o", place() + [(OBSERVE, 0)])
    print(name(m[1]), int.from_bytes(m[4][MAX_AGE], "big"), m[5].decode())


def headers(port):
    """versions, types, classes and lengths of tokens: what comes first"""
    c = Client(port)
    good = [message(k, POST, c.next(), b"t", place("bad"), PACK)
            for k in range(4)]
    for version in (0, 2, 3):
        print("version", version, first(c, *(bytes([version << 6 | m[0] & 63])
                                             + m[1:] for m in good)))
    print("request in ack", first(c, good[ACK]))
    print("request in rst", first(c, good[RST]))
    print("short", first(c, b"", b"\x40", b"\x40\x02\x00"))
    for kind in range(4):
        for code, what in ((0x20, "1.00"), (0x45, "2.05"), (0x84, "4.04"),
                           (0xc1, "6.01"), (0xe1, "7.01"), (0xe5, "7.05")):
            print(what, kind, first(c, message(kind, code, c.next(), b"t")))
        for tkl in (9, 12, 13, 14, 15):
            d = bytes([0x40 | kind << 4 | tkl, POST]) + good[0][2:4]
            print("token", tkl, kind, first(c, d + bytes(16)))
        print("empty with token", kind,
              first(c, bytes([0x41 | kind << 4, 0, 1, 2]) + b"t"))
        print("empty with payload", kind,
              first(c, bytes([0x40 | kind << 4, 0, 1, 2]) + b"\xffx"))
        print("empty", kind, first(c, bytes([0x40 | kind << 4, 0, 1, 2])))
        d = bytes([0x40 | kind << 4, POST, 5, kind])
        print("option 15", kind, first(c, d + b"\xf1x"))
        print("cut option", kind, first(c, d + b"\xb9chan"))
        print("no payload", kind, first(c, d + b"\xb1x\xff"))
        print("beyond 65535", kind, first(c, d + b"\xe0\xff\xff\xe0\xff\xff"))


def reset_id(port):
    """the Reset of what is malformed has its message id, each time"""
    c = Client(port)
    ids = []
    for mid in range(0x1234, 0x1234 + 20):
        c.s.send(struct.pack(">BBH", 0x4f, POST, mid) + bytes(16))
        c.s.send(struct.pack(">BBH", 0x40, 0, mid + 0x1000))
        for want in (mid, mid + 0x1000):
            m = c.receive()
            ids.append(m[:4] == (RST, 0, want, b""))
    print(all(ids), len(ids))


def two_uploads(port, how):
    """two bodies in blocks of one client, block by block in turn"""
    c = Client(port)
    bodies = (b'[{"n":"a","vs":"' + b"x" * 200 + b'"}]',
              b'[{"n":"b","vs":"' + b"y" * 200 + b'"}]')
    tags = [[(TAG, b"1")], [(TAG, b"2")]] if how == "tags" else [[], []]
    subs = ("one", "one") if how == "tags" else ("one", "two")
    got = [[], []]
    for i in range(4):
        for k, body in enumerate(bodies):
            more = (i + 1) * 64 < len(body)
            m = post(c, [(BLOCK1, i << 4 | more << 3 | 2)] + tags[k],
                     body[i * 64:i * 64 + 64], sub=subs[k])
            got[k].append(name(m[1]))
        if i == 1:
            # a whole one in one block, to yet another, ends none
            assert post(c, [(BLOCK1, 6)], sub="three")[1] == 0x44
    print(*got[0], *got[1])


def upload_sizes(port):
    """blocks that get smaller on the way; one that is too large or short"""
    c = Client(port)
    body = b'[{"n":"a","vs":"' + b"x" * 300 + b'"}]'
    at, got = 0, []
    for szx in (3, 2, 2, 0, 0, 0, 0, 3):
        size = 16 << szx
        if at % size:
            szx, size = 0, 16
        more = at + size < len(body)
        m = post(c, [(BLOCK1, at // size << 4 | more << 3 | szx)],
                 body[at:at + size])
        got.append(name(m[1]))
        at += size
        if not more:
            break
    while at < len(body):
        more = at + 16 < len(body)
        m = post(c, [(BLOCK1, at // 16 << 4 | more << 3)], body[at:at + 16])
        got.append(name(m[1]))
        at += 16
    print(*sorted(set(got)))
    print(name(post(c, [(BLOCK1, 0)], b"x" * 17)[1]),
          name(post(c, [(BLOCK1, 8)], b"x" * 15)[1]),
          name(post(c, [(BLOCK1, 1 << 4)], b"x")[1]))
    # 4.13 says how long it may be
    m = post(c, [(BLOCK1, 8), (SIZE1, 1 << 24)], b"x" * 16)
    print(name(m[1]), int.from_bytes(m[4][SIZE1], "big"))


def no_response(port):
    """RFC 7967: what is not wanted is acknowledged and no more"""
    c = Client(port)
    for value in (2, 8, 16, 26, 0):
        row = []
        for options in ([], [(IF_NONE_MATCH, b"")]):
            m = post(c, options + [(NO_RESPONSE, value)])
            row.append("empty" if m[1] == 0 and m[0] == ACK and not m[3]
                       else name(m[1]))
        print(value, *row)
    d = message(NON, POST, c.next(), b"t", place() + [(NO_RESPONSE, 2)], PACK)
    print("non", first(c, d))


def reset_non(port):
    """a notification that is not confirmable is answered by a Reset"""
    c, feed = Client(port), Client(port)
    # the first is confirmable, the second not
    m = c.observe(b"n", kind=NON)
    kinds = []
    while NON not in kinds:
        post(feed)
        m = c.notification()
        kinds.append(m[0])
    c.send(RST, 0, m[2])
    m = c.ask(CON, GET, c.next(), b"z", place())
    assert m[1] == 0x45, m
    post(feed)
    print("late" if c.notification(0.5) else "none")


def observe_blocks(port, szx):
    """Block2 with the registration: the size of notifications' blocks"""
    c, feed = Client(port), Client(port)
    m = c.observe(b"o", more=[(BLOCK2, int(szx))])
    assert OBSERVE in m[4], m
    body = b'[{"n":"a","vs":"' + b"x" * 200 + b'"}]'
    post(feed, body=body)
    m = c.notification()
    size = 16 << int(szx)
    assert OBSERVE in m[4], m
    whole, tag, n = m[5], m[4].get(4), 1
    print(len(m[5]), int.from_bytes(m[4].get(BLOCK2, b""), "big"))
    # the rest with another token and without Observe (RFC 7959 3.4)
    while int.from_bytes(m[4].get(BLOCK2, b""), "big") & 8:
        m = c.ask(CON, GET, c.next(), b"r%d" % n,
                  place() + [(BLOCK2, n << 4 | int(szx))])
        assert m[4].get(4) == tag and OBSERVE not in m[4], m
        whole += m[5]
        n += 1
    print(n, whole == body, size)


def observe_values(port):
    """Observe 0 registers, 1 ends, others are nobody's; the same token
    again renews; it is elective in a POST"""
    c = Client(port)
    for value in (0, 0, 1, 2, 0xffffff):
        m = c.ask(CON, GET, c.next(), b"v", place() + [(OBSERVE, value)])
        print(value, name(m[1]), OBSERVE in m[4])
    print(name(post(c, [(OBSERVE, 0)])[1]))


def downloads(port):
    """two long answers fetched in turn by one client"""
    c = Client(port)
    for sub in ("d1", "d2"):
        for i in range(8):
            post(c, body=b'[{"n":"%s","v":%d}]' % (sub.encode(), i), sub=sub)
    got, tags = {"d1": b"", "d2": b""}, {"d1": set(), "d2": set()}
    more, n = {"d1": True, "d2": True}, 0
    while any(more.values()):
        for sub in more:
            if more[sub]:
                m = c.ask(CON, GET, c.next(), b"d", place(sub) + [
                    (QUERY, b"from=start"), (BLOCK2, n << 4 | 2)])
                assert m[1] == 0x45, m
                got[sub] += m[5]
                tags[sub].add(m[4][4])
                more[sub] = int.from_bytes(m[4][BLOCK2], "big") & 8
        n += 1
    print(*(len(t) for t in tags.values()),
          *(g.count(b'"n":"' + s.encode()) for s, g in got.items()))


# ---- TCP ----

def frame(code, token=b"", options=(), body=None):
    out, last = b"", 0
    for num, value in sorted(options, key=lambda o: o[0]):
        if isinstance(value, int):
            value = number(value)
        d, dx = extend(num - last)
        n, nx = extend(len(value))
        out += bytes([d << 4 | n]) + dx + nx + value
        last = num
    out += b"\xff" + body if body is not None else b""
    n = len(out)
    if n < 65805:
        nibble, more = extend(n)
    else:
        nibble, more = 15, struct.pack(">I", n - 65805)
    return bytes([nibble << 4 | len(token)]) + more + bytes([code]) + \
        token + out


def unframe(data):
    """whole messages: (code, token, options and payload)"""
    out = []
    while len(data) >= 2:
        n, at = data[0] >> 4, 1
        if n == 13:
            n, at = data[1] + 13, 2
        elif n == 14:
            n, at = struct.unpack(">H", data[1:3])[0] + 269, 3
        elif n == 15:
            n, at = struct.unpack(">I", data[1:5])[0] + 65805, 5
        token = data[0] & 15
        end = at + 1 + token + n
        if end > len(data):
            break
        out.append((data[at], data[at + 1:at + 1 + token],
                    data[at + 1 + token:end]))
        data = data[end:]
    return out


CSM, PING, PONG, RELEASE, ABORT = range(0xe1, 0xe6)
OURS = frame(CSM, options=[(2, 100000), (4, b"")])
# a Ping whose Pong comes when all before it has been answered
END = frame(PING, b"end", [(2, b"")])
CUSTODY = frame(PONG, b"end", [(2, b"")])


class Stream:
    def __init__(self, port, tls=False):
        self.s = socket.create_connection(("127.0.0.1", int(port)))
        self.s.settimeout(20)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.s = context.wrap_socket(self.s)

    def answer(self, token):
        """the message with that token, when it has come"""
        data = b""
        while True:
            data += self.s.recv(65536)
            for m in unframe(data):
                if m[1] == token:
                    return m

    def talk(self, *parts):
        """all that comes until it is closed, or the answer to a last
        Ping; its CSM is left out"""
        for p in parts:
            self.s.sendall(p)
        data = b""
        while CUSTODY not in data:
            try:
                more = self.s.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                more = b""
            if not more:
                return unframe(data)[1:] + [("closed", b"", b"")]
            data += more
        return unframe(data)[1:-1]


def say(what, messages):
    print(what, *("%s%s" % (m[0] if isinstance(m[0], str) else name(m[0]),
                            ":" + m[1].decode() if m[1] else "")
                  for m in messages))


def signals(port):
    """RFC 8323 5: what comes back until it is closed, or still open"""
    good = frame(POST, b"g", place(), PACK)
    for what, parts in (
            ("good", (OURS, good)),
            ("no csm", (good,)),
            ("ping first", (frame(PING, b"p"),)),
            ("ping", (OURS, frame(PING, b"abc"))),
            ("ping with elective", (OURS, frame(PING, b"p", [(64, b"x")]))),
            ("ping with critical", (OURS, frame(PING, b"p", [(65, b"x")]))),
            ("csm with critical", (frame(CSM, options=[(9, b"x")]),)),
            ("csm with elective", (frame(CSM, options=[(8, b"x")]), good)),
            ("second csm with critical",
             (OURS, frame(CSM, options=[(9, b"x")]))),
            ("long size", (frame(CSM, options=[(2, b"12345")]),)),
            ("release", (OURS, good, frame(RELEASE))),
            ("release with critical",
             (OURS, frame(RELEASE, options=[(3, b"")]))),
            ("abort", (OURS, frame(ABORT))),
            ("empty", (OURS, b"\x00\x00", b"\x01\x00t", good)),
            ("answer", (OURS, frame(0x45, b"x", body=b"y"), good)),
            ("unknown signal", (OURS, frame(0xe9, b"x"), good)),
            ("token of 9", (OURS, b"\x09\x02" + bytes(9))),
            ("option 15", (OURS, b"\x20\x02\xf1x")),
            ("no payload", (OURS, frame(POST, b"t", [(PATH, b"x")], b""))),
            ("too long", (OURS, b"\xf0\xff\xff\xff\xff\x02")),
            ("critical", (OURS, frame(POST, b"c", place() + [(2047, b"x")],
                                      PACK))),
            ("hop limit", (OURS, frame(POST, b"h", place() +
                                       [(HOP_LIMIT, 1)], PACK))),
    ):
        say(what, Stream(port).talk(*parts, END))


def tls(port):
    """the same over TLS, in one record each"""
    good = frame(POST, b"g", place(), PACK)
    for what, parts in (
            ("good", (OURS + good,)),
            ("no csm", (good,)),
            ("ping", (OURS + frame(PING, b"abc"),)),
            ("release", (OURS, good + frame(RELEASE))),
            ("token of 9", (OURS, b"\x09\x02" + bytes(9)))):
        say(what, Stream(port, True).talk(b"".join(parts) + END))


def bad_csm(port):
    """the number of the option goes back (RFC 8323 5.6)"""
    for num in (9, 2):
        m = Stream(port).talk(frame(CSM, options=[(num, b"12345")]), END)
        print(num, name(m[0][0]), m[0][2][:2].hex(),
              len(m[0][2].split(b"\xff", 1)[1]) > 0)


def pieces(port):
    """messages cut at every byte, and many in one write"""
    ours = OURS + b"".join(
        frame(POST, b"%d" % i, place("p%d" % i) + [(8000, b"x")], PACK)
        for i in range(3))
    for cut in range(1, len(ours)):
        s = Stream(port)
        s.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        got = s.talk(ours[:cut], ours[cut:], END)
        assert [m[:2] for m in got] == [
            (0x44, b"%d" % i) for i in range(3)], (cut, got)
    s = Stream(port)
    got = s.talk(OURS, b"".join(frame(POST, b"%d" % i, place(), b"y" * 999)
                                for i in range(200)), END)
    print(len(ours), [m[0] for m in got] == [0x44] * 200)


def bert(port):
    """RFC 8323 6: SZX 7 both ways"""
    s = Stream(port)
    body = b'[{"n":"a","vs":"' + b"x" * 5000 + b'"}]'
    say("bert", s.talk(
        OURS, frame(POST, b"1", place("b") + [(BLOCK1, 0 << 4 | 8 | 7)],
                    body[:2048]),
        frame(POST, b"2", place("b") + [(BLOCK1, 2 << 4 | 8 | 7)],
              body[2048:4096]),
        frame(POST, b"3", place("b") + [(BLOCK1, 4 << 4 | 7)], body[4096:]),
        END))
    say("odd", Stream(port).talk(OURS, frame(
        POST, b"4", place("b") + [(BLOCK1, 8 | 7)], b"z" * 1500), END))
    s = Stream(port)
    n, whole, sizes = 0, b"", []
    s.s.sendall(frame(CSM, options=[(2, 3000), (4, b"")]))
    while True:
        s.s.sendall(frame(GET, b"g", place("b") + [
            (QUERY, b"from=start"), (BLOCK2, n << 4 | 7)]))
        m = s.answer(b"g")
        assert m[0] == 0x45, m
        options, payload = m[2].split(b"\xff", 1)
        whole += payload
        sizes.append(len(payload))
        if len(payload) % 1024:
            break
        n += len(payload) // 1024
    print(sizes, len(whole) > 5000)


def small_messages(port):
    """no message is longer than the peer has said (RFC 8323 5.3.1)"""
    s = Stream(port)
    s.s.sendall(frame(CSM, options=[(2, 200), (4, b"")]))
    s.s.sendall(frame(GET, b"g", place("b") + [(QUERY, b"from=start")]))
    m = s.answer(b"g")
    print(name(m[0]), len(m[2]) < 200, b"\xff" in m[2])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
