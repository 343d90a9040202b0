#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gives a program its input in pieces, each one read(2) of its own.

	feed.py split N FILE COMMAND [SHOW]	once for every Nth offset of FILE
	feed.py bytes 1 FILE COMMAND [SHOW]	one byte at a time

COMMAND and SHOW are run by sh, each run in a directory of its own with
MFX_HOME there.  What COMMAND says and its status, and what SHOW says after
it, must be the same as with FILE in one piece; if not, status 1.

stdin is a SOCK_SEQPACKET socket: a read gives one packet, however fast
the two sides are, so nothing here depends on time.
"""
import os
import socket
import subprocess
import sys
import tempfile


def run(command, show, pieces):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with tempfile.TemporaryDirectory() as home:
        env = dict(os.environ, MFX_HOME=home + "/home")
        child = subprocess.Popen(
            ["sh", "-c", command], stdin=theirs, cwd=home, env=env,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        theirs.close()
        for piece in pieces:
            if piece:
                ours.send(piece)
        ours.close()
        out, err = child.communicate()
        shown = subprocess.run(["sh", "-c", show], cwd=home, env=env,
                               capture_output=True).stdout if show else b""
        return child.returncode, out, shown, err


def main():
    how, every, path, command = sys.argv[1:5]
    show = sys.argv[5] if len(sys.argv) > 5 else None
    with open(path, "rb") as f:
        data = f.read()
    want = run(command, show, [data])
    if how == "split":
        ways = [[data[:i], data[i:]] for i in range(1, len(data), int(every))]
    else:
        ways = [[data[i:i + 1] for i in range(len(data))]]
    for i, pieces in enumerate(ways, 1):
        got = run(command, show, pieces)
        if got[:3] != want[:3]:
            print(f"{how} {i}: {got!r}\nin one piece: {want!r}")
            return 1
    return 0


sys.exit(main())
