# SPDX-License-Identifier: Apache-2.0
"""What tests may do with time: wait for a condition, and not go as fast as
they could.  How long that took is no result; the limits end what hangs."""
import asyncio
import time

HANGS = 60


def until(condition, what, seconds=HANGS):
    """Asks until it is so; gives what was said then."""
    end = time.monotonic() + seconds
    while not (said := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"never came: {what}")
        time.sleep(0.002)
    return said


async def until_async(condition, what):
    """The same while other things go on."""
    end = time.monotonic() + HANGS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never came: {what}")
        await asyncio.sleep(0.01)


def read_by_peer(s):
    """Has a process of this machine read all that was sent to it?"""
    ends = [f":{a[1]:04X}" for a in (s.getpeername(), s.getsockname())]
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in f:
            words = line.split()
            if [w[-5:] for w in words[1:3]] == ends:
                return words[4].endswith(":00000000")
    return True


class Deadline:
    """The end of a time that is part of what a test does."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def over(self):
        return time.monotonic() >= self.end


def breathe(seconds=0.001):
    """Between two of very many: a load that leaves the machine to others."""
    time.sleep(seconds)
