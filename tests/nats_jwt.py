#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An operator of NATS, an account with JetStream, and users of it, with
openssl only.

    nats_jwt.py DIR USER...

makes DIR/resolver.conf, to be included by the server's configuration, and for
each user DIR/USER.creds.
"""
import base64
import binascii
import hashlib
import json
import subprocess
import sys
import time

SEED, OPERATOR, ACCOUNT, USER = 18 << 3, 14 << 3, 0, 20 << 3


def base32(data):
    return base64.b32encode(data).decode().rstrip('=')


def nkey(head, key):
    data = bytes(head) + key
    return base32(data + binascii.crc_hqx(data, 0).to_bytes(2, 'little'))


def openssl(*args, data=b''):
    return subprocess.run(['openssl', *args], input=data, check=True,
                          stdout=subprocess.PIPE).stdout


def text64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip('=')


class Key:
    """A pair of keys, in a file of openssl."""

    def __init__(self, directory, name, kind):
        self.file = '%s/%s.pem' % (directory, name)
        openssl('genpkey', '-algorithm', 'ed25519', '-out', self.file)
        der = openssl('pkey', '-in', self.file, '-outform', 'DER')
        public = openssl('pkey', '-in', self.file, '-pubout',
                         '-outform', 'DER')
        self.name = nkey((kind,), public[-32:])
        self.seed = nkey((SEED | kind >> 5, (kind & 31) << 3), der[-32:])

    def sign(self, text):
        name = self.file + '.text'
        with open(name, 'w') as file:
            file.write(text)
        return openssl('pkeyutl', '-sign', '-rawin', '-inkey', self.file,
                       '-in', name)

    def jwt(self, subject, name, claims):
        body = {'iat': int(time.time()), 'iss': self.name, 'name': name,
                'sub': subject, 'nats': dict(claims, version=2)}
        digest = hashlib.sha256(json.dumps(body).encode()).digest()
        body['jti'] = base32(digest)
        text = '.'.join(text64(json.dumps(part).encode()) for part in (
            {'typ': 'JWT', 'alg': 'ed25519-nkey'}, body))
        return text + '.' + text64(self.sign(text))


def main(directory, users):
    operator = Key(directory, 'operator', OPERATOR)
    account = Key(directory, 'account', ACCOUNT)
    limits = {name: -1 for name in (
        'subs', 'data', 'payload', 'imports', 'exports', 'conn', 'leaf',
        'mem_storage', 'disk_storage', 'streams', 'consumer')}
    limits['wildcards'] = True
    system = Key(directory, 'system', ACCOUNT)
    accounts = [(key.name, operator.jwt(key.name, name, {
        'type': 'account', 'limits': has})) for key, name, has in (
            (account, 'site', limits),
            (system, 'SYS', dict(limits, mem_storage=0, disk_storage=0,
                                 streams=0, consumer=0)))]
    with open(directory + '/resolver.conf', 'w') as file:
        file.write('operator: %s\nsystem_account: %s\nresolver: MEMORY\n' % (
            operator.jwt(operator.name, 'operator', {'type': 'operator'}),
            system.name))
        file.write('resolver_preload: { %s }\n' % ', '.join(
            '%s: %s' % pair for pair in accounts))
    for name in users:
        user = Key(directory, name, USER)
        token = account.jwt(user.name, name, {
            'type': 'user', 'pub': {}, 'sub': {}, 'subs': -1, 'data': -1,
            'payload': -1})
        with open('%s/%s.creds' % (directory, name), 'w') as file:
            for kind, text in (('NATS USER JWT', token),
                               ('USER NKEY SEED', user.seed)):
                file.write('-----BEGIN %s-----\n%s\n------END %s------\n\n'
                           % (kind, text, kind))


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2:])
