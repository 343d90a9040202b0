#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The payload that a line of mfx-line(5) carries, by that page's words."""
import base64
import re
import sys

LABELS = (rb'"(?:channel|publisher|protocol|subtopic)":"[^"]*",'
          rb'|"(?:received|seq|part)":[0-9.]+,')

line = sys.stdin.buffer.read().rstrip(b"\n")
bare = re.sub(rb"^\[\{(?:" + LABELS + rb")*", b"[{", line)
data = re.match(rb'\[\{"n":"payload","vd":"([^"]*)","ct":"(?:[^"\\]|\\.)*"\}\]$', bare)
if data:
    text = data[1]
    bare = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
sys.stdout.buffer.write(bare)
