#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client of NATS that is not ours: the protocol over a socket.

    nats_client.py URL listen SUBJECTS N	N messages, as they come; subjects
					with blanks between them
    nats_client.py URL ask SUBJECT BODY	one request, and its answer
    nats_client.py URL read STREAM [FILTER]	all messages of a JetStream stream

A message is printed as its subject, a tab and its payload.
"""
import json
import socket
import sys
from urllib.parse import urlsplit


class Client:
    def __init__(self, url):
        at = urlsplit(url)
        self.sock = socket.create_connection((at.hostname, at.port), 20)
        self.file = self.sock.makefile('rb')
        info = self.file.readline()
        assert info.startswith(b'INFO '), info
        self.send('CONNECT %s\r\n' % json.dumps({
            'verbose': False, 'pedantic': True, 'headers': True,
            'no_responders': True, 'lang': 'test', 'version': '0',
            'user': at.username, 'pass': at.password}))
        self.flush()

    def send(self, text, data=b''):
        self.sock.sendall(text.encode() + data)

    def line(self):
        line = self.file.readline().decode().split()
        if not line or line[0] == '-ERR':
            sys.exit('nats_client: %s' % ' '.join(line or ['the end']))
        return line

    def flush(self):
        self.send('PING\r\n')
        while self.line()[0] != 'PONG':
            pass

    def message(self):
        """Subject, headers and payload of the next message."""
        while True:
            line = self.line()
            if line[0] == 'PING':
                self.send('PONG\r\n')
            elif line[0] in ('MSG', 'HMSG'):
                head = int(line[-2]) if line[0] == 'HMSG' else 0
                data = self.file.read(int(line[-1]) + 2)[:-2]
                return line[1], data[:head].decode(), data[head:]

    def ask(self, subject, body):
        self.send('SUB _INBOX.test 9\r\n')
        self.send('PUB %s _INBOX.test %d\r\n%s\r\n' %
                  (subject, len(body), body))
        return self.message()


def show(subject, data):
    print('%s\t%s' % (subject, data.decode().replace('\n', '\\n')), flush=True)


def main():
    client = Client(sys.argv[1])
    verb, arguments = sys.argv[2], sys.argv[3:]
    if verb == 'ask':
        print(client.ask(arguments[0], arguments[1])[2].decode())
    elif verb == 'listen':
        for number, subject in enumerate(arguments[0].split()):
            client.send('SUB %s %d\r\n' % (subject, number))
        client.flush()
        print('ready', flush=True)
        for _ in range(int(arguments[1])):
            subject, _, data = client.message()
            show(subject, data)
    else:
        stream = arguments[0]
        config = {'durable_name': 'foreign', 'ack_policy': 'none',
                  'deliver_policy': 'all'}
        if len(arguments) > 1:
            config['filter_subject'] = arguments[1]
        answer = json.loads(client.ask(
            '$JS.API.CONSUMER.DURABLE.CREATE.%s.foreign' % stream, json.dumps(
                {'stream_name': stream, 'config': config}))[2])
        for _ in range(answer['num_pending']):
            subject, head, data = client.ask(
                '$JS.API.CONSUMER.MSG.NEXT.%s.foreign' % stream, '')
            show(subject, data)
            client.send('UNSUB 9\r\n')


main()
