#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What RFC 6455 calls an error, and what only looks like one.

ws_hostile.py PORT CHANNEL KEY
    tries each row of the tables below whole, byte by byte, and with one more
    message in the same write; says which is answered in another way than its
    row says, and prints what has to be on the bus: "SUBTOPIC TEXT" lines
"""
import select
import socket
import struct
import sys

PORT, CHANNEL, KEY = int(sys.argv[1]), sys.argv[2], sys.argv[3]
FIN, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = b'\x37\xfa\x21\x3d'
NONCE = 'dGhlIHNhbXBsZSBub25jZQ=='
EURO = '€'.encode()


def frame(first, payload=b'', mask=MASK, bits=None, length=None):
    """bits: how its length is written, 7, 16 or 64"""
    n = len(payload) if length is None else length
    bits = bits or (7 if n < 126 else 16 if n < 65536 else 64)
    second = {7: n, 16: 126, 64: 127}[bits] | (0x80 if mask else 0)
    more = {7: b'', 16: struct.pack('>H', n & 0xffff),
            64: struct.pack('>Q', n)}[bits]
    if mask:
        payload = bytes(c ^ mask[i & 3] for i, c in enumerate(payload))
    return bytes([first, second]) + more + (mask or b'') + payload


def text(s):
    return frame(FIN | TEXT, s)


def close(code=None, reason=b''):
    return frame(FIN | CLOSE, b'' if code is None else
                 struct.pack('>H', code) + reason)


def split(s):
    """each byte in a fragment of its own"""
    return b''.join(frame((FIN if i == len(s) - 1 else 0) |
                          (CONT if i else TEXT), s[i:i + 1])
                    for i in range(len(s)))


# name, frames, how it ends (None: it stays open), what is stored
FRAMES = [
    ('text', text(b'a'), None, [b'a']),
    ('binary', frame(FIN | BINARY, b'a'), None, [b'a']),
    ('two', text(b'a') + text(b'b'), None, [b'a', b'b']),
    ('mask0', frame(FIN | TEXT, b'a', bytes(4)), None, [b'a']),
    ('mask255', frame(FIN | TEXT, b'a', b'\xff' * 4), None, [b'a']),
    # masks (5.1, 5.3)
    ('unmasked', frame(FIN | TEXT, b'a', None), 1002, []),
    ('unmasked-ping', frame(FIN | PING, b'a', None), 1002, []),
    ('unmasked-close', frame(FIN | CLOSE, b'\3\xe8', None), 1002, []),
    ('unmasked-second', text(b'a') + frame(FIN | TEXT, b'b', None), 1002,
     [b'a']),
    ('unmasked-part', frame(TEXT, b'a') + frame(FIN | CONT, b'b', None), 1002,
     []),
    # reserved bits (5.2): no extension is ever agreed on
    *((f'rsv-{bits >> 4}-{name}', frame(first | bits, payload), 1002, [])
      for bits in (RSV1, RSV2, RSV3, RSV1 | RSV2 | RSV3)
      for name, first, payload in (
          ('text', FIN | TEXT, b'a'), ('binary', FIN | BINARY, b'a'),
          ('ping', FIN | PING, b''), ('close', FIN | CLOSE, b'\3\xe8'),
          ('part', TEXT, b'a'))),
    ('rsv-later', frame(TEXT, b'a') + frame(FIN | RSV1 | CONT, b'b'), 1002,
     []),
    # reserved opcodes (5.2)
    *((f'opcode-{n}', frame(FIN | n, b'a'), 1002, [])
      for n in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
    ('opcode-later', text(b'a') + frame(FIN | 3, b'b'), 1002, [b'a']),
    ('opcode-empty', frame(FIN | 11), 1002, []),
    # lengths (5.2): the fewest bytes, the first bit of 64 is 0
    ('long16', frame(FIN | TEXT, b'a', bits=16), 1002, []),
    ('long64', frame(FIN | TEXT, b'a', bits=64), 1002, []),
    ('long64-of-16', frame(FIN | TEXT, b'a' * 126, bits=64), 1002, []),
    ('length-0-16', frame(FIN | TEXT, b'', bits=16), 1002, []),
    ('length-125', text(b'a' * 125), None, [b'a' * 125]),
    ('length-126', text(b'a' * 126), None, [b'a' * 126]),
    ('length-127', text(b'a' * 127), None, [b'a' * 127]),
    ('length-65535', text(b'a' * 65535), None, [b'a' * 65535]),
    ('length-65536', text(b'a' * 65536), None, [b'a' * 65536]),
    ('length-high-bit', frame(FIN | TEXT, b'', bits=64, length=1 << 63), 1002,
     []),
    ('length-all-bits', frame(FIN | TEXT, b'', bits=64,
                              length=(1 << 64) - 1), 1002, []),
    ('length-2-62', frame(FIN | TEXT, b'', bits=64, length=1 << 62), 1009,
     []),
    ('too-long', frame(FIN | BINARY, b'', bits=64, length=(1 << 20) + 1),
     1009, []),
    ('too-long-parts', frame(BINARY, b'a' * 1000) +
     frame(CONT, b'', bits=64, length=1 << 20), 1009, []),
    ('too-long-sum', frame(BINARY, b'a') +
     frame(CONT, b'', bits=64, length=(1 << 63) - 1), 1009, []),
    # fragments (5.4)
    ('parts', split(b'abc'), None, [b'abc']),
    ('parts-empty', frame(TEXT) + frame(CONT) + frame(CONT, b'a') +
     frame(CONT) + frame(FIN | CONT), None, [b'a']),
    ('parts-binary', frame(BINARY, b'a') + frame(FIN | CONT, b'\xff'), None,
     [b'a\xff']),
    ('cont-first', frame(FIN | CONT, b'a'), 1002, []),
    ('cont-first-open', frame(CONT, b'a') + frame(FIN | CONT, b'b'), 1002,
     []),
    ('cont-after', text(b'a') + frame(FIN | CONT, b'b'), 1002, [b'a']),
    ('cont-twice', split(b'ab') + frame(FIN | CONT, b'c'), 1002, [b'ab']),
    ('text-within', frame(TEXT, b'a') + text(b'b'), 1002, []),
    ('binary-within', frame(TEXT, b'a') + frame(FIN | BINARY, b'b'), 1002,
     []),
    ('part-within', frame(BINARY, b'a') + frame(BINARY, b'b') +
     frame(FIN | CONT, b'c'), 1002, []),
    # control frames (5.5)
    ('ping', frame(FIN | PING), None, []),
    ('pong', frame(FIN | PONG, b'unasked'), None, []),
    ('ping-125', frame(FIN | PING, b'a' * 125), None, []),
    ('ping-126', frame(FIN | PING, b'a' * 126), 1002, []),
    ('ping-126-length', frame(FIN | PING, b'', bits=16, length=126), 1002,
     []),
    ('pong-126', frame(FIN | PONG, b'a' * 126), 1002, []),
    ('ping-long-form', frame(FIN | PING, b'a', bits=16), 1002, []),
    ('close-126', close(1000, b'a' * 124), 1002, []),
    ('ping-part', frame(PING, b'a') + frame(FIN | CONT, b'b'), 1002, []),
    ('pong-part', frame(PONG), 1002, []),
    ('close-part', frame(CLOSE, b'\3\xe8'), 1002, []),
    ('ping-within', frame(TEXT, b'a') + frame(FIN | PING, b'x') +
     frame(FIN | CONT, b'b'), None, [b'ab']),
    ('pong-within', frame(TEXT, b'a') + frame(FIN | PONG, b'x') +
     frame(FIN | CONT, b'b'), None, [b'ab']),
    ('pings-within', b''.join(frame(t, b'a') + frame(FIN | PING, b'x')
                              for t in (TEXT, CONT, CONT)) +
     frame(FIN | CONT), None, [b'aaa']),
    ('close-within', frame(TEXT, b'a') + close(1000), 1000, []),
    # closing (5.5.1, 7.4)
    ('close', close(), 'empty', []),
    ('close-1', frame(FIN | CLOSE, b'\3'), 1002, []),
    *((f'close-{n}', close(n), n, [])
      for n in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000,
                3999, 4000, 4999)),
    *((f'close-{n}', close(n), 1002, [])
      for n in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000,
                2999, 5000, 65535)),
    ('close-reason', close(1000, EURO), 1000, []),
    ('close-utf8', close(1000, b'\xff'), 1007, []),
    ('close-utf8-cut', close(1000, EURO[:2]), 1007, []),
    ('close-surrogate', close(1000, b'\xed\xa0\x80'), 1007, []),
    ('close-then-text', text(b'a') + close(1000) + text(b'b'), 1000, [b'a']),
    ('close-then-error', close(1000) + frame(FIN | 3), 1000, []),
    ('close-twice', close(1000) + close(1001), 1000, []),
    ('close-then-noise', close(1000) + b'\0' * 50, 1000, []),
    # text is UTF-8, as a whole and no later than that (8.1)
    ('utf8', text('κόσμε €'.encode()), None, ['κόσμε €'.encode()]),
    ('utf8-bytes', split('ß€\U00010348'.encode()), None,
     ['ß€\U00010348'.encode()]),
    ('utf8-last', text('\U0010ffff'.encode()), None,
     ['\U0010ffff'.encode()]),
    ('utf8-nul', text(b'a\0b'), None, [b'a\0b']),
    *((f'utf8-bad-{bad.hex()}', text(b'a' + bad), 1007, [])
      for bad in (b'\x80', b'\xbf', b'\xfe', b'\xff', b'\xc0\x80', b'\xc1\xbf',
                  b'\xe0\x80\x80', b'\xe0\x9f\xbf', b'\xed\xa0\x80',
                  b'\xed\xbf\xbf', b'\xf0\x8f\xbf\xbf', b'\xf4\x90\x80\x80',
                  b'\xf5\x80\x80\x80', b'\xf8\x88\x80\x80\x80',
                  EURO[:1], EURO[:2], b'\xf0\x90\x8d', EURO[:2] + b'a',
                  b'\xed\xa0\xb4\xed\xb4\x9e')),
    ('utf8-parts-cut', frame(TEXT, EURO[:1]) + frame(FIN | CONT), 1007, []),
    ('utf8-parts-bad', frame(TEXT, EURO[:1]) + frame(FIN | CONT, b'a'), 1007,
     []),
    ('utf8-parts-early', frame(TEXT, b'\xf4\x90'), 1007, []),
    ('utf8-parts-split', frame(TEXT, EURO[:2]) + frame(FIN | PING, b'\xff') +
     frame(FIN | CONT, EURO[2:]), None, [EURO]),
    ('utf8-bad-second', text(b'a') + text(b'\xff'), 1007, [b'a']),
    ('utf8-next', frame(TEXT, b'a') + frame(FIN | CONT, EURO[:1]) + text(b'b'),
     1007, []),
    ('binary-bad', frame(FIN | BINARY, b'\xff\xfe'), None, [b'\xff\xfe']),
    ('empty', text(b''), None, [b'']),
    # another protocol after the handshake
    ('http', b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 1002, []),
    ('lines', b'\r\n\r\n', 1002, []),
    ('zeros', b'\0' * 64, 1002, []),
    ('tls', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 1002, []),
]


def fields(**other):
    """of a handshake; None: without it"""
    f = {'Host': 'x', 'Upgrade': 'websocket', 'Connection': 'Upgrade',
         'Sec-WebSocket-Key': NONCE, 'Sec-WebSocket-Version': '13',
         'Authorization': KEY}
    f.update({k.replace('_', '-'): v for k, v in other.items()})
    return ''.join(f'{k}: {w}\r\n' for k, v in f.items() if v is not None
                   for w in (v if isinstance(v, list) else [v]))


def ask(method='GET', version='1.1', path='', more='', body='', **other):
    return lambda sub: (
        f'{method} /channels/{CHANNEL}/messages/{sub}{path} HTTP/{version}'
        f'\r\n{fields(**other)}{more}\r\n{body}').encode()


# name, handshake, status; nothing of one that is refused is ever stored
HANDSHAKES = [
    ('plain', ask(), 101),
    ('names', ask(Upgrade='WebSocket', Connection='keep-alive, uPGRADE'),
     101),
    ('many-protocols', ask(Upgrade='h2c, websocket'), 101),
    ('two-lines', ask(Connection=['keep-alive', 'Upgrade']), 101),
    ('extension', ask(Sec_WebSocket_Extensions='permessage-deflate; '
                      'client_max_window_bits, x; y="z"'), 101),
    ('subprotocol', ask(Sec_WebSocket_Protocol='a, b'), 101),
    # 4.2.1: its parts
    ('post', ask('POST', Content_Length='0'), 400),
    ('put', ask('PUT', Content_Length='0'), 400),
    ('head', ask('HEAD'), 400),
    ('http-1.0', ask(version='1.0'), 426),
    ('http-1.2', ask(version='1.2'), 505),
    ('http-2.0', ask(version='2.0'), 505),
    ('http-0.9', ask(version='0.9'), 505),
    ('no-host', ask(Host=None), 400),
    ('two-hosts', ask(Host=['x', 'x']), 400),
    ('bad-host', ask(Host='x y'), 400),
    ('no-upgrade', ask(Upgrade=None), 426),
    ('other-upgrade', ask(Upgrade='h2c'), 426),
    ('no-connection', ask(Connection=None), 426),
    ('other-connection', ask(Connection='keep-alive'), 426),
    ('no-key', ask(Sec_WebSocket_Key=None), 400),
    ('empty-key', ask(Sec_WebSocket_Key=''), 400),
    ('short-key', ask(Sec_WebSocket_Key='dGhlIHNhbXBsZSBub25jZQ'), 400),
    ('long-key', ask(Sec_WebSocket_Key='dGhlIHNhbXBsZSBub25jZSE='), 400),
    ('bad-key', ask(Sec_WebSocket_Key='dGhlIHNhbXBs!SBub25jZQ=='), 400),
    ('loose-key', ask(Sec_WebSocket_Key='dGhlIHNhbXBsZSBub25jZR=='), 400),
    ('url-key', ask(Sec_WebSocket_Key='dGhlIHNhbXBs_SBub25jZQ=='), 400),
    ('spaced-key', ask(Sec_WebSocket_Key='dGhlIHNhbXBs SBub25jZQ=='), 400),
    ('two-keys', ask(Sec_WebSocket_Key=[NONCE, NONCE]), 400),
    ('no-version', ask(Sec_WebSocket_Version=None), 400),
    ('version-8', ask(Sec_WebSocket_Version='8'), 426),
    ('version-013', ask(Sec_WebSocket_Version='013'), 426),
    ('version-list', ask(Sec_WebSocket_Version='13, 8'), 426),
    ('two-versions', ask(Sec_WebSocket_Version=['13', '13']), 400),
    # 9.1, 11.3: what is not in its grammar
    ('bad-extension', ask(Sec_WebSocket_Extensions='a b'), 400),
    ('half-extension', ask(Sec_WebSocket_Extensions='a; b='), 400),
    ('quoted-extension', ask(Sec_WebSocket_Extensions='a; b="c d"'), 400),
    ('open-extension', ask(Sec_WebSocket_Extensions='a; b="c'), 400),
    ('empty-extension', ask(Sec_WebSocket_Extensions=''), 400),
    ('bad-subprotocol', ask(Sec_WebSocket_Protocol='a b'), 400),
    ('same-subprotocol', ask(Sec_WebSocket_Protocol='a, a'), 400),
    # a body, however it is announced (RFC 9110 9.3.1)
    ('length-0', ask(Content_Length='0'), 101),
    ('body', ask(Content_Length='5', body='hello'), 400),
    ('chunks', ask(Transfer_Encoding='chunked', body='0\r\n\r\n'), 400),
    ('both-lengths', ask(Content_Length='5', Transfer_Encoding='chunked',
                         body='0\r\n\r\n'), 400),
    ('two-lengths', ask(Content_Length=['0', '1']), 400),
    ('bad-length', ask(Content_Length='+0'), 400),
    # RFC 9112: no line is taken in two ways
    ('fold', ask(more='X: a\r\n b\r\n'), 400),
    ('space-colon', ask(more='X : a\r\n'), 400),
    ('no-name', ask(more=': a\r\n'), 400),
    ('no-colon', ask(more='Xa\r\n'), 400),
    ('nul', ask(more='X: a\0\r\n'), 400),
    ('bare-cr', ask(more='X: a\rb\r\n'), 400),
    ('many-fields', ask(more='X: a\r\n' * 200), 431),
    # what is in the target (L1 of the attacks: nothing is cut)
    ('cr', ask(path='%0d%0aX-Evil:%201'), 400),
    ('nul-end', ask(path='%00'), 400),
    ('nul-within', ask(path='%00x'), 400),
    ('lf', ask(path='%0a'), 400),
    ('half-escape', ask(path='%z'), 400),
    ('query-cr', ask(path=f'?auth={KEY}%0d', Authorization=None), 403),
    ('query-half', ask(path='?x=%z'), 400),
    ('no-authorization', ask(Authorization=None), 403),
    ('wrong-key', ask(Authorization='wrong'), 403),
    ('two-authorizations', ask(Authorization=[KEY, KEY]), 400),
]


class Client:
    def __init__(self):
        self.s = socket.create_connection(('127.0.0.1', PORT), 60)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b''

    def send(self, data, by_bytes=False):
        """until the server has ended it"""
        try:
            for i in range(0, len(data), 1 if by_bytes else len(data)):
                if by_bytes and select.select([self.s], [], [], 0)[0]:
                    pass        # its answer is read later
                self.s.sendall(data[i:i + 1] if by_bytes else data)
        except ConnectionError:
            pass

    def take(self, n):
        while len(self.left) < n:
            try:
                more = self.s.recv(65536)
            except ConnectionError:
                more = b''
            if not more:
                return None
            self.left += more
        got, self.left = self.left[:n], self.left[n:]
        return got

    def head(self):
        """the status of an answer"""
        got = b''
        while not got.endswith(b'\r\n\r\n'):
            one = self.take(1)
            if one is None:
                return None
            got += one
        return int(got.split()[1])

    def frame(self):
        head = self.take(2)
        if head is None:
            return None, b'cut'
        n = head[1]
        if n >= 126:
            n = int.from_bytes(self.take(2 if n == 126 else 8), 'big')
        return head[0] & 15, self.take(n) if n else b''

    def end(self):
        """the code of its Close; None: "over" has come back instead"""
        while True:
            opcode, payload = self.frame()
            if opcode is None:
                return 'cut'
            if opcode == PONG and payload == b'over':
                return None
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], 'big') or 'empty'

    def is_over(self):
        """nothing follows its Close or its refusal"""
        while self.take(1) is not None:
            pass
        self.s.close()


LATE = text(b'late')
OVER = frame(FIN | PING, b'over')
WAYS = 'whole', 'bytes', 'more'
wrong = 0


def check(name, want, got):
    global wrong
    if want != got:
        print(f'{name}: {got}, not {want}', file=sys.stderr)
        wrong += 1


def stored(sub, payloads):
    for p in payloads:
        print(sub, p.hex() or '-')


def try_frames(name, data, want, payloads, way):
    sub = f'{name}-{way}'
    c = Client()
    hello = ask()(sub)
    late = way == 'more' and LATE or b''
    if way == 'bytes':
        c.send(hello)
        c.send(data, len(data) < 1000)
        c.send(OVER)
    else:
        # the frames come with the handshake, before it is answered
        c.send(hello + data + late + OVER)
    check(sub, 101, c.head())
    check(sub, want, c.end())
    stored(sub, payloads + ([b'late'] if late and want is None else []))
    if want is None:
        c.send(close(1000))
        check(sub, 1000, c.end())
    c.is_over()


def try_handshake(name, request, want, way):
    sub = f'h-{name}-{way}'
    c = Client()
    data = request(sub)
    c.send(data + (LATE if way == 'more' else b''), way == 'bytes')
    got = c.head()
    check(sub, want, got)
    if got == 101:
        if way == 'more':
            stored(sub, [b'late'])
        c.send(OVER + close(1000))
        check(sub, None, c.end())
        check(sub, 1000, c.end())
    else:
        # whether it stays open or not, no frame is taken
        c.send(LATE)
        c.s.shutdown(socket.SHUT_WR)
    c.is_over()


for way in WAYS:
    for row in FRAMES:
        try_frames(*row, way)
    for row in HANDSHAKES:
        try_handshake(*row, way)
sys.exit(wrong > 0)
