#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts a server as others do, with sockets that are there already.

coap_launch.py systemd SOCKET… -- COMMAND…   LISTEN_FDS, LISTEN_FDNAMES
coap_launch.py wait SOCKET -- COMMAND…       inetd wait: on fd 0

A SOCKET is udp:PORT or tcp:PORT, with :NAME after it for systemd's
FileDescriptorName=.  A datagram for the first is sent before COMMAND runs,
when the environment has FIRST in hexadecimal: it has to be answered.
"""
import fcntl
import os
import socket
import sys

how = sys.argv[1]
end = sys.argv.index("--")
command = sys.argv[end + 1:]
sockets, names = [], []
for spec in sys.argv[2:end]:
    kind, port, name = (spec + ":").split(":")[:3]
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp"
                      else socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", int(port)))
    if kind == "tcp":
        s.listen(5)
    sockets.append(s)
    names.append(name)

if "FIRST" in os.environ:
    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    c.connect(sockets[0].getsockname())
    c.send(bytes.fromhex(os.environ["FIRST"]))
    if os.fork() == 0:
        # the client: what comes is told on stderr; the server is the process
        # that was started, and ends with the test
        c.settimeout(20)
        answer = c.recv(1000)
        print("%d.%02d" % (answer[1] >> 5, answer[1] & 31), file=sys.stderr,
              flush=True)
        os._exit(0)
if how == "wait":
    os.dup2(sockets[0].fileno(), 0)
else:
    # clear of the fds that they will get, then each to its place
    high = [fcntl.fcntl(s, fcntl.F_DUPFD_CLOEXEC, 100) for s in sockets]
    for i, fd in enumerate(high):
        os.dup2(fd, 3 + i)
    os.environ["LISTEN_FDS"] = str(len(high))
    os.environ["LISTEN_FDNAMES"] = ":".join(names)
    os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(command[0], command)
