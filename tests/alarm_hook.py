#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A webhook for tests/alarm_notify.bats: alarm_hook.py PORT FILE SECRET
[FAILURES|hang].  It checks each signature, answers 503 to the first FAILURES
requests, or never at all, and appends "ID BODY" to FILE for each that it took,
or "bad REASON"."""
import hashlib
import hmac
import http.server
import json
import sys
import threading
import time

PORT, FILE, SECRET, FAILURES = (sys.argv + ["0"])[1:5]
left = 0 if FAILURES == "hang" else int(FAILURES)
hanging = threading.Event()


def wrong(handler, body):
    """What is wrong with the request, or None."""
    given = dict(part.split("=", 1) for part in
                 handler.headers.get("X-Mfx-Signature", "t=0,v1=").split(","))
    want = hmac.new(SECRET.encode(), given["t"].encode() + b"." + body,
                    hashlib.sha256).hexdigest()
    if not hmac.compare_digest(want, given["v1"]):
        return "signature"
    if abs(time.time() - int(given["t"])) > 60:
        return "time"
    event = json.loads(body)
    if handler.headers["X-Mfx-Id"] != event["alarm"] + "/" + event["vs"]:
        return "id"
    if handler.headers["Content-Type"] != "application/json":
        return "type"
    return None


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global left
        if FAILURES == "hang":
            hanging.wait()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 204
        if left > 0:
            left -= 1
            status = 503
        else:
            why = wrong(self, body)
            with open(FILE, "ab") as f:
                f.write(f"bad {why}\n".encode() if why else
                        self.headers["X-Mfx-Id"].encode() + b" " + body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


with http.server.ThreadingHTTPServer(("127.0.0.1", int(PORT)), Hook) as server:
    print("ready", flush=True)
    server.serve_forever()
