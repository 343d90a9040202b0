# SPDX-License-Identifier: Apache-2.0
"""A client of mfx-api for the suites, on Python's own http.client."""
import http.client
import json
import urllib.parse

PASSWORD = "correct horse"
JSON = "application/json"
NOBODY = "00000000-0000-4000-8000-000000000000"
# what looks like SQL, a path, a pattern, or nothing at all
HOSTILE = ["'", "''", '"', "' OR '1'='1", "x'; DROP TABLE things; --", "\\",
           "\\'", "%", "_", "*", "?", "[", "]", "NEAR(", "name:x", '"a" OR "b"',
           "a AND b", "^a", "a*", "-1", "0x10", "1e3", "NULL", "null", "../..",
           "\x01", "\x7f", "\t", "\n", "\r\n", "ü", "日本語", "\U0001f600",
           "{}", "[]", "{{}}", "a" * 300, "0", "9" * 40]


class Reply:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.text[:400]!r}"


class Client:
    def __init__(self, port, token=None, address="127.0.0.1"):
        """`address`: whom it comes from."""
        self.port, self.token = port, token
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=60, source_address=(address, 0))

    def call(self, method, path, body=None, token=0, type=0, headers=None):
        """`body`: text as it is, anything else as JSON; token, type: None
        for none, 0 for the usual one."""
        h = dict(headers or {})
        token = self.token if token == 0 else token
        if token is not None:
            h["Authorization"] = token
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if type == 0:
            type = JSON if body is not None else None
        if type is not None:
            h["Content-Type"] = type
        if isinstance(body, str):
            body = body.encode()
        self.connection.request(method, path, body, h)
        r = self.connection.getresponse()
        reply = Reply(r.status, r.headers, r.read().decode())
        if reply.status >= 400:
            # RFC 9457
            assert r.headers["Content-Type"] == "application/problem+json", \
                reply
            assert reply.json["status"] == r.status, reply
        return reply

    def want(self, status, method, path, body=None, **more):
        reply = self.call(method, path, body, **more)
        assert reply.status == status, \
            f"{method} {path} {body!r} {more}: not {status}: {reply}"
        return reply

    # what most tests begin with

    def sign_up(self, email, password=PASSWORD):
        self.want(201, "POST", "/users",
                  {"email": email, "password": password})
        self.token = self.log_in(email, password)
        return self

    def log_in(self, email, password=PASSWORD):
        return self.want(201, "POST", "/tokens",
                         {"email": email, "password": password}
                         ).json["token"]

    def made(self, path, body):
        """The id in Location."""
        reply = self.want(201, "POST", path, body)
        assert reply.text == "", reply
        place, _, id = reply.headers["Location"].rpartition("/")
        assert place == path, reply
        return id

    def thing(self, **body):
        return self.made("/things", body)

    def channel(self, **body):
        return self.made("/channels", body)

    def key(self, thing):
        return self.want(200, "GET", f"/things/{thing}").json["key"]

    def connect(self, channel, thing):
        self.want(200, "PUT", f"/channels/{channel}/things/{thing}")

    def events(self, start="0"):
        text = self.want(200, "GET",
                         f"/events?follow=false&from={start}").text
        return [json.loads(line) for line in text.splitlines() if line]


def quote(text):
    return urllib.parse.quote(text, safe="")
