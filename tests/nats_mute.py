#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server of NATS that goes silent at the worst moment: a TCP proxy that
passes on everything until a client publishes to a subject that begins with
SUBJECT while there is FILE, and from then on nothing that the server says to
that client.

    nats_mute.py PORT SERVER_PORT SUBJECT FILE

It prints "ready" when it listens, and "mute" each time.
"""
import asyncio
import os
import sys


async def main(port, server_port, subject, file):
    async def serve(reader, writer):
        there, back = await asyncio.open_connection('127.0.0.1', server_port)
        mute = False

        async def answers():
            while data := await there.read(65536):
                if not mute:
                    writer.write(data)
                    await writer.drain()

        task = asyncio.create_task(answers())
        kept = b''
        try:
            while data := await reader.read(65536):
                kept = kept[-len(subject) - 8:] + data
                if (not mute and b'PUB ' + subject in kept
                        and os.path.exists(file)):
                    mute = True
                    print('mute', flush=True)
                back.write(data)
                await back.drain()
        except ConnectionError:
            pass
        task.cancel()
        back.close()
        writer.close()

    server = await asyncio.start_server(serve, '127.0.0.1', port)
    print('ready', flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode(),
                 sys.argv[4]))
