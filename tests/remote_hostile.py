#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""remote_hostile.py PORT: a server that answers each request with what the
file `mode` names, and writes down what it was asked in `asked`."""
import json
import socket
import sys
import threading

OK = b"HTTP/1.1 200 OK\r\n"
ID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def sized(head, body, type="application/json"):
    if isinstance(body, str):
        body = body.encode()
    return head + (f"Content-Type: {type}\r\nContent-Length: {len(body)}"
                   "\r\n\r\n").encode() + body


def problem(status, body):
    if not isinstance(body, str):
        body = json.dumps(body)
    return sized(f"HTTP/1.1 {status} No\r\n".encode(), body)


def page(items, **more):
    kinds = ("things", "channels", "groups", "configs")
    return sized(OK, json.dumps({**dict.fromkeys(kinds, items), **more}))


def lines(text):
    return sized(b"HTTP/1.1 201 Created\r\n", text, "application/x-ndjson")


ESCAPE = "\x1b]0;owned\x07\x9b31m\n\u202e"
ANSWERS = {
    "nothing": b"",
    "junk": b"\x00\xff\xfe" * 100 + b"\n",
    "http09": b"<html>hello</html>\n",
    "html": sized(OK, "<html></html>", "text/html"),
    "empty": sized(OK, ""),
    "array": sized(OK, "[]"),
    "half": sized(OK, '{"things":['),
    "short": OK + b"Content-Length: 1000\r\n\r\n{",
    "cut-chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n1000\r\n{",
    "bad-chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/stolen"
                b"\r\nContent-Length: 0\r\n\r\n" % int(sys.argv[1]),
    "numbers": page([1, 2]),
    "no-id": page([{"name": "x"}]),
    "id-number": page([{"id": 7}]),
    "id-empty": page([{"id": ""}]),
    "bad-metadata": sized(OK, '{"things":[{"id":"a","metadata":{"a":}}]}'),
    "deep": sized(OK, '{"things":[{"id":"a","metadata":' + '{"a":' * 100000),
    "bad-utf8": sized(OK, b'{"things":[{"id":"a\xff"}]}'),
    "next-number": page([], next=7),
    "next-long": page([], next="9" * 1000),
    "next-same": page([{"id": ID}], next="7"),
    "next-more": page([], next="7&owner=eve HTTP/1.1\r\nX-Evil: 1"),
    "teapot": problem(418, {"detail": "short and stout"}),
    "error-junk": problem(404, "<html>"),
    "error-escape": problem(400, {"detail": "bad " + ESCAPE}),
    "error-503": problem(503, {"detail": ESCAPE * 1000}),
    "error-long": problem(409, {"detail": "x" * 500000}),
    "error-item": problem(404, {"detail": "no such", "item": 10 ** 15}),
    "error-item-minus": problem(404, {"detail": "no such", "item": -1}),
    "error-type": problem(404, {"detail": {"a": 1}}),
    "escape": page([{"id": ID + ESCAPE, "name": ESCAPE,
                     "metadata": {"a": ESCAPE}}]),
    "spaces": sized(OK, '{"things":[{"id":"a","name":"b","metadata":'
                    '\n{ "a" :\n 1.50 }}]}'),
    "one-line": lines('{"id":"%s","name":"a","key":"k"}\n' % ID),
    "two-lines": lines('{"id":"%s"}\n' % ID * 2),
    "half-line": lines('{"id":"%s","name":"a"' % ID),
    "no-line": lines('\n'),
    "line-junk": lines('x\n'),
    "events-back": sized(OK, '{"seq":7,"a":1}\n{"seq":7,"a":2}\n'),
    "events-junk": sized(OK, '{"seq":1,"a":1}\n<html>\n'),
    "events-text": sized(OK, '{"seq":1,"a":1} {"seq":2}\n'),
    "events-seq": sized(OK, '{"seq":99999999999999999999,"a":1}\n'),
    "events-escape": sized(OK, '{"seq":1,"a\\"b":{"\\u00e9":1}}\n'),
    "events-part": sized(OK, '{"seq":1,"a":1}\n{"seq":2,"a":'),
    "user": sized(OK, '{"id":"%s","email":"ann@example.com",'
                  '"created":1700000000.5}' % ID),
    "user-bad": sized(OK, '{"id":"x","email":"' + "y" * 5000 + '"}'),
    "token-control": sized(OK, '{"token":"a\\r\\nX-Evil: 1"}'),
    "token-long": sized(OK, '{"token":"' + "a" * 100000 + '"}'),
    "token-none": sized(OK, '{}'),
    "reason": sized(OK, '{"allowed":false,"reason":"because"}'),
}


def endless(c, head, piece):
    c.sendall(head)
    while True:
        c.sendall(piece)


def serve(c):
    try:
        asked = b""
        while b"\r\n\r\n" not in asked:
            more = c.recv(65536)
            if not more:
                return
            asked += more
        with open("asked", "ab") as f:
            f.write(asked)
        mode = open("mode").read().strip()
        if mode == "silent":
            while c.recv(65536):
                pass
        elif mode == "endless":
            endless(c, OK + b"\r\n{\"things\":[", b"{}," * 10000)
        elif mode == "endless-headers":
            endless(c, OK, b"X-A: " + b"a" * 1000 + b"\r\n")
        elif mode == "endless-line":
            endless(c, OK + b"\r\n{\"seq\":1,\"a\":\"", b"a" * 10000)
        else:
            c.sendall(ANSWERS[mode])
            # what is not read would take the answer away
            c.shutdown(socket.SHUT_WR)
            c.settimeout(20)
            while c.recv(65536):
                pass
    except OSError:
        pass
    finally:
        c.close()


s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
