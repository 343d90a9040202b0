#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the events of a stream that mfx-events --redis writes, one JSON object
a line, and acknowledges each when it is printed: redis-events.py URL GROUP
[NAME].  Of several with one GROUP and different NAMEs each gets a share.  With
ONCE in the environment it ends when there are no more.  The password is in
REDISCLI_AUTH."""
import json
import os
import sys

import redis

STREAM = "mainflux.things"

url, group = sys.argv[1:3]
name = sys.argv[3] if len(sys.argv) > 3 else "one"
once = "ONCE" in os.environ
server = redis.Redis.from_url(
    url, password=os.environ.get("REDISCLI_AUTH"), decode_responses=True)
try:
    server.xgroup_create(STREAM, group, id="0", mkstream=True)
except redis.ResponseError as error:
    if not str(error).startswith("BUSYGROUP"):
        raise
# first what was given to this name before and was not acknowledged
begin = "0"
while True:
    got = server.xreadgroup(group, name, {STREAM: begin}, count=100,
                            block=None if once else 5000)
    entries = got[0][1] if got else []
    if not entries:
        if once and begin == ">":
            break
        begin = ">"
    for number, event in entries:
        if event:  # else it was trimmed away
            print(json.dumps(event), flush=True)
        server.xack(STREAM, group, number)
