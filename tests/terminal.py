#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""terminal.py PROMPT ANSWER COMMAND…: runs the command on a terminal, types
the answer after the prompt, prints what was to be seen, and ends with the
command's status."""
import os
import pty
import select
import sys

prompt, answer, command = sys.argv[1].encode(), sys.argv[2], sys.argv[3:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen, typed = b"", False
while select.select([fd], [], [], 20)[0]:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if prompt in seen and not typed:
        typed = True
        os.write(fd, answer.encode() + b"\n")
else:
    sys.exit("terminal.py: nothing came any more")
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
