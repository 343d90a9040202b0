#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds TLS connections open, and says what becomes of them.

tls_hold.py PORT CA N [CERT KEY]    opens N connections, each after one GET of
/version; prints "serial HEX" of the server's certificate, and waits for words:
    ask     one more request on each; prints "answered N"
    gone    waits until the server has closed each; prints "gone N"
"""
import socket
import ssl
import sys

REQUEST = b'GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n'


def ask(s):
    """False when the connection has ended instead."""
    s.sendall(REQUEST)
    got = b''
    while b'\r\n\r\n' not in got or not got.rstrip().endswith(b'}'):
        more = s.recv(65536)
        if not more:
            return False
        got += more
    return True


def gone(s):
    try:
        return s.recv(65536) == b''
    except ConnectionError:
        return True


def main():
    port, ca, n = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    context = ssl.create_default_context(cafile=ca)
    if len(sys.argv) > 4:
        context.load_cert_chain(sys.argv[4], sys.argv[5])
    held = []
    for _ in range(n):
        s = context.wrap_socket(
            socket.create_connection(('127.0.0.1', port), 60),
            server_hostname='localhost')
        held.append(s)
        if not ask(s):
            sys.exit('no answer')
    print('serial', held[0].getpeercert()['serialNumber'], flush=True)
    for word in sys.stdin:
        if word.strip() == 'ask':
            print('answered', sum(ask(s) for s in held), flush=True)
        else:
            print('gone', sum(gone(s) for s in held), flush=True)


main()
