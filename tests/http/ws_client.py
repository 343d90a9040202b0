#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ws_client.py PORT: a WebSocket of PyPI's websockets on /ws, which echoes."""
import asyncio
import sys

import websockets


async def main(port):
    async with websockets.connect(f"ws://127.0.0.1:{port}/ws",
                                  subprotocols=["x", "echo"]) as ws:
        assert ws.subprotocol == "echo", ws.subprotocol
        for text in "", "Hellö", "x" * 125, "x" * 126, "x" * 65536:
            await ws.send(text)
            assert await ws.recv() == text
        await ws.send(bytes(range(256)))
        assert await ws.recv() == bytes(range(256))
        await ws.send(["Hel", "", "lo"])
        assert await ws.recv() == "Hello"
        for _ in range(10):
            await (await ws.ping())
    print("ok" if ws.close_code == 1000 else ws.close_code)


asyncio.run(main(int(sys.argv[1])))
