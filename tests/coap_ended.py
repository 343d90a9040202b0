#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CoAP over TLS from a client that breaks off, record by record.

coap_ended.py WHAT PORT [ARGUMENT…]   with CHANNEL and KEY in the environment

Prints what came back; goes on when a line comes on stdin.
"""
import os
import selectors
import signal
import socket
import ssl
import subprocess
import sys

import coap_raw
import waiting
from coap_raw import GET, OBSERVE, POST, name, place

CSM, PING, PONG = 0xe1, 0xe2, 0xe3
MESSAGE_SIZE = 2
# application data that nobody has encrypted
JUNK = b"\x17\x03\x03\x00\x20" + b"junk" * 8


def frame(code, token=b"", options=(), body=None):
    """a message of RFC 8323"""
    rest = coap_raw.message(0, code, 0, token, options, body)[4 + len(token):]
    n, more = coap_raw.extend(len(rest))
    return bytes([n << 4 | len(token)]) + more + bytes([code]) + token + rest


class Session:
    def __init__(self, port, small=False, largest=1152):
        context = ssl.create_default_context(cafile="ca.crt")
        self.come, self.go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.come, self.go,
                                    server_hostname="localhost")
        self.s = socket.socket()
        if small:           # what the server can send before it has to wait
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 500)
        self.s.settimeout(60)
        self.s.connect(("127.0.0.1", int(port)))
        self.text = b""
        self.until(self.tls.do_handshake)
        self.send(frame(CSM, options=[(MESSAGE_SIZE, largest)]))

    def until(self, step):
        """b"" when the connection has ended instead"""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.s.sendall(self.go.read())
                data = self.s.recv(65536)
                if not data:
                    return b""
                self.come.write(data)
            finally:
                self.s.sendall(self.go.read())

    def records(self, text):
        self.tls.write(text)
        return self.go.read()

    def send(self, text, junk=b""):
        """in one write, so that they are read together"""
        self.s.sendall(self.records(text) + junk)

    def more(self):
        data = self.until(lambda: self.tls.read(65536))
        self.text += data
        return data

    def receive(self):
        """(code, token, options, body) of the next message with a token"""
        while True:
            while (m := self.take()) is None:
                if not self.more():
                    raise SystemExit("the connection has ended")
            if m[1]:
                return m

    def take(self):
        t = self.text
        if len(t) < 2:
            return None
        n, head, tkl = t[0] >> 4, 2, t[0] & 15
        if n == 13:
            n, head = t[1] + 13, 3
        elif n == 14:
            n, head = int.from_bytes(t[1:3], "big") + 269, 4
        end = head + tkl + n
        if len(t) < end:
            return None
        self.text = t[end:]
        as_datagram = bytes([0x40 | tkl, t[head - 1], 0, 0]) + t[head:end]
        _, code, _, token, options, body = coap_raw.parse(as_datagram)
        return code, token, options, body

    def observe(self, token):
        self.send(frame(GET, token, place() + [(OBSERVE, 0)]))
        m = self.receive()
        assert m[1] == token and OBSERVE in m[2], m


def post():
    return frame(POST, b"p", place(), b"x")


def say(*what):
    print(*what, flush=True)


def wait():
    sys.stdin.readline()


def observers(port, count):
    """observes, and reads nothing more, until it is killed"""
    c = Session(port, small=True, largest=200000)
    for i in range(int(count)):
        c.observe(b"%d" % i)
    say("observing")
    signal.pause()


def broken(port, how):
    """breaks it with what is answered at once, and with what is answered
    later, or closes it; the server closes it too"""
    for text in (frame(PING, b"ping"), post(), post() + frame(PING, b"ping"),
                 frame(GET, b"g", place() + [(OBSERVE, 0)])):
        c = Session(port)
        if how == "junk":
            c.send(text, JUNK)
        else:
            text = c.records(text)
            try:
                c.tls.unwrap()
            except ssl.SSLWantReadError:
                pass
            c.s.sendall(text + c.go.read())
        try:
            while c.more():
                pass
        except (ssl.SSLError, ConnectionError):
            pass
        say("closed")


def halves(port):
    """after a line, half of a record, and when that was read the other"""
    c = Session(port)
    c.observe(b"o")
    say("observing")
    wait()
    record = c.records(post())
    c.s.sendall(record[:20])
    waiting.until(lambda: waiting.read_by_peer(c.s), "half was read")
    c.s.sendall(record[20:])
    say(name(c.receive()[0]))


def handshake(port):
    """one that fails"""
    s = socket.create_connection(("127.0.0.1", int(port)), 60)
    s.sendall(b"\x16\x03\x01\x00\x05junk!")
    try:
        while s.recv(65536):
            pass
    except ConnectionError:
        pass
    say("refused")


def closed(port, plain, pid):
    """DTLS: a POST and the end of the session, which the server reads at
    once; which records it sends after that"""
    relay, server = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                     for _ in range(2))
    relay.bind(("127.0.0.1", 0))
    server.connect(("127.0.0.1", int(port)))
    for s in relay, server:
        s.settimeout(60)
    client = subprocess.Popen(
        ["openssl", "s_client", "-dtls1_2", "-quiet", "-no_ign_eof",
         "-CAfile", "ca.crt", "-connect",
         "127.0.0.1:%d" % relay.getsockname()[1]], bufsize=0,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    selector = selectors.DefaultSelector()
    for s in relay, server:
        selector.register(s, selectors.EVENT_READ)
    finished = False
    while not finished:
        for key, _ in selector.select():
            if key.fileobj is relay:
                data, address = relay.recvfrom(2000)
                server.send(data)
            else:
                data = server.recv(2000)
                relay.sendto(data, address)
                # of epoch 1: encrypted
                finished = b"\x16\xfe\xfd\x00\x01" in data
    os.kill(int(pid), signal.SIGSTOP)
    client.stdin.write(coap_raw.message(coap_raw.CON, POST, 1, b"p", place(),
                                        b"x"))
    server.send(relay.recv(2000))
    client.stdin.close()
    server.send(relay.recv(2000))
    os.kill(int(pid), signal.SIGCONT)
    client.wait()
    # what comes after it has been answered
    got = server.recv(2000)
    c = coap_raw.Client(plain)
    for _ in range(2):
        say(name(c.ask(coap_raw.CON, GET, c.next(), b"g", place())[1]))
    server.setblocking(False)
    try:
        while True:
            say("record", got[0])
            got = server.recv(2000)
    except BlockingIOError:
        pass


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
