#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Passes on readings whose value differs from the last of the same name.

It reads what mfx-normalize writes.  A line that is passed on stays as it
came; of a line that is dropped the position goes on, as a mark.
"""
import json
import sys

LAST_MAX = 100000      # names to remember


def main():
    last = {}
    for line in sys.stdin:
        try:
            record = json.loads(line)
            key = record.get("channel"), record.get("publisher"), record["n"]
        except (ValueError, KeyError, AttributeError):
            sys.stdout.write(line)      # a mark, or not for us to judge
            sys.stdout.flush()
            continue
        value = [record.get(v) for v in ("v", "vs", "vb", "vd", "s")]
        if key not in last or last[key] != value:
            if len(last) >= LAST_MAX:
                last.clear()
            last[key] = value
            sys.stdout.write(line)
        elif "seq" in record:
            position = {k: record[k] for k in ("seq", "part") if k in record}
            print(json.dumps(position, separators=(",", ":")))
        sys.stdout.flush()


main()
