#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP as no client library would send it, to 127.0.0.1:PORT.

http_raw.py send PORT [N]        stdin as it is; the statuses of N answers (1),
                                 or "closed" where the server ended it
http_raw.py bytes PORT [N]       the same, one byte at a time
http_raw.py half PORT [N]        the same, and the end of what is sent is said
http_raw.py early PORT           the same, and what is sent is kept open:
                                 prints the status, then "closed" or "open"
http_raw.py crowd PORT N ROUNDS  N connections, all kept open, stdin on each
                                 of them in every round; counts the statuses
http_raw.py tls PORT N ROUNDS    the same over TLS, CRLF is written as LF
http_raw.py trickle PORT DELAY   stdin, a byte each DELAY seconds, until it
                                is cut
                                 its last one; prints the seconds until cut
http_raw.py flood PORT           stdin, and then bytes as fast as they are
                                 taken, until it is cut; prints the status
http_raw.py hold PORT            stdin, all but its last 10 bytes; says
                                 "held", waits for SIGUSR1, sends them and
                                 prints the status
"""
import collections
import selectors
import signal
import socket
import ssl
import sys


def connect(port):
    s = socket.create_connection(("127.0.0.1", int(port)), timeout=30)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def answers(s):
    """The statuses of answers, as they come."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            try:
                more = s.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                yield "closed"
                return
            data += more
        head, data = data.split(b"\r\n\r\n", 1)
        status = head.split()[1].decode()
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(data) < length:
            data += s.recv(65536)
        data = data[length:]
        if status != "100":
            yield status


def take(s, n):
    for _, status in zip(range(n), answers(s)):
        print(status, flush=True)
        if status == "closed":
            break


def send(port, n=1):
    s = connect(port)
    s.sendall(sys.stdin.buffer.read())
    take(s, int(n))


def half(port, n=1):
    s = connect(port)
    s.sendall(sys.stdin.buffer.read())
    s.shutdown(socket.SHUT_WR)
    take(s, int(n))


def one_by_one(port, n=1):
    s = connect(port)
    for byte in sys.stdin.buffer.read():
        s.send(bytes([byte]))
    take(s, int(n))


def early(port):
    s = connect(port)
    s.sendall(sys.stdin.buffer.read())
    come = answers(s)
    print(next(come))
    s.settimeout(3)
    try:
        print(next(come))
    except TimeoutError:
        print("open")


def rounds_of(sockets, request, rounds):
    streams = [answers(s) for s in sockets]
    count = collections.Counter()
    for _ in range(int(rounds)):
        for s in sockets:
            s.sendall(request)
        for stream in streams:
            count[next(stream)] += 1
    for status, number in sorted(count.items()):
        print(number, status)


def crowd(port, n, rounds):
    rounds_of([connect(port) for _ in range(int(n))],
              sys.stdin.buffer.read(), rounds)


def tls(port, n, rounds):
    context = ssl.create_default_context(cafile="ca.crt")
    head, _, body = sys.stdin.buffer.read().partition(b"\n\n")
    rounds_of([context.wrap_socket(connect(port), server_hostname="localhost")
               for _ in range(int(n))],
              head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body.rstrip(b"\n"),
              rounds)


def trickle(port, delay):
    s = connect(port)
    data = sys.stdin.buffer.read()
    sel = selectors.DefaultSelector()
    sel.register(s, selectors.EVENT_READ)
    for at in range(200):
        try:
            s.send(data[min(at, len(data) - 1):][:1])
            if sel.select(float(delay)):
                print(s.recv(65536).decode(errors="replace"), end="")
                break
        except (ConnectionResetError, BrokenPipeError):
            break
    else:
        sys.exit("it is heard out")
    print("cut")


def flood(port):
    s = connect(port)
    s.sendall(sys.stdin.buffer.read())
    take(s, 1)
    try:
        while True:
            s.sendall(bytes(1 << 20))
    except (ConnectionResetError, BrokenPipeError):
        print("cut")


def hold(port):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    s = connect(port)
    data = sys.stdin.buffer.read()
    s.sendall(data[:-10])
    print("held", flush=True)
    signal.sigwait({signal.SIGUSR1})
    s.sendall(data[-10:])
    take(s, 2)


{"send": send, "half": half, "bytes": one_by_one, "early": early, "crowd": crowd,
 "tls": tls, "trickle": trickle, "flood": flood, "hold": hold}[sys.argv[1]](*sys.argv[2:])
