#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""influx_fake.py PORT ANSWER...: a server that answers as it is told, one
after the other and the last one for ever: 429:2 is that status with
Retry-After 2; 500:TEXT and the like say TEXT as an error, 400:<TEXT without
JSON; a text that begins with { or < is the whole body of a 200.  Each is a line on stdout."""
import http.server
import json
import sys

answers = sys.argv[2:]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        print(self.path, answer, flush=True)
        status, body = 200, answer.encode()
        if answer[0] not in "{<":
            status, _, text = answer.partition(":")
            status = int(status)
            body = (text if text[:1] == "<" else
                    json.dumps({"error": text})).encode()
        if status == 204:
            body = b""
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
