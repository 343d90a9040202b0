#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bad link: a TCP proxy that is told by lines of a FIFO what to do.

    link_proxy.py PORT SERVER_PORT FIFO

cut (connections end, new ones are refused), open, stall (nothing moves), after
BYTES (the same, once the server has said so many more), go, delay MS and rate BYTES_PER_SECOND (each way, of all connections; 0: none).
It prints "ready" when it listens.
"""
import asyncio
import sys

READ = 16384


def clock():
    return asyncio.get_running_loop().time()


async def until(due):
    """What a link takes: a time is what is made here."""
    loop = asyncio.get_running_loop()
    there = loop.create_future()
    loop.call_at(due, there.set_result, None)
    await there


class Link:
    def __init__(self):
        self.is_cut = False
        self.moving = asyncio.Event()
        self.moving.set()
        self.left = None            # bytes of answers before it stalls
        self.delay = 0.0
        self.rate = 0
        self.free = {}              # direction: when the line is free again
        self.writers = set()

    def command(self, line):
        words = line.split()
        if words[0] == 'cut':
            self.is_cut = True
            for writer in self.writers:
                writer.transport.abort()
        elif words[0] == 'open':
            self.is_cut = False
        elif words[0] == 'stall':
            self.moving.clear()
        elif words[0] == 'after':
            self.left = int(words[1])
        elif words[0] == 'go':
            self.left = None
            self.moving.set()
        elif words[0] == 'delay':
            self.delay = int(words[1]) / 1000
        elif words[0] == 'rate':
            self.rate = int(words[1])
        else:
            sys.exit('link_proxy: ' + line)

    async def narrow(self, way, n):
        if not self.rate:
            return
        begin = max(self.free.get(way, 0), clock())
        self.free[way] = begin + n / self.rate
        await until(self.free[way])

    async def take(self, way, reader, queue):
        try:
            while data := await reader.read(1024 if self.rate else READ):
                await self.narrow(way, len(data))
                await queue.put((clock() + self.delay, data))
        except OSError:
            pass
        await queue.put((0, b''))

    async def give(self, way, queue, writer):
        try:
            while True:
                due, data = await queue.get()
                await until(due)
                await self.moving.wait()
                if not data:
                    break
                if way == 'down' and self.left is not None:
                    part, data = data[:self.left], data[self.left:]
                    self.left -= len(part)
                    writer.write(part)
                    if data:
                        self.moving.clear()
                        await self.moving.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    async def connect(self, reader, writer, port):
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            far = await asyncio.open_connection('127.0.0.1', port)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, far[1]}
        up, down = asyncio.Queue(64), asyncio.Queue(64)
        await asyncio.gather(
            self.take('up', reader, up), self.give('up', up, far[1]),
            self.take('down', far[0], down), self.give('down', down, writer))
        self.writers -= {writer, far[1]}


async def main():
    port, server, fifo = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    link = Link()
    at = await asyncio.start_server(
        lambda r, w: link.connect(r, w, server), '127.0.0.1', port)
    commands = asyncio.StreamReader()
    # it is open for writing too, so it has no end
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), open(fifo, 'r+b', 0))
    print('ready', flush=True)
    async with at:
        while line := await commands.readline():
            link.command(line.decode())

asyncio.run(main())
