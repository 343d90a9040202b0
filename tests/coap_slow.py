#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CoAP over TCP and TLS: clients that announce more than they send, and ask for
more than they read.

coap_slow.py WHAT PORT [ARGUMENT…]   with CHANNEL and KEY in the environment
"""
import select
import signal
import socket
import ssl
import sys

import waiting
from coap_clauses import CSM, OURS, PING, PONG, frame, unframe
from coap_raw import CHANNEL, GET, OBSERVE, POST, name, place

LENGTH = 700_000


def connect(port, address="127.0.0.1", tls="", small=False):
    s = socket.socket()
    s.settimeout(60)
    if small:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.bind((address, 0))
    s.connect(("127.0.0.1", int(port)))
    if tls == "tls":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        s = context.wrap_socket(s)
    s.sendall(OURS)
    return s


def receive(s, token):
    """the code of the message with this token, or `closed`"""
    data = b""
    while True:
        try:
            more = s.recv(65536)
        except OSError:
            more = b""
        if not more:
            return "closed"
        data += more
        for m in unframe(data):
            if m[1] == token:
                return name(m[0])


def message(n=LENGTH):
    return frame(POST, b"l", place("long"), b"x" * n)


def announce(port, count, tls=""):
    """so many messages of which the first KiB comes, until some are refused:
    how many are not"""
    held = []
    for _ in range(int(count)):
        s = connect(port, tls=tls)
        s.sendall(message()[:1024])
        held.append(s)
    refused = 0
    # one second after the last refusal there are no more
    while ready := select.select(held, [], [], 1 if refused else 60)[0]:
        for s in ready:
            data = s.recv(65536)
            refused += any(m[1] == b"l" for m in unframe(data))
            if not data:
                held.remove(s)
    print("refused", refused, "of", count, "and held", len(held) - refused,
          flush=True)
    sys.stdin.readline()


def whole(port, address, tls=""):
    """a long message in two writes, as often as it is refused"""
    def code():
        s = connect(port, address, tls)
        text = message()
        s.sendall(text[:5000])
        s.sendall(text[5000:])
        got = receive(s, b"l")
        s.close()
        return got if got != "5.03" else None

    print(waiting.until(code, "another answer than 5.03"))


def skipped(port):
    """one that is refused, and one after it on the same connection"""
    s = connect(port)
    text = message()
    s.sendall(text[:5000])
    got = [receive(s, b"l")]
    s.sendall(text[5000:])
    s.sendall(frame(POST, b"s", place(), b"short"))
    print(*got, receive(s, b"s"))


def drip(port, what):
    """the begin of a message, and then a byte a while, until it is closed"""
    s = socket.create_connection(("127.0.0.1", int(port)))
    if what == "csm":
        text, at = frame(CSM, options=[(2050, b"x" * 4000)]), 10
    else:
        s.sendall(OURS)
        text, at = message(), 1100 if what == "body" else 20
    s.sendall(text[:at])
    s.settimeout(0.3)
    for at in range(at, at + 500):
        try:
            s.sendall(text[at:at + 1])
            if not s.recv(65536):
                break
        except socket.timeout:
            pass
        except OSError:
            break
    else:
        raise SystemExit("it is still open")
    print("closed")


def unread(port, what, tls=""):
    """asks, or observes and says that it is alive, and reads nothing more,
    until it is closed"""
    s = connect(port, tls=tls, small=True)
    if what == "observe":
        s.sendall(frame(GET, b"o", place("u") + [(OBSERVE, 0)]))
        assert receive(s, b"o") == "2.05"
        text = frame(PONG) * 100
    else:
        text = frame(GET, b"g", place("nothing/here")[:1]) * 1000
    print("begun", flush=True)
    # a client that is not listened to any more can't write, either
    s.settimeout(1)
    while True:
        try:
            s.sendall(text)
        except (socket.timeout, ssl.SSLWantWriteError):
            continue
        except OSError:
            break
        if what == "observe":
            waiting.breathe(0.01)
    print("closed", flush=True)


def reads(port, count, tls=""):
    """observes, reads slowly, and gets all: so many, in order"""
    s = connect(port, tls=tls, small=True)
    s.sendall(frame(GET, b"o", place("u") + [(OBSERVE, 0)]))
    print("begun", flush=True)
    data, n = b"", 0
    while n <= int(count):
        more = s.recv(20000)
        if not more:
            break
        data += more
        for m in unframe(data):
            data = data[len(frame_like(m)):]
            if m[0] == PING:
                s.sendall(frame(PONG, m[1]))
            elif m[1] == b"o":
                assert m[0] >> 5 == 2, (name(m[0]), m[2])
                n += 1
    print(n - 1, flush=True)


def frame_like(m):
    n = len(m[2])
    head = 2 if n < 13 else 3 if n < 269 else 4 if n < 65805 else 6
    return b"-" * (head + len(m[1]) + n)


def feed(port, count, ms):
    """lines for the observers of u, one each MS"""
    for n in range(int(count)):
        print('[{"channel":"%s","publisher":"p","protocol":"http",'
              '"subtopic":"u","received":1,"n":"a","vs":"%s"}]' %
              (CHANNEL, "%6d" % n + "x" * 50000), flush=True)
        waiting.breathe(int(ms) / 1000)


if __name__ == "__main__":
    signal.alarm(120)
    globals()[sys.argv[1]](*sys.argv[2:])
