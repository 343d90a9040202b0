#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client that misbehaves, on a bare socket.

ws_raw.py PORT PATH KEY idle    opens, answers nothing; prints "gone" at the end
ws_raw.py PORT PATH KEY stall   opens, reads nothing until SIGUSR1, then all;
                                prints "closed CODE REASON"
"""
import signal
import socket
import sys


def opened(port, path, key, small=False):
    s = socket.socket()
    s.settimeout(60)
    if small:
        # so that the kernel holds little, on the other side too
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    s.connect(('127.0.0.1', int(port)))
    s.sendall((f'GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n'
               'Connection: Upgrade\r\nUpgrade: websocket\r\n'
               'Sec-WebSocket-Version: 13\r\n'
               'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n').encode())
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        head += s.recv(1)
    if b' 101 ' not in head:
        sys.exit(head.decode())
    return s


def frames(f):
    """Opcode and payload of each, until the end."""
    while True:
        head = f.read(2)
        if len(head) < 2:
            return
        n = head[1]
        if n == 126:
            n = int.from_bytes(f.read(2), 'big')
        elif n == 127:
            n = int.from_bytes(f.read(8), 'big')
        yield head[0] & 15, f.read(n)


def ended(s):
    """Reads to the end, and says how it came: "CODE REASON", or "cut"."""
    try:
        for opcode, payload in frames(s.makefile('rb')):
            if opcode == 8:
                code = int.from_bytes(payload[:2], 'big')
                return f'{code} {payload[2:].decode()}'
    except ConnectionError:
        pass
    return 'cut'


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    s = opened(*sys.argv[1:4])
    print('open', flush=True)
    if sys.argv[4] == 'stall':
        signal.sigwait([signal.SIGUSR1])
    s.settimeout(60)
    for opcode, payload in frames(s.makefile('rb')):
        if opcode == 8:
            print('closed', int.from_bytes(payload[:2], 'big'),
                  payload[2:].decode(), flush=True)
            return
    print('gone', flush=True)


if __name__ == '__main__':
    main()
