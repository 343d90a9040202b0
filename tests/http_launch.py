#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts a server as others do, with sockets that are there already.

http_launch.py systemd PORT… -- COMMAND…   LISTEN_FDS, LISTEN_PID
http_launch.py wait PORT -- COMMAND…       inetd wait: listening, on fd 0
http_launch.py nowait PORT -- COMMAND…     inetd nowait: one connection, on
                                           fds 0, 1 and 2; status of COMMAND
"""
import fcntl
import os
import socket
import subprocess
import sys

how = sys.argv[1]
end = sys.argv.index("--")
ports = [int(p) for p in sys.argv[2:end]]
command = sys.argv[end + 1:]
sockets = [socket.create_server(("127.0.0.1", p)) for p in ports]

if how == "nowait":
    print("listening", flush=True)
    connection, _ = sockets[0].accept()
    sockets[0].close()
    sys.exit(subprocess.run(command, stdin=connection, stdout=connection,
                            stderr=connection).returncode)
if how == "wait":
    os.dup2(sockets[0].fileno(), 0)
else:
    # clear of the fds that they will get, then each to its place
    high = [fcntl.fcntl(s, fcntl.F_DUPFD_CLOEXEC, 100) for s in sockets]
    for i, fd in enumerate(high):
        os.dup2(fd, 3 + i)
    os.environ["LISTEN_FDS"] = str(len(high))
    os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(command[0], command)
