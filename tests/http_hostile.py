#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What RFC 9110 and 9112 call an error, and what only looks like one.

http_hostile.py http PORT CHANNEL KEY     POST of a message; its subtopic
http_hostile.py api PORT TOKEN            POST of a thing; its name
    tries each row of the tables below whole, byte by byte, and with one more
    request in the same write; says which is answered in another way than its
    row says, and prints what has to be stored, a name a line
"""
import json
import select
import socket
import sys

DOOR, PORT = sys.argv[1], int(sys.argv[2])
if DOOR == 'http':
    PATH, KEY = f'/channels/{sys.argv[3]}/messages/', sys.argv[4]
    DONE = 202
else:
    PATH, KEY = '/things', sys.argv[3]
    DONE = 201


def body_of(name):
    return ('[{"n":"a","v":1}]' if DOOR == 'http' else
            json.dumps({'name': name})).encode()


def path_of(name):
    return PATH + name if DOOR == 'http' else PATH


def chunk(data, size=None, ext=b'', end=b'\r\n'):
    size = b'%x' % len(data) if size is None else size
    return size + ext + end + data + b'\r\n'


def ask(method='POST', target='{}', version='HTTP/1.1', host='Host: x\r\n',
        more='', length='Content-Length: {}\r\n', end='\r\n', before=b'',
        body=None, line=None):
    """bytes of a request, by its name; what is None is as it should be"""
    def make(name):
        data = body_of(name)
        if body is not None:
            data = body(data)
        first = (line or f'{method} {target} {version}\r\n').replace(
            '{}', path_of(name))
        head = (first + host + f'Authorization: {KEY}\r\n'
                'Content-Type: application/json\r\n' + more +
                length.replace('{}', str(len(body_of(name)))) + end)
        return before + head.encode('latin-1') + data
    return make


def chunks(make=lambda d: chunk(d) + b'0\r\n\r\n',
           coding='Transfer-Encoding: chunked\r\n', **other):
    return ask(length=coding, body=make, **other)


def field(text, **other):
    return ask(more=text, **other)


def empty(method, **other):
    return ask(method, length=other.pop('length', ''), body=lambda d: b'',
               **other)


CONTROLS = [c for c in (*range(0x20), 0x7f) if c not in (9, 10, 13)]
DELIMITERS = '"(),/:;<=>?@[\\]{}'
N = '{}'

# name, request, status: these are stored, and the next request is read
STAYS = [
    ('plain', ask()),
    ('chunks', chunks()),
    ('chunks-of-one', chunks(lambda d: b''.join(
        chunk(d[i:i + 1]) for i in range(len(d))) + b'0\r\n\r\n')),
    ('chunk-zeros', chunks(lambda d: chunk(d, b'000%X' % len(d)) +
                           b'000\r\n\r\n')),
    ('chunk-extension', chunks(lambda d: chunk(d, ext=b';a=b;c;d="e\\"f"') +
                               b'0;x\r\n\r\n')),
    ('chunk-extension-space', chunks(lambda d: chunk(d, ext=b' ; a = b') +
                                     b'0\r\n\r\n')),
    ('trailer', chunks(lambda d: chunk(d) + b'0\r\nX: y\r\nZ:\r\n\r\n')),
    ('coding-case', chunks(coding='tRANSFER-eNCODING:CHUNKED\r\n')),
    ('coding-space', chunks(coding='Transfer-Encoding: \t chunked \t\r\n')),
    ('length-zeros', ask(length='Content-Length: 000000000{}\r\n')),
    ('length-space', ask(length='Content-Length:\t {} \t\r\n')),
    ('line-before', ask(before=b'\r\n')),
    ('field-names', field("!#$%&'*+-.^_`|~09azAZ: x\r\n")),
    ('field-empty', field('X:\r\nY: \t \r\n')),
    ('field-obs-text', field('X: \xe4\xff\x80\r\n')),
    ('field-tab', field('X: a\tb\r\n')),
    ('fields-99', field('X: a\r\n' * 90)),
    ('field-long', field(f'X: {"a" * 8000}\r\n')),
    ('expect', field('Expect: 100-continue\r\n')),
    ('expect-case', field('expect: 100-CONTINUE\r\n')),
    ('connection-list', field('Connection: , keep-alive,, x\r\n')),
    ('connection-other', field('Connection: closed\r\n')),
    ('identity', field('Content-Encoding: identity\r\n')),
    ('upgrade', field('Connection: upgrade\r\nUpgrade: h2c\r\n')),
    ('te', field('TE: trailers\r\nConnection: TE\r\n')),
    ('underscores', field('Content_Length: 1\r\nTransfer_Encoding: chunked\r\n'
                          )),
    ('proxy-connection', field('Proxy-Connection: close\r\n')),
    *((f'host-{i}', ask(host=f'Host:{host}\r\n')) for i, host in enumerate((
        'x', ' x:80', ' x:', '', ' ', ' [::1]', ' [::1]:80', ' [v1.a:b]',
        ' 127.0.0.1:8', ' a.b.', ' a%20b', " -._~!$&'()*+,;=", '\tx\t',
        ' x:65535', ' x:00080'))),
    ('absolute', ask(target=f'http://other.example:81{N}')),
    ('absolute-case', ask(target=f'HTTP://OTHER{N}')),
    ('query', ask(target=f'{N}?a=b&c&=d&e=%41%c3%a4')),
    ('query-mark', ask(target=f'{N}?a?b/c')),
    # what browsers and curl leave as it is
    ('query-brackets', ask(target=N + '?a={"b":["c"]}|\\^`')),
    ('query-empty', ask(target=f'{N}?')),
]
# these are stored, and close their connection
CLOSES = [
    ('close', field('Connection: close\r\n')),
    ('close-list', field('Connection: x, CLOSE\r\n')),
    ('close-keep', field('Connection: keep-alive\r\nConnection: close\r\n')),
    ('1.0', ask(version='HTTP/1.0')),
    ('1.0-no-host', ask(version='HTTP/1.0', host='')),
    ('1.0-expect', field('Expect: x\r\n', version='HTTP/1.0')),
]
# each of these closes its connection, and what follows is not read
REFUSED = [
    # the request line (9112 3)
    *((f'line-{i}', ask(line=line + '\r\n'), status)
      for i, (line, status) in enumerate((
          (f'POST  {N} HTTP/1.1', 400), (f'POST\t{N} HTTP/1.1', 400),
          (f'POST {N}  HTTP/1.1', 400), (f'POST {N}\tHTTP/1.1', 400),
          (f'POST {N} HTTP/1.1 ', 400), (f' POST {N} HTTP/1.1', 400),
          (f'POST {N}', 400), (f'POST {N} ', 400), ('POST HTTP/1.1', 400),
          ('POST', 400), (f'{N} HTTP/1.1', 400), (f'POST {N} x HTTP/1.1', 400),
          (f'POST {N} HTTP/1.1 x', 400), (f'POST {N} http/1.1', 400),
          (f'POST {N} Http/1.1', 400), (f'POST {N} HTTP/1', 400),
          (f'POST {N} HTTP/1.', 400), (f'POST {N} HTTP/11', 400),
          (f'POST {N} HTTP/1.10', 400), (f'POST {N} HTTP/01.1', 400),
          (f'POST {N} HTTP/+1.1', 400), (f'POST {N} HTTP/1.1x', 400),
          (f'POST {N} HTTP/1,1', 400), (f'POST {N} HTTP /1.1', 400),
          (f'POST {N} HTTP/ 1.1', 400), (f'POST {N} HTTPS/1.1', 400),
          (f'POST {N} ICY/1.1', 400), (f'POST {N} HTTP/a.b', 400),
          (f'POST {N} HTTP/0.9', 505), (f'POST {N} HTTP/2.0', 505),
          (f'POST {N} HTTP/3.0', 505), (f'POST {N} HTTP/1.2', 505),
          (f'POST {N} HTTP/1.9', 505), (f'POST {N} HTTP/9.9', 505),
          (f'POST\x0b{N} HTTP/1.1', 400), (f'POST\xa0{N} HTTP/1.1', 400),
          (f'POST {N}\x0cHTTP/1.1', 400), (f'"POST" {N} HTTP/1.1', 400),
          (f'PO ST {N} HTTP/1.1', 400), (f'P\xd6ST {N} HTTP/1.1', 400),
          (f'CONNECT {N} HTTP/1.1', 501), ('CONNECT x:80 HTTP/1.1', 501),
          (f'{"P" * 33} {N} HTTP/1.1', 501),
          (f'{"P" * 9000} {N} HTTP/1.1', 501)))),
    *((f'method-{ord(c):x}', ask(f'PO{c}ST'), 400) for c in DELIMITERS),
    *((f'method-c{c:x}', ask(f'PO{chr(c)}ST'), 400) for c in CONTROLS),
    *((f'target-c{c:x}', ask(target=f'{N}{chr(c)}'), 400) for c in CONTROLS),
    *((f'target-{ord(c):x}', ask(target=f'{N}{c}'), 400)
      for c in '"#<>[\\]^`{|}\x80\xe4\xff'),
    *((f'query-{ord(c):x}', ask(target=f'{N}?a={c}'), 400)
      for c in '#<>\x7f\x80\xe4\xff'),
    *((f'target-{i}', ask(target=t), 400) for i, t in enumerate((
        '*', 'x', 'x:80', f'x{N}', f'http:{N}', f'http://{N}', f'http://u@x{N}', f'http://u:p@x{N}',
        f'http://x:y{N}', f'http://x:65536{N}', f'http://[::1{N}',
        f'http://x y{N}', f'ftp://x{N}', f'ws://x{N}', f'://x{N}',
        f'{N}%', f'{N}%4', f'{N}%zz', f'{N}%4g', f'{N}%00', f'{N}%0d%0a',
        f'{N}%ff', f'{N}%c0%80', f'{N}%ed%a0%80', f'{N}/%2e%2e/x', f'{N}/../x',
        f'{N}/.', f'{N}?x=%', f'{N}?x=%zz', f'{N}?%4', f'{N}?x=%00',
        f'{N}?x=%ff'))),
    ('https', ask(target=f'https://x{N}'), 421),
    ('target-long', ask(target=N + 'a' * 20000), 414),
    ('query-long', ask(target=f'{N}?a={"a" * 20000}'), 414),
    # lines (9112 2.2)
    *((f'end-{i}', ask(line=f'POST {N} HTTP/1.1{end}'), 400)
      for i, end in enumerate(('\n', '\r', '\r\r\n', '\n\r\n', '\r\n\r',
                               '\0\r\n', '\x85\r\n', '\u00a0\r\n'))),
    *((f'field-end-{i}', field(f'X: y{end}'), 400)
      for i, end in enumerate(('\n', '\r', '\r\r\n', '\n\r\n', '\r \n'))),
    *((f'head-end-{i}', ask(end=end), 400)
      for i, end in enumerate(('\n', '\r\r\n', ' \r\n', '\t\r\n', '\0\r\n'))),
    *((f'before-{i}', ask(before=b), 400) for i, b in enumerate((
        b'\r\n\r\n', b'\n', b'\r', b'\0', b' ', b'\t', b' \r\n', b'x\r\n',
        b'\xef\xbb\xbf', b'\r\nx\r\n', b'0\r\n\r\n', b'hello\r\n\r\n'))),
    ('tls', lambda name: b'\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 400),
    ('h2', lambda name: b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505),
    ('0.9', lambda name: b'GET /\r\n\r\n', 400),
    # field lines (9110 5.1, 5.5; 9112 5)
    *((f'name-{ord(c):x}', field(f'X{c}Y: z\r\n'), 400)
      for c in DELIMITERS.replace(':', '') + ' \t\xe4\x80'),
    *((f'name-c{c:x}', field(f'X{chr(c)}: z\r\n'), 400) for c in CONTROLS),
    *((f'value-c{c:x}', field(f'X: a{chr(c)}b\r\n'), 400) for c in CONTROLS),
    *((f'first-c{c:x}', field(f'{chr(c)}X: z\r\n'), 400) for c in CONTROLS),
    *((f'field-{i}', field(f), 400) for i, f in enumerate((
        ': x\r\n', ':\r\n', 'X\r\n', ' \r\n', '\t\r\n', 'X : y\r\n',
        'X\t: y\r\n', ' X: y\r\n', '\tX: y\r\n', 'X: y\r\n z\r\n',
        'X: y\r\n\tz\r\n', 'X: y\r\n \r\n', 'X:\r\n y\r\n', 'X\r\n: y\r\n',
        'X: y\r\nContent-Length\r\n', 'X: y\rContent-Length: 1\r\n',
        'X: y\nContent-Length: 1\r\n', 'X: \0\r\n'))),
    ('first-folded', ask(host=' Host: x\r\n'), 400),
    ('first-fold-only', ask(host='\tx\r\nHost: x\r\n'), 400),
    ('fields-many', field('X: y\r\n' * 200), 431),
    ('field-too-long', field(f'X: {"y" * 9000}\r\n'), 431),
    ('name-too-long', field(f'{"X" * 9000}: y\r\n'), 431),
    ('head-too-long', field(f'X: {"y" * 7000}\r\n' * 4), 431),
    # Host (9112 3.2)
    *((f'host-bad-{i}', ask(host=host), 400) for i, host in enumerate((
        '', 'Host: x\r\nHost: x\r\n', 'Host: x\r\nhost: y\r\n',
        'Host: x\r\nHost:\r\n', 'Host: x y\r\n', 'Host: x\ty\r\n',
        'Host: x/\r\n', 'Host: x/y\r\n', 'Host: http://x\r\n',
        'Host: u@x\r\n', 'Host: x?\r\n', 'Host: x#\r\n', 'Host: x:y\r\n',
        'Host: x:-1\r\n', 'Host: x:+1\r\n', 'Host: x:8 0\r\n',
        'Host: x:65536\r\n', 'Host: x:999999999999\r\n', 'Host: x:80:80\r\n',
        'Host: :80\r\n', 'Host: [::1\r\n', 'Host: ::1\r\n',
        'Host: [::1]x\r\n', 'Host: [::1]80\r\n', 'Host: []\r\n',
        'Host: [x]\r\n', 'Host: [::1%25lo]\r\n', 'Host: [1::2::3]\r\n',
        'Host: [127.0.0.1]\r\n', 'Host: x\\y\r\n', 'Host: "x"\r\n',
        'Host: <x>\r\n', 'Host: x%\r\n', 'Host: x%4\r\n', 'Host: x%zz\r\n',
        'Host: x\xe4\r\n', 'Host: {x}\r\n', 'Host: x^\r\n', 'Host: x|y\r\n',
        'Host : x\r\n', 'Host: x\r\n y\r\n', 'Host\r\n', 'X: Host: x\r\n',
        'Host: x, y z\r\n', 'Host: x]\r\n', 'Host: [[::1]]\r\n'))),
    ('1.0-two-hosts', ask(version='HTTP/1.0', host='Host: x\r\nHost: x\r\n'),
     400),
    ('1.0-bad-host', ask(version='HTTP/1.0', host='Host: x y\r\n'), 400),
    # lengths (9112 6.2, 6.3)
    *((f'length-{i}', ask(length=f'Content-Length:{n}\r\n'), 400)
      for i, n in enumerate((
          '', ' ', ' +{}', ' -{}', ' -1', ' -0', ' 0x11', ' {}.0', ' {}e0',
          ' {} {}', ' {}, {}', ' {},', ' ,{}', ' {};', ' {};q=1', ' "{}"',
          " '{}'", ' {}a', ' a{}', ' {}\xb2', ' \xd9\xa1', ' 1_7', ' {}\0',
          ' \0{}', ' \x0b{}', ' {}\x0c', ' \x85{}', ' {}\r{}', ' ({})', ' #{}',
          ' {}%', ' true', ' NaN', ' inf', ' {}\r\n {}', '\r\n {}', ' =17',
          ' 1 7', ' {}/17', ' ٣'.encode().decode('latin-1')))),
    *((f'length-two-{i}', ask(length=n), 400) for i, n in enumerate((
        'Content-Length: {}\r\n' * 2, 'Content-Length: {}\r\n' * 3,
        'Content-Length: {}\r\nContent-Length: 0\r\n',
        'Content-Length: 0\r\nContent-Length: {}\r\n',
        'Content-Length: {}\r\ncontent-length: 1\r\n',
        'Content-Length: {}\r\nX: y\r\nCONTENT-LENGTH: {}\r\n',
        'Content-Length : {}\r\n', 'Content-Length\t: {}\r\n',
        ' Content-Length: {}\r\n', 'Content-Length\r\n: {}\r\n',
        'Content-Length {}\r\n', 'Content-Length={}\r\n',
        'X: y\nContent-Length: {}\r\n', 'X: y\rContent-Length: {}\r\n',
        '\0Content-Length: {}\r\n', 'Content-Length\0: {}\r\n'))),
    ('length-huge', ask(length='Content-Length: 99999999999999999999\r\n'),
     413),
    ('length-2-64', ask(length='Content-Length: 18446744073709551633\r\n'),
     413),
    ('length-2-63', ask(length='Content-Length: 9223372036854775808\r\n'),
     413),
    ('length-2-32', ask(length='Content-Length: 4294967313\r\n'), 413),
    *([('no-length', ask(length=''), 411)] if DOOR == 'http' else []),
    # codings (9112 6.1, 7)
    *((f'coding-{i}', chunks(coding=c), status)
      for i, (c, status) in enumerate((
          (f'Transfer-Encoding:{c}\r\n', s) for c, s in (
              ('', 400), (' ', 400), (' identity', 400), (' gzip', 400),
              (' deflate', 400), (' compress', 400), (' x', 400),
              (' gzip, chunked', 501), (' identity, chunked', 501),
              (' chunked, gzip', 400), (' chunked, chunked', 400),
              (' chunked, identity', 400), (' chunked,chunked', 400),
              (' chunked;q=1', 400), (' chunked; a=b', 400),
              (' "chunked"', 400), (" 'chunked'", 400), (' chunked x', 400),
              (' x chunked', 400), (' xchunked', 400), (' chunkedx', 400),
              (' chunked\0', 400), (' \0chunked', 400), (' \x0bchunked', 400),
              (' chunked\x0b', 400), (' chunked\x0c', 400), (' c\xe8unked', 400),
              ('\r\n chunked', 400), (' chun\r\n ked', 400), (' chunk', 400),
              (' Chunked,', 501), (' ,chunked', 501), (' chunked/1', 400))))),
    *((f'coding-two-{i}', chunks(coding=c), status)
      for i, (c, status) in enumerate((
          ('Transfer-Encoding: chunked\r\n' * 2, 400),
          ('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n', 501),
          ('Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n', 400),
          ('Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n',
           501),
          ('Transfer-Encoding: chunked\r\nContent-Length: {}\r\n', 400),
          ('Content-Length: {}\r\nTransfer-Encoding: chunked\r\n', 400),
          ('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', 400),
          ('Transfer-Encoding: chunked\r\nContent-Length: x\r\n', 400),
          ('Transfer-Encoding : chunked\r\n', 400),
          ('Transfer-Encoding\t: chunked\r\n', 400),
          (' Transfer-Encoding: chunked\r\n', 400),
          ('Transfer-Encoding\0: chunked\r\n', 400),
          ('Transfer-Encoding\r\n: chunked\r\n', 400),
          ('X: y\nTransfer-Encoding: chunked\r\n', 400),
          ('X: y\rTransfer-Encoding: chunked\r\n', 400)))),
    ('coding-1.0', chunks(version='HTTP/1.0'), 400),
    ('coding-1.0-keep', chunks(version='HTTP/1.0',
                               more='Connection: keep-alive\r\n'), 400),
    # chunks (9112 7.1)
    *((f'chunk-{i}', chunks(lambda d, c=c: c.replace(b'{}', b'%x' % len(d)
                                                     ).replace(b'@', d)), 400)
      for i, c in enumerate((
          b'\r\n', b'x\r\n', b'g\r\n@\r\n0\r\n\r\n', b'0x{}\r\n@\r\n0\r\n\r\n',
          b'+{}\r\n@\r\n0\r\n\r\n', b'-{}\r\n@\r\n0\r\n\r\n',
          b'-1\r\n@\r\n0\r\n\r\n', b' {}\r\n@\r\n0\r\n\r\n',
          b'\t{}\r\n@\r\n0\r\n\r\n', b'{} \r\n@\r\n0\r\n\r\n',
          b'{}\t\r\n@\r\n0\r\n\r\n', b'{}\0\r\n@\r\n0\r\n\r\n',
          b'\0{}\r\n@\r\n0\r\n\r\n', b'{}\x0b\r\n@\r\n0\r\n\r\n',
          b'{}\n@\r\n0\r\n\r\n', b'{}\r@\r\n0\r\n\r\n', b'{}\r\r\n@\r\n0\r\n',
          b'{}\n\r\n@\r\n0\r\n\r\n', b'{}@\r\n0\r\n\r\n',
          b'{}\r\n@\n0\r\n\r\n', b'{}\r\n@\r0\r\n\r\n', b'{}\r\n@0\r\n\r\n',
          b'{}\r\n@ \r\n0\r\n\r\n', b'{}\r\n@x\r\n0\r\n\r\n',
          b'{}\r\n@\0\r\n0\r\n\r\n', b'{}\r\n@\r\n\r\n0\r\n\r\n',
          b'{}\r\n@\r\n0\n\r\n', b'{}\r\n@\r\n0\r\n\n', b'{}\r\n@\r\n0\r\r\n',
          b'{}\r\n@\r\n0\n\n', b'{}\r\n@\r\n0\r\n\rx', b'{}\r\n@\r\n0 \r\n\r\n',
          b'{}\r\n@\r\n-0\r\n\r\n', b'{}\r\n@\r\n0x0\r\n\r\n',
          b'{};\r\n@\r\n0\r\n\r\n', b'{};=b\r\n@\r\n0\r\n\r\n',
          b'{};a=\r\n@\r\n0\r\n\r\n', b'{};a="b\r\n@\r\n0\r\n\r\n',
          b'{};a="b"c\r\n@\r\n0\r\n\r\n', b'{};a b\r\n@\r\n0\r\n\r\n',
          b'{};a=b c\r\n@\r\n0\r\n\r\n', b'{};a\0\r\n@\r\n0\r\n\r\n',
          b'{};a\nb\r\n@\r\n0\r\n\r\n', b'{};a\rb\r\n@\r\n0\r\n\r\n',
          b'{};a=b\n@\r\n0\r\n\r\n', b'{};a="\r\n"\r\n@\r\n0\r\n\r\n',
          b'{};a="\n"\r\n@\r\n0\r\n\r\n', b'{};a="\x7f"\r\n@\r\n0\r\n\r\n',
          b'{},a\r\n@\r\n0\r\n\r\n', b'{}.0\r\n@\r\n0\r\n\r\n',
          b'{} {}\r\n@\r\n0\r\n\r\n', b'{};' + b'a' * 65536,
          b'{};a="' + b'b' * 65536, b'{}' + b' ' * 65536,
          b'0' * 65536, b'f' * 17 + b'\r\n', b'10000000000000011\r\n@\r\n',
          b'00000000000000000{}\r\n@\r\n0\r\n\r\n',
          b''.join(b'1;' + b'a' * 100 + b'\r\nx\r\n' for _ in range(1000)),
          # trailers
          b'{}\r\n@\r\n0\r\n X: y\r\n\r\n', b'{}\r\n@\r\n0\r\nX : y\r\n\r\n',
          b'{}\r\n@\r\n0\r\nX\r\n\r\n', b'{}\r\n@\r\n0\r\n: y\r\n\r\n',
          b'{}\r\n@\r\n0\r\nX: y\n\r\n', b'{}\r\n@\r\n0\r\nX: y\r\r\n',
          b'{}\r\n@\r\n0\r\nX: \0\r\n\r\n', b'{}\r\n@\r\n0\r\nX: y\r\n z\r\n',
          b'{}\r\n@\r\n0\r\nX(: y\r\n\r\n', b'{}\r\n@\r\n0\r\nX\xe4: y\r\n',
          b'{}\r\n@\r\n0\r\nX\0: y\r\n\r\n', b'{}\r\n@\r\n0\r\n\0: y\r\n',
          b'{}\r\n@\r\n0\r\nContent-Length: 3\r\n\r\n',
          b'{}\r\n@\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n',
          b'{}\r\n@\r\n0\r\nHost: x\r\n\r\n',
          b'{}\r\n@\r\n0\r\nConnection: close\r\n\r\n',
          b'{}\r\n@\r\n0\r\nX: a\x01b\r\n\r\n',
          b'{}\r\n@\r\n0\r\nX: a\x7fb\r\n\r\n'))),
    ('trailers-many', chunks(lambda d: chunk(d) + b'0\r\n' +
                             b'X: y\r\n' * 1000 + b'\r\n'), 431),
    ('trailer-long', chunks(lambda d: chunk(d) + b'0\r\nX: ' + b'y' * 65536 +
                            b'\r\n\r\n'), 431),
    # Connection and Expect (9112 9.6, 9110 10.1.1)
    *((f'connection-{i}', field(f'Connection: {c}\r\n'), 400)
      for i, c in enumerate(('close keep-alive', 'close;', '"close"', 'a b',
                             'close, (x)', 'a=b', 'close/1'))),
    *((f'expect-{i}', field(f'Expect: {e}\r\n'), 417)
      for i, e in enumerate(('x', '200-ok', '100-continue;x', '100-continu',
                             '100-continue x', 'x, 100-continue'))),
    # one thing is said once
    ('two-keys', field(f'Authorization: {KEY}\r\n'), 400),
    ('two-types', field('Content-Type: text/plain\r\n'), 400),
]
# refused, and the next request is read
NOT_TAKEN = [
    *((f'gzip-{i}', field(f'Content-Encoding: {c}\r\n'), 415)
      for i, c in enumerate(('gzip', 'GZIP', 'x-gzip', 'deflate', 'br',
                             'compress', 'zstd', 'aes128gcm', 'x',
                             'identity, gzip', 'gzip, identity', 'gzip,',
                             'gzip\r\nContent-Encoding: identity',
                             'identity\r\nContent-Encoding: gzip'))),
    *((f'{m}-body', ask(m), 405) for m in ('PUT', 'DELETE', 'PATCH')
      if DOOR == 'http' or m != 'PATCH'),
    *((f'{m}-unknown', ask(m), 501) for m in ('post', 'Post', 'FROB', 'POSTS',
                                              'M-SEARCH', 'PROPFIND')),
    *((f'GET-{i}', r, 405 if DOOR == 'http' else 200) for i, r in enumerate((
        empty('GET'), empty('GET', length='Content-Length: 0\r\n'),
        ask('GET'), chunks(method='GET'),
        empty('GET', more='Expect: 100-continue\r\n')))),
    ('TRACE', empty('TRACE'), 405),
    ('OPTIONS', empty('OPTIONS'), 204),
    ('OPTIONS-body', ask('OPTIONS'), 204),
    ('OPTIONS-star', empty('OPTIONS', target='*'), 204),
    ('OPTIONS-host', empty('OPTIONS', target='http://x'), 204),
]
# what ends before it is whole; the client says that no more comes
CUT = [
    ('cut-line', lambda name: ask()(name)[:9]),
    ('cut-fields', lambda name: ask()(name)[:90]),
    ('cut-head', lambda name: ask(end='')(name)[:-len(body_of(name))]),
    ('cut-length', lambda name: ask()(name)[:-1]),
    ('cut-no-body', ask(body=lambda d: b'')),
    ('cut-chunk', chunks(lambda d: chunk(d)[:-9])),
    ('cut-chunk-end', chunks(lambda d: chunk(d))),
    ('cut-last', chunks(lambda d: chunk(d) + b'0\r\n')),
    ('cut-last-cr', chunks(lambda d: chunk(d) + b'0\r\n\r')),
    ('cut-trailer', chunks(lambda d: chunk(d) + b'0\r\nX: y\r\n')),
    ('cut-size', chunks(lambda d: b'%x' % len(d))),
    ('chunk-more', chunks(lambda d: chunk(d, b'ffff'))),
]
WAYS = 'whole', 'bytes', 'more'
wrong = 0


class Client:
    def __init__(self):
        self.s = socket.create_connection(('127.0.0.1', PORT), 20)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b''

    def send(self, data, by_bytes):
        """until it is answered: what follows a refusal may meet a reset"""
        try:
            for i in range(0, len(data), 1 if by_bytes else len(data)):
                if by_bytes and select.select([self.s], [], [], 0)[0] and \
                        b' 100 ' not in self.s.recv(99, socket.MSG_PEEK):
                    break
                self.s.sendall(data[i:i + 1] if by_bytes else data)
        except ConnectionError:
            pass

    def more(self):
        try:
            got = self.s.recv(65536)
        except ConnectionError:
            got = b''
        except TimeoutError:
            return None
        self.left += got
        return got

    def answer(self, is_head=False):
        """status and body; "end", or "hangs" """
        while b'\r\n\r\n' not in self.left:
            got = self.more()
            if got is None:
                return 'hangs', b''
            if not got:
                return 'end' if not self.left else self.left, b''
        head, self.left = self.left.split(b'\r\n\r\n', 1)
        status = int(head.split()[1])
        if status < 200:
            return self.answer(is_head)
        n = 0
        for line in head.split(b'\r\n')[1:]:
            if line.lower().startswith(b'content-length:'):
                n = int(line.split(b':')[1])
        while len(self.left) < n:
            if not self.more():
                return 'cut', b''
        body, self.left = self.left[:n], self.left[n:]
        if status >= 400:
            problem = json.loads(body)
            if (b'application/problem+json' not in head or
                    problem['status'] != status or
                    not problem['type'] or not problem['title']):
                return f'{status} without a problem', body
        return status, body


def bad(name, got, want):
    global wrong
    print(f'{name}: {got}, not {want}', file=sys.stderr)
    wrong += 1


def attempt(name, make, want, stays, way, cut=False):
    name = f'{name}-{way}'
    c = Client()
    late = f'late-{name}'
    c.send(make(name) + (ask()(late) if way == 'more' else b''),
           way == 'bytes')
    if cut:
        c.s.shutdown(socket.SHUT_WR)
    got = [c.answer()[0]]
    if stays and way == 'more':
        got.append(c.answer()[0])
    if stays:
        c.s.shutdown(socket.SHUT_WR)
    got.append(c.answer()[0])
    c.s.close()
    all_ = [want] + [DONE] * (stays and way == 'more') + ['end']
    if got != all_:
        bad(name, got, all_)
    if want == DONE:
        print(name)
    if stays and way == 'more':
        print(late)


for way in WAYS:
    for row in STAYS:
        attempt(*row, DONE, True, way)
    for row in CLOSES:
        attempt(*row, DONE, False, way)
    for row in REFUSED:
        attempt(*row, False, way)
    for row in NOT_TAKEN:
        attempt(*row, True, way)
    # with one more after it, that is its end
    for row in CUT if way != 'more' else []:
        attempt(*row, 400, False, way, cut=True)
print(len(WAYS) * sum(map(len, (STAYS, CLOSES, REFUSED, NOT_TAKEN, CUT))),
      file=sys.stderr)
sys.exit(wrong > 0)
