#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A broker that misbehaves as told, for one client at a time.

    mqtt_fake.py ADDRESS MODE [ARGUMENT]

ADDRESS is a port of 127.0.0.1, or 0, or the path of a unix socket; "READY
ADDRESS" is said on stdout when it listens.  Then what comes is, a line for
each packet: "PUBLISH 3 channels/c/messages 17" is packet id, topic and bytes
of payload; after CONNECT "MAXIMUM 1000" if the client says how long a packet
may be (MQTT 5).  MODE is one of

    ack N         PUBACK to the first N messages, then to none
    keep FILE     PUBACK to all messages, which go into the file, one a line
    reason N      PUBACK with that reason, to every message (MQTT 5)
    close T [N]   hangs up on every message with T in its topic, with N as the
                  reason of a DISCONNECT, and takes the others
    but T N       PUBACK with reason N to messages with T in their topic
    mute T        no answer to messages with T in their topic
    shut N        hangs up N times on the first message of a connection, and
                  then takes all
    refuse N      CONNACK with that code
    send FILE Q   a message of topic "t" with QoS Q, once it is subscribed
    burst N A B   N messages of QoS 1 with A bytes and one with B bytes, at
                  once, of topics "t/…" with a level of 1000 bytes
    pubrec FILE   as send with QoS 2, without ever a PUBREL
    silent        SUBACK, and not a byte after it
    hang          not even CONNACK
    takeover      SUBACK, and DISCONNECT as another one has our id (MQTT 5)
"""
import socket
import struct
import sys

NAMES = {1: "CONNECT", 3: "PUBLISH", 4: "PUBACK", 5: "PUBREC", 6: "PUBREL",
         7: "PUBCOMP", 8: "SUBSCRIBE", 12: "PINGREQ", 14: "DISCONNECT"}


def listen(address):
    if address.isdigit():
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", int(address)))
    else:
        s = socket.socket(socket.AF_UNIX)
        s.bind(address)
    s.listen(5)
    return s


def varint(n):
    out = b""
    while True:
        n, low = n >> 7, n & 127
        out += bytes([low | (128 if n else 0)])
        if not n:
            return out


def text(b):
    return struct.pack(">H", len(b)) + b


def packet(head, body):
    return bytes([head]) + varint(len(body)) + body


class Client:
    def __init__(self, sock):
        self.f = sock.makefile("rb")
        self.sock = sock
        self.v5 = False

    def read(self):
        head = self.f.read(1)
        if not head:
            return None, b""
        n, shift = 0, 0
        while True:
            b = self.f.read(1)[0]
            n |= (b & 127) << shift
            shift += 7
            if b < 128:
                break
        return head[0], self.f.read(n)

    def send(self, head, body):
        self.sock.sendall(packet(head, body))

    def props(self):
        return b"\0" if self.v5 else b""


def say(*what):
    print(*what, flush=True)


def maximum(body):
    """The Maximum Packet Size of a CONNECT, if it has one."""
    sizes = {0x11: 4, 0x21: 2, 0x22: 2, 0x27: 4}
    at, end = 11, 11 + body[10]
    while at < end:
        n = sizes[body[at]]
        if body[at] == 0x27:
            return int.from_bytes(body[at + 1:at + 1 + n], "big")
        at += 1 + n
    return None


class Broker:
    def __init__(self, mode, args):
        self.mode, self.args, self.acked = mode, args, 0
        self.shut = int(args[0]) if mode == "shut" else 0

    def connect(self, c, body):
        c.v5 = body[6] == 5
        if c.v5 and maximum(body):
            say("MAXIMUM", maximum(body))
        if self.mode == "hang":
            return
        code = int(self.args[0]) if self.mode == "refuse" else 0
        c.send(0x20, bytes([0, code]) + c.props())

    def subscribe(self, c, body):
        out = packet(0x90, body[:2] + c.props() + b"\2")
        if self.mode == "takeover":
            out += packet(0xe0, b"\x8e\0")
        if self.mode == "burst":
            n, small, big = map(int, self.args)
            topic = text(b"t/" + 1000 * b"x")
            out += b"".join(
                packet(0x32, topic + struct.pack(">H", i + 1) + c.props()
                       + bytes(big if i == n else small))
                for i in range(n + 1))
        if self.mode in ("send", "pubrec"):
            qos = int(self.args[1]) if self.mode == "send" else 2
            with open(self.args[0], "rb") as f:
                out += packet(0x30 | qos << 1, b"\0\1t" +
                              (b"\0\7" if qos else b"") + c.props()
                              + f.read())
        c.sock.sendall(out)

    def publish(self, c, head, body):
        n = struct.unpack(">H", body[:2])[0]
        topic, body = body[2:2 + n].decode(), body[2 + n:]
        mid, body = body[:2], body[2:]
        if c.v5:
            skip, shift = 0, 0
            for i, b in enumerate(body):
                skip |= (b & 127) << shift
                shift += 7
                if b < 128:
                    break
            body = body[i + 1 + skip:]
        say("PUBLISH", struct.unpack(">H", mid)[0], topic, len(body))
        if self.mode == "ack" and self.acked < int(self.args[0]):
            self.acked += 1
            c.send(0x40, mid)
        elif self.mode == "keep":
            with open(self.args[0], "ab") as f:
                f.write(body + b"\n")
            c.send(0x40, mid)
        elif self.mode == "reason":
            c.send(0x40, mid + bytes([int(self.args[0])]))
        elif self.mode in ("close", "but", "mute", "shut"):
            self.answer(c, mid, topic)

    def answer(self, c, mid, topic):
        if self.mode == "shut" and self.shut > 0:
            self.shut -= 1
            raise ConnectionError
        if self.mode == "shut" or self.args[0] not in topic:
            c.send(0x40, mid)
        elif self.mode == "but":
            c.send(0x40, mid + bytes([int(self.args[1])]))
        elif self.mode == "close":
            if len(self.args) > 1:
                c.send(0xe0, bytes([int(self.args[1])]) + b"\0")
            raise ConnectionError

    def serve(self, c):
        while True:
            head, body = c.read()
            if head is None:
                say("END")
                return
            kind = head >> 4
            if kind != 3:
                say(NAMES.get(kind, kind))
            if kind == 1:
                self.connect(c, body)
            elif kind == 3:
                self.publish(c, head, body)
            elif kind == 8:
                self.subscribe(c, body)
            elif kind == 12 and self.mode != "silent":
                c.send(0xd0, b"")


def main():
    listener = listen(sys.argv[1])
    broker = Broker(sys.argv[2], sys.argv[3:])
    name = listener.getsockname()
    say("READY", name if isinstance(name, str) else name[1])
    while True:
        sock, _ = listener.accept()
        try:
            broker.serve(Client(sock))
        except (ConnectionError, BrokenPipeError, IndexError):
            say("END")
        sock.close()


if __name__ == "__main__":
    main()
