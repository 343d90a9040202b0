#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""post.py URL KEY-FILE NAME STOP: posts {"n":NAME,"v":1}, 2, 3... each once,
until there is a file STOP; prints the numbers that were accepted."""
import http.client
import os
import sys
import urllib.parse

from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from waiting import breathe  # noqa: E402

url = urllib.parse.urlsplit(sys.argv[1])
with open(sys.argv[2], encoding="ascii") as f:
    headers = {"Authorization": f.read().strip()}
name, stop = sys.argv[3:5]
connection, number = None, 0
while not os.path.exists(stop):
    number += 1
    try:
        if connection is None:
            connection = http.client.HTTPConnection(
                url.hostname, url.port, timeout=30)
        connection.request("POST", url.path,
                           '[{"n":"%s","v":%d}]' % (name, number), headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status == 202:
            print(name, number, flush=True)
        else:
            breathe(0.1)
    except (OSError, http.client.HTTPException):
        connection = None
        breathe(0.1)
    breathe(0.01)
