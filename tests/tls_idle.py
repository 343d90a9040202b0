#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tls_idle.py PORT CA CERTIFICATE KEY: asks for /version once, with this
client certificate, prints the status, and then waits until the server ends
the connection."""
import socket
import ssl
import sys

port, ca, certificate, key = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(certificate, key)
s = context.wrap_socket(socket.create_connection(("127.0.0.1", int(port))),
                        server_hostname="localhost")
s.settimeout(60)
s.sendall(b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n")
print(s.recv(65536).split()[1].decode(), flush=True)
try:
    while s.recv(65536):
        pass
except OSError as e:
    if isinstance(e, TimeoutError):
        raise
print("closed")
