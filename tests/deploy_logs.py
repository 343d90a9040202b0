# SPDX-License-Identifier: Apache-2.0
# As much of Elasticsearch as rsyslog asks for: its health, and the bulk
# interface, whose documents are printed, a line each, with their index.
import http.server
import json
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({'status': 'green'})

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        lines = [json.loads(s) for s in body.splitlines() if s]
        assert self.path.startswith('/_bulk'), self.path
        for action, document in zip(lines[::2], lines[1::2]):
            document['_index'] = action['index']['_index']
            print(json.dumps(document), flush=True)
        self.answer({'errors': False, 'items': [
            {'index': {'status': 201}} for _ in lines[::2]]})

    def log_message(self, *_):
        pass


http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])),
                       Handler).serve_forever()
