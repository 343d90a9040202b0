# SPDX-License-Identifier: Apache-2.0
"""Devices of flood.py, one class for each door: each has a connection, sends
what it has when the adapter takes it, and says of each answer whether the
message was accepted.  ConnectionError: the adapter has ended the connection.
"""
import os
import socket
import struct

from coap_raw import ACK, CON, PATH, POST, QUERY, extend, message, parse
from mqtt_device import connect_packet, packet, take, text
from waiting import Deadline
from ws_raw import opened

JSON = b"application/senml+json"


class Device:
    def __init__(self, port, channel, key):
        self.channel, self.key = channel, key
        self.left, self.got = b"", b""
        self.socket = self.connect(port)
        self.socket.setblocking(False)

    def connect(self, port):
        return socket.create_connection(("127.0.0.1", port))

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def send(self, body):
        self.left += self.message(body)
        self.flush()

    def flush(self):
        try:
            while self.left:
                self.left = self.left[self.socket.send(self.left):]
        except BlockingIOError:
            pass

    def answers(self):
        try:
            more = self.socket.recv(1 << 16)
        except BlockingIOError:
            return []
        if not more:
            raise ConnectionError
        self.got += more
        said = []
        while (answer := self.take()) is not None:
            said += answer
        return said

    def cut(self, n):
        """The next bytes of what has come, if all of them are there."""
        if len(self.got) < n:
            return None
        part, self.got = self.got[:n], self.got[n:]
        return part


class Http(Device):
    def message(self, body):
        return (b"POST /channels/%s/messages HTTP/1.1\r\nHost: a\r\n"
                b"Authorization: %s\r\nContent-Type: %s\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (
                    self.channel.encode(), self.key.encode(), JSON,
                    len(body), body))

    def send(self, body, device=None, times=1):
        """As another device, too"""
        self.left += (device or self).message(body) * times
        self.flush()

    def take(self):
        """No answer has a body, or is in parts, as long as all goes well."""
        end = self.got.find(b"\r\n\r\n")
        if end < 0:
            return None
        status = int(self.cut(end + 4)[9:12])
        assert status in (202, 503), status
        return [status == 202]


class WebSocket(Device):
    """Nothing is answered there; the pong of a ping after a message says that
    the message was read."""
    PING = b"\x89\x80\0\0\0\0"

    def connect(self, port):
        return opened(port, f"/channels/{self.channel}/messages", self.key)

    def message(self, body):
        n = len(body)
        head = bytes([0x80 | n]) if n < 126 else struct.pack(">BH", 0xfe, n)
        return b"\x81" + head + bytes(4) + body + self.PING

    def take(self):
        if len(self.got) < 2:
            return None
        if (frame := self.cut(2 + self.got[1])) is None:
            return None
        if frame[0] == 0x88:
            raise ConnectionError
        return [True] if frame[0] == 0x8a else []


class Mqtt(Device):
    """Version 5, where a refusal is one of the message."""

    def connect(self, port):
        s = super().connect(port)
        s.sendall(connect_packet(self.key, version=5))
        head = take(s, 2)
        body = take(s, head[1])
        assert head[0] == 0x20 and body[1] == 0, body
        return s

    def message(self, body):
        return packet(0x32, text(b"channels/%s/messages" %
                                 self.channel.encode()) + b"\0\1\0" + body)

    def take(self):
        if len(self.got) < 2:
            return None
        if (answer := self.cut(2 + self.got[1])) is None:
            return None
        if answer[0] != 0x40:
            raise ConnectionError
        return [len(answer) < 5 or answer[4] < 0x80]


class CoapDatagrams(Device):
    """What gets no answer is sent again, as a confirmable message has to be
    (RFC 7252, 4.2)."""
    mid, again = 0, None

    def connect(self, port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(("127.0.0.1", port))
        return s

    def options(self):
        return [(PATH, p) for p in (b"channels", self.channel.encode(),
                                    b"messages")] + \
            [(QUERY, b"auth=" + self.key.encode())]

    def message(self, body):
        self.mid = (self.mid + 1) & 0xffff
        self.datagram = message(CON, POST, self.mid, struct.pack(
            ">H", self.mid), self.options(), body)
        self.again = Deadline(0)
        return b""

    def flush(self):
        if self.again and self.again.over():
            self.again = Deadline(2)
            self.socket.send(self.datagram)

    def answers(self):
        try:
            kind, code, mid, token, _, _ = parse(self.socket.recv(2048))
        except BlockingIOError:
            return []
        if kind == CON:
            self.socket.send(message(ACK, 0, mid))
        if code == 0 or token != struct.pack(">H", self.mid):
            return []
        self.again = None
        return [code == 0x44]


class CoapTcp(CoapDatagrams):
    """RFC 8323: the length is before the code, and there are no types."""
    CSM = b"\0\xe1"

    def connect(self, port):
        s = socket.create_connection(("127.0.0.1", port))
        s.sendall(self.CSM)
        return s

    def message(self, body):
        rest = message(CON, POST, 0, b"", self.options(), body)[4:]
        n, more = extend(len(rest))
        return bytes([n << 4]) + more + bytes([POST]) + rest

    flush, answers = Device.flush, Device.answers

    def take(self):
        if not self.got:
            return None
        n, token = self.got[0] >> 4, self.got[0] & 15
        size = {13: 1, 14: 2}.get(n, 0)
        if len(self.got) < 1 + size:
            return None
        if size:
            n = {13: 13, 14: 269}[n] + \
                int.from_bytes(self.got[1:1 + size], "big")
        if (answer := self.cut(2 + size + token + n)) is None:
            return None
        code = answer[1 + size]
        return [] if code >> 5 == 7 else [code == 0x44]


DOORS = {"http": Http, "ws": WebSocket, "mqtt": Mqtt, "coap": CoapDatagrams,
         "coap-tcp": CoapTcp}
