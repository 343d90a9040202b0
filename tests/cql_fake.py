#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cql_fake.py PORT WHAT [CERT KEY [CA]]: a server of CQL that is not what it
should be; with TLS if it is given a certificate, which wants one of a client,
too, if it is given an authority.

WHAT is what it does wrong, or like an older or a busy one: a function below
whose name begins with first_ (the answer to the first request) or execute_
(that to EXECUTE, after a start as it should be).  Prints a line for each
request: its opcode and the version."""
import binascii
import socket
import ssl
import struct
import sys
import threading

ERROR, READY, AUTHENTICATE, SUPPORTED, RESULT = 0, 2, 3, 6, 8
STARTUP, OPTIONS, QUERY, PREPARE, EXECUTE, REGISTER = 1, 5, 7, 9, 10, 11
NAMES = {STARTUP: "STARTUP", OPTIONS: "OPTIONS", QUERY: "QUERY",
         PREPARE: "PREPARE", EXECUTE: "EXECUTE", REGISTER: "REGISTER",
         15: "AUTH_RESPONSE", 13: "BATCH"}


def text(s):
    return struct.pack(">H", len(s)) + s.encode()


def frame(version, stream, opcode, body, length=None):
    return struct.pack(">BBhBI", 0x80 | version, 0, stream, opcode,
                       len(body) if length is None else length) + body


def error(code, message, more=b""):
    return struct.pack(">i", code) + text(message) + more


def rows(columns=1, count=1, content=struct.pack(">i", 3) + b"yes"):
    """One table, columns of text."""
    return (struct.pack(">iii", 2, 1, columns) + text("k") + text("t") +
            (text("a") + b"\0\x0d") * columns + struct.pack(">i", count) +
            content)


NOTHING = struct.pack(">iiii", 2, 4, 0, 0)
PREPARED = (struct.pack(">i", 4) + text("an id") +
            struct.pack(">iiiiii", 0, 0, 0, 4, 0, 0))


class Peer:
    """One connection; `seen` counts what all of them were asked."""
    seen = 0

    def __init__(self, connection):
        self.connection = connection
        self.segments = False
        self.payload = b""

    def read(self, n):
        data = b""
        while len(data) < n:
            piece = self.connection.recv(n - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def take(self, n):
        """The next bytes of frames, which are in segments or not."""
        if not self.segments:
            return self.read(n)
        while len(self.payload) < n:
            size = int.from_bytes(self.read(6)[:3], "little") & 0x1FFFF
            self.payload += self.read(size + 4)[:size]
        data, self.payload = self.payload[:n], self.payload[n:]
        return data

    def request(self):
        (self.version, _, self.stream, self.opcode,
         n) = struct.unpack(">BBhBI", self.take(9))
        self.take(n)
        print(NAMES.get(self.opcode, self.opcode), self.version, flush=True)

    def send(self, data):
        if self.segments:
            data = segment(data)
        self.connection.sendall(data)

    def answer(self, opcode, body, stream=None):
        self.send(frame(self.version, self.stream if stream is None
                        else stream, opcode, body))

    def start(self):
        """What any server does."""
        if self.opcode == OPTIONS:
            self.answer(SUPPORTED, struct.pack(">H", 0))
        elif self.opcode == STARTUP:
            self.answer(READY, b"")
            self.segments = self.version >= 5
        elif self.opcode == QUERY:
            self.answer(RESULT, NOTHING)
        elif self.opcode == PREPARE:
            body = PREPARED
            if self.version >= 5:
                body = body[:11] + text("result") + body[11:]
            self.answer(RESULT, body)
        elif self.opcode == EXECUTE:
            self.answer(RESULT, rows())
        elif self.opcode == REGISTER:
            self.answer(READY, b"")


def crc24(value):
    crc = 0x875060
    for _ in range(3):
        crc ^= (value & 0xFF) << 16
        value >>= 8
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1974F0B
    return crc


def segment(data):
    header = len(data) | 1 << 17
    crc = binascii.crc32(data, binascii.crc32(b"\xfa\x2d\x55\xca"))
    return (header.to_bytes(3, "little") + crc24(header).to_bytes(3, "little")
            + data + crc.to_bytes(4, "little"))


# ---- the first answer ----

def first_silence(p):
    pass


def first_close(p):
    p.connection.close()


def first_garbage(p):
    p.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def first_half(p):
    p.send(frame(p.version, 0, SUPPORTED, b"\0\0")[:5])


def first_cut(p):
    p.send(frame(p.version, 0, SUPPORTED, b"\0\0", length=100))
    p.connection.close()


def first_length(p):
    p.send(frame(p.version, 0, SUPPORTED, b"", length=0xFFFFFFFF))


def first_large(p):
    p.send(frame(p.version, 0, SUPPORTED, b"", length=65 << 20))


def first_version(p):
    p.send(frame(3, 0, SUPPORTED, b"\0\0"))


def first_opcode(p):
    p.answer(RESULT, NOTHING)


def first_beta(p):
    """A server in whose version 5 is not finished."""
    if p.version == 5 and p.opcode == OPTIONS:
        p.answer(SUPPORTED, struct.pack(">H", 1) + text("PROTOCOL_VERSIONS") +
                 struct.pack(">H", 2) + text("4/v4") + text("5/v5-beta"))
    else:
        p.start()


def first_only_4(p):
    if p.version == 5:
        p.send(frame(4, 0, ERROR, error(
            10, "Invalid or unsupported protocol version (5)")))
        p.connection.close()
    else:
        p.start()


def first_only_3(p):
    p.send(frame(3, 0, ERROR, error(
        10, f"Invalid or unsupported protocol version ({p.version})")))


def first_challenge(p):
    if p.opcode == STARTUP:
        p.answer(AUTHENTICATE, text("an.Authenticator"))
        p.segments = p.version >= 5
    elif p.opcode == 15:
        p.answer(14, struct.pack(">i", 0))
    else:
        p.start()


# ---- the answer to EXECUTE ----

def execute_right(p):
    p.answer(RESULT, rows())


def execute_silence(p):
    pass


def execute_close(p):
    p.connection.close()


def execute_half(p):
    p.send(frame(p.version, p.stream, RESULT, rows())[:-2])
    p.connection.close()


def execute_cut(p):
    p.answer(RESULT, rows()[:-2])


def execute_count(p):
    p.answer(RESULT, rows(count=0x7FFFFFFF))


def execute_negative(p):
    p.answer(RESULT, rows(count=-1))


def execute_columns(p):
    p.answer(RESULT, rows(columns=1000))


def execute_kind(p):
    p.answer(RESULT, struct.pack(">i", 77))


def execute_empty(p):
    p.answer(RESULT, b"")


def execute_stream(p):
    p.answer(RESULT, rows(), stream=p.stream + 7)


def execute_stream_negative(p):
    p.answer(RESULT, rows(), stream=-5)


def execute_twice(p):
    p.answer(RESULT, rows())
    p.answer(RESULT, rows())


def execute_cell(p):
    p.answer(RESULT, rows(content=struct.pack(">i", 1000) + b"no"))


def execute_error_cut(p):
    p.answer(ERROR, struct.pack(">ih", 0x2200, 1000))


def execute_compressed(p):
    p.send(struct.pack(">BBhBI", 0x80 | p.version, 1, p.stream, RESULT, 4) +
           b"????")


def execute_crc(p):
    data = bytearray(segment(frame(p.version, p.stream, RESULT, rows())))
    data[-1] ^= 1
    p.connection.sendall(data)


def execute_parts(p):
    """A self-contained segment with a part of a frame."""
    p.connection.sendall(segment(
        frame(p.version, p.stream, RESULT, rows())[:-1]))


def execute_unprepared(p):
    p.answer(ERROR, error(0x2500, "what?", text("an id")))


def execute_busy_once(p):
    Peer.seen += 1
    if Peer.seen == 1:
        p.answer(ERROR, error(0x1001, "too busy"))
    else:
        p.answer(RESULT, rows())


def execute_busy(p):
    p.answer(ERROR, error(0x1001, "too busy"))


def execute_unavailable(p):
    p.answer(ERROR, error(0x1000, "Cannot achieve consistency",
                          struct.pack(">hii", 6, 2, 1)))


def execute_timeout(p):
    p.answer(ERROR, error(0x1100, "timed out", struct.pack(">hii", 6, 0, 1) +
                          text("UNLOGGED_BATCH")))


def execute_denied(p):
    p.answer(ERROR, error(0x2100, "User has no MODIFY permission"))


def secure(connection, tls):
    """With TLS.  One that is refused is read to its end: closed with anything
    unread, it would be reset, and the reason lost with it."""
    connection = tls.wrap_socket(connection, server_side=True,
                                 do_handshake_on_connect=False)
    try:
        connection.do_handshake()
    except ssl.SSLError:
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
        raise
    return connection


def serve(connection, what, tls):
    act = globals()[what]
    try:
        if tls:
            connection = secure(connection, tls)
        peer = Peer(connection)
        while True:
            peer.request()
            if what.startswith("first_") or peer.opcode == EXECUTE:
                act(peer)
            else:
                peer.start()
    except (EOFError, OSError):
        connection.close()


def context(cert, key, ca=None):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
    tls.load_cert_chain(cert, key)
    if ca:
        tls.verify_mode = ssl.CERT_REQUIRED
    return tls


def main():
    tls = context(*sys.argv[3:]) if sys.argv[3:] else None
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    while True:
        connection = listener.accept()[0]
        threading.Thread(target=serve, args=(connection, sys.argv[2], tls),
                         daemon=True).start()


main()
