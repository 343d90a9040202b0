#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lines that were cut off, at every byte, through every filter.

	tears.py [COMMAND...]

A writer that is killed leaves a whole line and some bytes of the next one,
which comes again.  None of what reads that may call it refused (65), copy
it to --rejects, or make anything of it.  With the newline that grep(1) adds
it is the same.  COMMAND instead of all those is another filter, of stdin.
"""
import json
import os
import shlex
import subprocess
import sys

WHOLE = b'{"channel":"C","publisher":"T","seq":10,"n":"a","v":1,"t":1700000000}\n'
SAMPLES = [
    b'[{"seq":90,"channel":"C","publisher":"T","protocol":"http","received":'
    b'1700000000.25,"bn":"dev:","n":"b","v":1},{"n":"c","x":{"y":[1,"]}"]}}]',
    b'{"channel":"C","subtopic":"a.b","seq":90,"part":1,"n":"b","u":"Cel",'
    b'"vs":"\\u00e9 \\"}{\\\\","t":1700000000}',
    b'{"seq":90}',
    b'{"seq":90,"part":3}',
    b'[{"seq":90,"channel":"C","received":1700000000,"n":"payload","vd":'
    b'"gaIAYWICAQ","ct":"application/senml+cbor"}]',
    # of a filter that puts the position last
    b'{"n":"b","v":1,"t":1700000000,"channel":"C","seq":90}',
]
FILTERS = [
    "mfx-normalize --rejects REJECTS", "mfx-grep --rejects REJECTS",
    "mfx-fmt -t tsv --rejects REJECTS", "mfx-encode --rejects REJECTS",
    "mfx-check", "mfx-pub --rejects REJECTS STREAM",
    "mfx-pub --rejects REJECTS --ack raw/GROUP STREAM",
    "mfx-write-sqlite --rejects REJECTS DB",
    "mfx-write-sqlite --rejects REJECTS --ack raw/GROUP DB",
]


def run(command, given, number):
    names = {"REJECTS": "rejects", "STREAM": f"s{number}",
             "GROUP": f"g{number}", "DB": "tears.db"}
    for name in ("rejects", "tears.db", "tears.db-wal", "tears.db-shm"):
        if os.path.exists(name):
            os.unlink(name)
    for word, name in names.items():
        command = command.replace(word, name)
    p = subprocess.run(shlex.split(command), input=given,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    rejected = os.path.exists("rejects") and os.path.getsize("rejects") > 0
    stored = None
    if " tears.db" in command:
        stored = subprocess.run(["mfx-read-sqlite", "tears.db"],
                                stdout=subprocess.PIPE).stdout
    if names["STREAM"] in command.split():
        stored = subprocess.run(["mfx-sub", "--no-follow", names["STREAM"]],
                                stdout=subprocess.PIPE).stdout
    return p, rejected, stored


bare = {}


def check(command, tear, number, ended):
    given = WHOLE + tear + (b"\n" if ended else b"")
    p, rejected, stored = run(command, given, number)
    ack = "--ack" in command
    at = (command, tear, ended, p.returncode, p.stderr)
    assert p.returncode in ((0, 75) if ack else (0,)), at
    assert not ack or p.returncode == 75, at
    assert not rejected, at
    if command.startswith("mfx-check"):
        assert p.stdout == b"", at
    elif stored is not None:
        assert [json.loads(l)["n"] for l in stored.splitlines()] == ["a"], \
            (at, stored)
    else:
        # nothing came of it but the note
        if command not in bare:
            bare[command] = run(command, WHOLE, number)[0].stdout
        assert p.stdout == bare[command], at
        assert b"cut off" in p.stderr, at


number = tears = 0
filters = sys.argv[1:] or FILTERS
for command in filters:
    # one that has to be started first is slow
    for sample in SAMPLES[:2] if sys.argv[1:] else SAMPLES:
        for n in range(1, len(sample) + 1):
            number += 1
            check(command, sample[:n], number, False)
            tears += 1
            # with a newline only a half is one
            if n < len(sample) and "check" not in command and n % (
                    9 if sys.argv[1:] else 3) == 0:
                number += 1
                check(command, sample[:n], number, True)
                tears += 1
print(tears, "tears")
