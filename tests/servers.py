# SPDX-License-Identifier: Apache-2.0
"""Asks a server of tests/servers.bash with a client that is not ours.

    servers.py URL CA ready|users|put KEY VALUE|get KEY
    servers.py URL CA find COLLECTION [QUERY]|add COLLECTION|run COMMAND
    servers.py URL CA cql TEXT...

CA is the file of its authority, or empty without TLS.  put makes the table
that it writes to; get prints the value, and fails if there is none.  Of
MongoDB, in its extended JSON: find prints documents, one a line in the order
of their _id; add inserts those of stdin; run prints the answer of a command.
Of Cassandra: cql prints rows, with | between values and - for one that is null.
Status 1 and one line for a server that can't be asked or refuses.
"""
import ssl
import sys
from urllib.parse import urlsplit


class Postgres:
    def __init__(self, url, ca):
        import psycopg2
        self.db = psycopg2.connect(url, connect_timeout=10,
                                   **({"sslrootcert": ca} if ca else {}))
        self.db.autocommit = True

    def ready(self):
        self.run("SELECT 1")

    def run(self, query, *values):
        cursor = self.db.cursor()
        cursor.execute(query, values)
        return cursor

    def put(self, key, value):
        self.run("CREATE TABLE IF NOT EXISTS kept (k text PRIMARY KEY, v text)")
        self.run("INSERT INTO kept VALUES (%s, %s)", key, value)

    def get(self, key):
        return self.run("SELECT v FROM kept WHERE k = %s", key).fetchone()[0]


class Cassandra:
    def __init__(self, url, ca, user=None, password=None):
        from cassandra.auth import PlainTextAuthProvider
        from cassandra.cluster import Cluster
        self.url, self.ca = url, ca
        at = urlsplit(url)
        tls = ssl.create_default_context(cafile=ca) if ca else None
        login = PlainTextAuthProvider(user or at.username,
                                      password or at.password)
        self.cluster = Cluster(
            [at.hostname], port=at.port, protocol_version=4, ssl_context=tls,
            connect_timeout=20, auth_provider=login)
        self.run = self.cluster.connect().execute

    def ready(self):
        self.run("SELECT key FROM system.local")

    @staticmethod
    def users(url, ca):
        """The first user of a new server makes the one of the URL."""
        at = urlsplit(url)
        first = Cassandra(url, ca, "cassandra", "cassandra")
        first.run(f"CREATE ROLE IF NOT EXISTS {at.username} WITH LOGIN = true"
                  " AND PASSWORD = %s", (at.password,))
        first.run(f"GRANT ALL ON ALL KEYSPACES TO {at.username}")
        Cassandra(url, ca).ready()

    def put(self, key, value):
        self.run("CREATE KEYSPACE IF NOT EXISTS kept WITH replication ="
                 " {'class': 'SimpleStrategy', 'replication_factor': 1}")
        self.run("CREATE TABLE IF NOT EXISTS kept.kept"
                 " (k text PRIMARY KEY, v text)")
        self.run("INSERT INTO kept.kept (k, v) VALUES (%s, %s)", (key, value))

    def get(self, key):
        return self.run("SELECT v FROM kept.kept WHERE k = %s", (key,)).one()[0]

    def cql(self, *texts):
        rows = [row for text in texts for row in self.run(text)]
        return "\n".join("|".join("-" if v is None else str(v) for v in row)
                         for row in rows) or None


class Mongo:
    def __init__(self, url, ca):
        from pymongo import MongoClient
        self.db = MongoClient(
            url, serverSelectionTimeoutMS=10000, socketTimeoutMS=20000,
            **({"tlsCAFile": ca} if ca else {})).get_database()

    def ready(self):
        self.db.list_collection_names()

    def put(self, key, value):
        self.db.kept.insert_one({"_id": key, "v": value})

    def get(self, key):
        return self.db.kept.find_one({"_id": key})["v"]

    def find(self, collection, query="{}"):
        from bson import json_util
        found = self.db[collection].find(json_util.loads(query)).sort("_id")
        return "\n".join(json_util.dumps(d, ensure_ascii=False,
                                         separators=(",", ":"))
                         for d in found)

    def add(self, collection):
        from bson import json_util
        self.db[collection].insert_many(
            [json_util.loads(line) for line in sys.stdin])

    def run(self, command):
        from bson import json_util
        return json_util.dumps(self.db.command(json_util.loads(command)))


def main(url, ca, verb, *arguments):
    kind = {"postgres": Postgres, "cassandra": Cassandra,
            "mongodb": Mongo}[urlsplit(url).scheme]
    if verb == "users":
        kind.users(url, ca)
        return
    said = getattr(kind(url, ca), verb)(*arguments)
    if said is not None:
        print(said)


try:
    main(*sys.argv[1:])
except Exception as e:  # whatever the client raises
    sys.exit(f"servers.py: {type(e).__name__}: {e}")
