#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""influx_proxy.py PORT SERVER_PORT N: in front of a server that takes line
protocol.  Of requests that bring points it holds back the first N until all
of them are there, so that a client that sends one after the other gets no
answer.  Each is a line on stdout: its connection, counted from 1, how many
were under way with it, and its encoding."""
import gzip
import http.client
import http.server
import sys
import threading

port, server, n = map(int, sys.argv[1:])
lock = threading.Condition()
came = busy = connections = 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        global connections
        super().setup()
        with lock:
            connections += 1
            self.nth = connections

    def do_POST(self):
        global came, busy
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        encoding = self.headers.get("Content-Encoding", "none")
        text = gzip.decompress(body) if encoding == "gzip" else body
        points = self.path.startswith("/write") and text != b""
        with lock:
            busy += 1
            came += points
            lock.notify_all()
            if points and not lock.wait_for(lambda: came >= n, 30):
                sys.exit("no %d requests at a time" % n)
            if points:
                print(self.nth, busy, encoding, flush=True)
        there = http.client.HTTPConnection("127.0.0.1", server, timeout=60)
        there.request("POST", self.path, body, dict(self.headers))
        answer = there.getresponse()
        text = answer.read()
        there.close()
        with lock:
            busy -= 1
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


Server(("127.0.0.1", port), Handler).serve_forever()
