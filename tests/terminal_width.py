#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""terminal_width.py [-e] COLUMNS COMMAND…: runs the command with a terminal of
that width as its stdout or, with -e, as its stderr; prints what came there, and
ends with the command's status."""
import fcntl
import os
import pty
import struct
import sys
import termios

args = sys.argv[1:]
fd = 2 if args[0] == "-e" else 1
args = args[fd - 1:]
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(args[0]), 0, 0))
pid = os.fork()
if pid == 0:
    os.dup2(theirs, fd)
    os.execvp(args[1], args[1:])
os.close(theirs)
while True:
    try:
        data = os.read(ours, 65536)
    except OSError:
        break
    if not data:
        break
    os.write(sys.stdout.fileno(), data.replace(b"\r\n", b"\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
