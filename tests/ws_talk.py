#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client for the suites, on Debian's python3-websockets.

ws_talk.py URL [-H NAME:VALUE] [-C CERT.crt KEY.key] [-A CA.crt] STEP...

Steps, done in order:
  send:TEXT hex:HEX file:PATH  a message; file's as text, binfile's as bytes
  recv[:N]      prints "text …" or "bytes HEX" for each of N messages
  count:N       receives N, prints how many bytes
  quiet         nothing has come: sends a ping and awaits its pong first
  made:FILE     makes the file, to say that it has come so far
  await:FILE    until there is such a file
  closed        awaits the end, prints "closed CODE REASON"
A refused handshake prints "refused STATUS".
"""
import asyncio
import os
import ssl
import sys

import websockets

from waiting import until_async

TIME = 40


async def step(ws, word):
    name, _, value = word.partition(':')
    if name == 'send':
        await ws.send(value)
    elif name == 'hex':
        await ws.send(bytes.fromhex(value))
    elif name == 'file':
        await ws.send(open(value, encoding='utf-8').read())
    elif name == 'binfile':
        try:
            await ws.send(open(value, 'rb').read())
        except websockets.ConnectionClosed:
            pass    # `closed` says why
    elif name == 'recv':
        for _ in range(int(value or 1)):
            got = await ws.recv()
            print('text ' + got if isinstance(got, str)
                  else 'bytes ' + got.hex(), flush=True)
    elif name == 'count':
        n = 0
        for _ in range(int(value)):
            n += len(await ws.recv())
        print('count', n, flush=True)
    elif name == 'quiet':
        await asyncio.wait_for(await ws.ping(), TIME)
        print('quiet' if not ws.messages else 'not quiet', flush=True)
    elif name == 'made':
        open(value, 'w', encoding='utf-8').close()
    elif name == 'await':
        await until_async(lambda: os.path.exists(value), value)
    elif name == 'closed':
        try:
            while True:
                await asyncio.wait_for(ws.recv(), TIME)
        except websockets.ConnectionClosed as e:
            print('closed', e.code, e.reason, flush=True)
    else:
        sys.exit('ws_talk: what is ' + word)


async def main():
    url, words = sys.argv[1], sys.argv[2:]
    headers, options = [], {}
    while words and words[0] in ('-H', '-C', '-A'):
        if words[0] == '-H':
            headers.append(tuple(words[1].split(':', 1)))
            words = words[2:]
            continue
        tls = options.setdefault('ssl', ssl.create_default_context())
        if words[0] == '-A':
            tls.load_verify_locations(words[1])
            words = words[2:]
        else:
            tls.load_cert_chain(words[1], words[2])
            words = words[3:]
    if url.startswith('unix:'):
        path, _, rest = url[5:].partition('//')
        connect = websockets.unix_connect(path, 'ws://localhost/' + rest,
                                          extra_headers=headers)
    else:
        connect = websockets.connect(url, extra_headers=headers,
                                     max_size=None, open_timeout=TIME,
                                     **options)
    try:
        async with connect as ws:
            for word in words:
                await asyncio.wait_for(step(ws, word), 2 * TIME)
    except websockets.InvalidStatusCode as e:
        print('refused', e.status_code)
    except (ssl.SSLError, ConnectionError, websockets.InvalidMessage) as e:
        print('failed', type(e).__name__)


asyncio.run(main())
