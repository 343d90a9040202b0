#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""keep_posting.py URL KEY-FILE: posts over one connection until killed;
prints the status and the local port for each answer."""
import http.client
import sys
import urllib.parse

from waiting import breathe

url = urllib.parse.urlsplit(sys.argv[1])
with open(sys.argv[2]) as f:
    headers = {"Authorization": f.read().strip()}
connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
connection.connect()
while True:
    connection.request("POST", url.path, '[{"n":"x","v":1}]', headers)
    answer = connection.getresponse()
    answer.read()
    print(answer.status,
          connection.sock.getsockname()[1] if connection.sock else "closed",
          flush=True)
    if connection.sock is None:
        sys.exit("the connection was closed")
    breathe(0.01)
