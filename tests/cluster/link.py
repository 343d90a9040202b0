#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""link.py PID FIFO: a bad link of IP packets, between this network and that of
the process: the device "link" in both, without addresses.  Lines of the FIFO
say how it is:

cut and open; loss PERCENT; reorder PERCENT (of packets that come after some
later ones); delay MS and rate BYTES_PER_SECOND (each way; 0: none).
It prints "ready" when both devices are there.
"""
import asyncio
import ctypes
import fcntl
import os
import random
import struct
import sys

TUNSETIFF, TUN, PLAIN = 0x400454ca, 1, 0x1000
NEW_NET = 0x40000000
# a packet that is late, s; and what waits for a narrow link, s
LATE, WAITS = 0.06, 2


def device():
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", b"link", TUN | PLAIN))
    return fd


def enter(path):
    net = os.open(path, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(net, NEW_NET) < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    os.close(net)


class Link:
    def __init__(self):
        self.settings = {"cut": 0, "loss": 0, "reorder": 0, "delay": 0,
                         "rate": 0}
        self.free = {}              # fd: when the line from it is free again

    def command(self, line):
        word, *value = line.split()
        if word == "open":
            word, value = "cut", ["0"]
        self.settings[word] = int((value or ["1"])[0])

    def chance(self, name):
        return random.random() * 100 < self.settings[name]

    def due(self, way, now, size):
        """When it arrives, or None."""
        if self.settings["cut"] or self.chance("loss"):
            return None
        begin = max(self.free.get(way, 0), now)
        if self.settings["rate"]:
            if begin - now > WAITS:
                return None
            begin += size / self.settings["rate"]
            self.free[way] = begin
        return begin + self.settings["delay"] / 1000 + \
            (LATE * random.random() if self.chance("reorder") else 0)

    def move(self, way, to):
        loop = asyncio.get_running_loop()
        try:
            packet = os.read(way, 65536)
        except OSError:             # it is down yet
            return
        due = self.due(way, loop.time(), len(packet))
        if due is not None:
            loop.call_at(due, self.give, to, packet)

    @staticmethod
    def give(to, packet):
        try:
            os.write(to, packet)
        except OSError:
            pass


async def main():
    here = device()
    home = "/proc/self/ns/net"
    back = os.open(home, os.O_RDONLY)
    enter(f"/proc/{sys.argv[1]}/ns/net")
    there = device()
    enter(f"/proc/self/fd/{back}")
    link = Link()
    loop = asyncio.get_running_loop()
    loop.add_reader(here, link.move, here, there)
    loop.add_reader(there, link.move, there, here)
    commands = asyncio.StreamReader()
    # it is open for writing too, so it has no end
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands),
        open(sys.argv[2], "r+b", 0))
    print("ready", flush=True)
    while line := await commands.readline():
        link.command(line.decode())

asyncio.run(main())
