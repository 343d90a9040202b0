# SPDX-License-Identifier: Apache-2.0
# A collector of OpenTelemetry that takes one request after another: it answers
# with the statuses of its arguments, the last one for ever, checks that each
# body is an ExportMetricsServiceRequest as protobuf's JSON has it, and prints
# "name type value attributes" of each point, tabs between; what is wrong goes
# to stderr, and is answered with 400.  The port is printed first.
import http.server
import json
import re
import sys

statuses = [int(s) for s in sys.argv[1:]] or [200]
INT64 = re.compile(r'^-?[0-9]{1,19}$')


def need(holds, what):
    if not holds:
        raise ValueError(what)


def attributes(point):
    text = []
    for a in point['attributes']:
        need(set(a) == {'key', 'value'}, a)
        need(set(a['value']) == {'stringValue'}, a)
        need(isinstance(a['value']['stringValue'], str), a)
        text.append('%s=%s' % (a['key'], a['value']['stringValue']))
    need(len(text) == len(set(text)), text)
    return ','.join(text)


def number(p):
    need(set(p) <= {'attributes', 'timeUnixNano', 'asInt', 'asDouble'}, p)
    if 'asInt' in p:
        need(isinstance(p['asInt'], str) and INT64.match(p['asInt']), p)
        return p['asInt']
    need(isinstance(p['asDouble'], float), p)
    return p['asDouble']


def histogram(p):
    counts = [int(n) for n in p['bucketCounts']]
    need(all(isinstance(n, str) for n in p['bucketCounts']), p)
    bounds = p['explicitBounds']
    need(len(counts) == len(bounds) + 1 and bounds == sorted(bounds), p)
    need(isinstance(p['count'], str) and int(p['count']) == sum(counts), p)
    need(isinstance(p['sum'], (int, float)), p)
    return p['count']


def metric(m):
    kinds = set(m) - {'name', 'description', 'unit'}
    need(len(kinds) == 1, m)
    kind = kinds.pop()
    data = m[kind]
    need(kind in ('sum', 'gauge', 'histogram'), kind)
    if kind != 'gauge':
        need(data['aggregationTemporality'] == 2, m)
    if kind == 'sum':
        need(data['isMonotonic'] is True, m)
    need(data['dataPoints'], m)
    for p in data['dataPoints']:
        need(INT64.match(p['timeUnixNano']), p)
        value = histogram(p) if kind == 'histogram' else number(p)
        print(m['name'], kind, value, attributes(p), sep='\t', flush=True)


def request(body):
    for r in json.loads(body)['resourceMetrics']:
        need({'key': 'service.name', 'value': {'stringValue': 'mfx'}} in
             r['resource']['attributes'], r['resource'])
        for s in r['scopeMetrics']:
            need(s['scope']['name'] == 'mfx-export', s['scope'])
            for m in s['metrics']:
                metric(m)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        try:
            need(self.headers['Content-Type'] == 'application/json',
                 'content type')
            if status == 200:
                request(body)
        except (ValueError, KeyError, TypeError) as e:
            print(repr(e), file=sys.stderr, flush=True)
            status = 400
        print('token', self.headers['X-Token'], sep='\t', flush=True)
        self.send_response(status)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'{}')

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
