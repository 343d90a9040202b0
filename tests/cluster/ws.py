#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ws.py URL KEY-FILE NAME STOP: sends {"n":NAME,"v":1}, 2, 3... over a
WebSocket, each once, until there is a file STOP; connects again when it is
closed.  Nothing is acknowledged there."""
import asyncio
import os
import sys

import websockets

from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import waiting  # noqa: E402

url, key_file, name, stop = sys.argv[1:5]


async def breathe():
    await asyncio.get_running_loop().run_in_executor(
        None, waiting.breathe, 0.02)


async def main():
    with open(key_file, encoding="ascii") as f:
        headers = {"Authorization": f.read().strip()}
    number = 0
    while not os.path.exists(stop):
        try:
            async with websockets.connect(url, extra_headers=headers) as s:
                while not os.path.exists(stop):
                    number += 1
                    await s.send('[{"n":"%s","v":%d}]' % (name, number))
                    # what comes before it has been read
                    await asyncio.wait_for(await s.ping(), 30)
                    await breathe()
        except (OSError, asyncio.TimeoutError,
                websockets.exceptions.WebSocketException):
            pass

asyncio.run(main())
