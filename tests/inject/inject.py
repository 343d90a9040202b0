#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program again and again, and each time another call of it fails.

    inject.py LIBRARY PROGRAM     one of RUNS, below

Run in an empty directory, with the programs in PATH.  LIBRARY is inject.c,
compiled.  First the program runs with nothing failing, then with the first,
second, third ... malloc, write, open and so on failing, once.  Whatever
failed, it has to

- end with a status that mfx(7) names, in time, and never by a signal,
- give no status but 0 without a message,
- have written all of it when the status is 0, and nothing half else: the
  bus verifies, the registry and the store are whole, and hold either what
  they did before or what they should,
- do its work when it is run again.

A server is asked for something: what it acknowledged is there, and if it
lives on after the failure, the next request is answered.

INJECT_EACH=1 tries every call (make nightly); without, calls are left out,
evenly, where a program makes many: of each kind 15 are tried, and 10 of a
server's by which no data is kept.  Which these are is another matter each time:
INJECT_SEED=N, which is printed, tries the same again.  Prints what was wrong,
and ends with 1 if anything was.
"""
import concurrent.futures
import contextlib
import errno
import getpass
import glob
import json
import os
import random
import re
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)
from waiting import until   # noqa: E402

DOCUMENTED = {0, 1, 64, 65, 66, 69, 71, 74, 75, 77, 78}
FAULTS = {"malloc": errno.ENOMEM, "write": errno.ENOSPC,
          "pwrite": errno.ENOSPC, "read": errno.EIO, "pread": errno.EIO,
          "open": errno.EMFILE, "sync": errno.EIO, "rename": errno.EIO,
          "ftruncate": errno.EIO, "mmap": errno.ENOMEM, "unlink": errno.EIO}
# by which data is kept
KEEPING = {"write", "pwrite", "sync", "rename", "ftruncate", "unlink"}
PATIENCE = 60   # seconds after which a program hangs, on a loaded machine
SEED = os.environ.get("INJECT_SEED") or str(random.randrange(100000))
USER = "ann@example.com"
LINES = [json.dumps([{"channel": "c", "publisher": "t", "protocol": "http",
                      "received": 1700000000 + i, "n": f"dev:{i}", "u": "Cel",
                      "v": i}], separators=(",", ":")) + "\n"
         for i in range(1, 41)]
HOUSE = """{"kind":"channel","name":"kitchen"}
{"kind":"thing","name":"oven"}
{"kind":"thing","name":"meter","status":"disabled"}
{"kind":"connection","channel":"kitchen","thing":"oven"}
"""
RECORDS = "".join(line[1:-2] + "\n" for line in LINES)
LINES = "".join(LINES)


def ask(request, port, kind=socket.SOCK_STREAM, timeout=PATIENCE):
    """What comes back, until the other side is silent or has had enough."""
    with socket.socket(socket.AF_INET, kind) as s:
        s.settimeout(timeout)
        try:
            s.connect(("127.0.0.1", port))
            s.sendall(request)
            return s.recv(65536)
        except OSError:
            return b""


def post(site, body=b'[{"n":"a","v":1}]'):
    return (f"POST /channels/{site.channel}/messages HTTP/1.1\r\n"
            f"Host: a\r\nAuthorization: {site.key}\r\n"
            "Content-Type: application/senml+json\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def register(_):
    body = b'{"email":"bob@example.com","password":"correct horse"}'
    return (b"POST /users HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)) + body


def coap_post(site, body=b'[{"n":"a","v":1}]'):
    def option(delta, value):
        n, more = len(value), b""
        if n >= 13:
            n, more = 13, bytes([n - 13])
        return bytes([delta << 4 | n]) + more + value
    return (bytes([0x40, 2, 0x12, 0x34]) + option(11, b"channels") +
            option(0, site.channel.encode()) + option(0, b"messages") +
            option(1, b"\x6e") + option(3, f"auth={site.key}".encode()) +
            b"\xff" + body)


def ended(process):
    """(status, what was wrong)"""
    try:
        return process.wait(PATIENCE), ""
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None, "it hangs"


class Site:
    """What is there before each run: a user, things, a stream, a store."""

    def __init__(self, top):
        self.path = os.path.join(top, "site")
        os.mkdir(self.path)
        self.make("mfx-users create --password-file -", USER, "correct horse")
        made = json.loads(self.make("mfx-things create --name meter"))
        self.thing, self.key = made["id"], made["key"]
        self.channel = json.loads(
            self.make("mfx-channels create --name garden"))["id"]
        self.make("mfx-channels connect", self.channel + " " + self.thing)
        self.make("mfx-certs ca init")
        self.make("mfx-certs issue --days 3", self.thing)
        self.share()
        for name, text in (("lines", LINES), ("records", RECORDS),
                           ("password", "correct horse\n"),
                           ("things", '{"name":"a"}\n{"name":"b"}\n'),
                           ("key", "a-key-of-its-own\n"),
                           ("ids", json.dumps({"id": self.thing}) + "\n"),
                           ("seal", "0123456789abcdef" * 2),
                           ("house", HOUSE),
                           ("rules", "alarm hot value > 20 for 1s\n"
                            "alarm quiet silent 1s by publisher\n"),
                           ("payload", '[{"n":"a","v":1}]')):
            self.put(name, text)
        self.make("mfx-pub s", stdin=LINES)
        self.make("mfx-sub s/g -n 5")
        self.make("mfx-bus seek s/h start --create")
        self.make("mfx-write-sqlite m.db", stdin=RECORDS)
        self.make("mfx-site backup -q -q --key seal sealed.tar.zst")

    def share(self):
        """The thing is in a group that a guest may use, and does."""
        guest = "guest@example.com"
        self.make("mfx-users create --password-file -", guest,
                  "correct horse")
        self.group = json.loads(self.make("mfx-groups create"))["id"]
        self.make("mfx-groups assign", self.group + " " + self.thing)
        self.grant = json.loads(self.make(
            "mfx-users grant " + guest + " use --group", self.group))["id"]
        self.make("mfx-users accept --user " + guest, self.grant)
        theirs = json.loads(
            self.make("mfx-channels create --user " + guest))["id"]
        self.make("mfx-channels connect --user " + guest,
                  theirs + " " + self.thing)

    def put(self, name, text):
        path = os.path.join(self.path, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)

    def make(self, command, more="", stdin=""):
        return subprocess.run(
            (command + " " + more).split(), env=environment(self.path),
            cwd=self.path, input=stdin, check=True, text=True,
            stdout=subprocess.PIPE).stdout


def environment(path, **more):
    return dict(os.environ, MFX_HOME=path + "/home", MFX_USER=USER, **more)


# ---- what is there afterwards ----

def registry(path):
    """Names and numbers of all there is; ids are others in each run."""
    with contextlib.closing(sqlite3.connect(path + "/home/registry.db")) as db:
        if db.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            return "the registry is damaged"
        return [db.execute(f"SELECT count(*) FROM {t}").fetchone() for t in
                ("users", "connections", "events", "item_groups",
                 "group_things", "grants", "guests")] + [
            sorted(db.execute(f"SELECT name, disabled FROM {t}").fetchall())
            for t in ("things", "channels")]


def certificates(path):
    """How many there are of each kind; the rest is another in each run."""
    with contextlib.closing(sqlite3.connect(path + "/home/registry.db")) as db:
        return [registry(path)] + [
            db.execute(f"SELECT count(*) FROM {t}").fetchone() for t in
            ("authorities", "certificates", "certificates WHERE revoked > 0",
             "certificates WHERE told > 0")]


def backups(path):
    """Those with a name are whole."""
    there = [f for pattern in ("new/2*", "new.tar*")
             for f in glob.glob(f"{path}/{pattern}")
             if not f.endswith(".new")]
    for file in there:
        verify = subprocess.run(
            ["mfx-site", "verify", "-q", "--key", path + "/seal", file],
            env=environment(path), capture_output=True, text=True)
        if verify.returncode:
            return "a backup is damaged: " + verify.stderr
    return len(there)


def restored(path):
    """What was restored, or nothing."""
    if not os.path.exists(path + "/back"):
        return ""
    os.makedirs(path + "/as", exist_ok=True)
    link = path + "/as/home"
    if not os.path.islink(link):
        os.symlink("../back", link)
    return [registry(path + "/as"), stream(path + "/as")]


def stream(path, name="s"):
    verify = subprocess.run(["mfx-bus", "verify"], env=environment(path),
                            capture_output=True, text=True)
    if verify.returncode:
        return "the bus is damaged: " + verify.stderr
    text = ""
    for file in sorted(glob.glob(f"{path}/home/bus/{name}/*.ndjson")):
        with open(file) as f:
            text += f.read()
    return re.sub(r'"received":[0-9.]+', "", text)


def group(path):
    groups = subprocess.run(["mfx-bus", "groups", "s"], capture_output=True,
                            env=environment(path), text=True)
    if groups.returncode:
        return "no groups: " + groups.stderr
    return groups.stdout


def store(path, name="m.db", unread=None):
    read = subprocess.run(["mfx-read-sqlite", "--order", "asc", name],
                          env=environment(path), cwd=path,
                          capture_output=True, text=True)
    if read.returncode == 0:
        return read.stdout
    return read.stderr if unread is None else unread


def new_store(path):
    """What is read from it; nothing as long as the writer has not made it."""
    return store(path, "new.db", "")


def nothing(_):
    return ""


class Run:
    """One command: what it reads, what it leaves, whether in parts.

    parts: what it leaves after a failure is the beginning of what it should
    fixed: what it prints is the same every time
    no: it may say no, with status 1 and not a word
    """

    statuses = DOCUMENTED

    def __init__(self, command, stdin="", state=nothing, fixed=True,
                 parts=False, no=False):
        self.command, self.stdin, self.state = command, stdin, state
        self.fixed, self.parts, self.no = fixed, parts, no

    def words(self, site, port=None):
        return [w.format(site=site, port=port) for w in self.command.split()]

    def start(self, site, path, env):
        with open(f"{path}/{self.stdin}" if self.stdin else os.devnull) as i, \
                open(path + "/out", "w") as o, open(path + "/err", "w") as e:
            return subprocess.Popen(self.words(site), env=env, cwd=path,
                                    stdin=i, stdout=o, stderr=e)

    def do(self, site, path, env):
        """(status, what was wrong while it ran, whether it was answered)"""
        return *ended(self.start(site, path, env)), False

    def judge(self, status, taken, before, after, want, out, want_out):
        if status == 0:
            if after != want:
                return "status 0, and what it should have done is not there"
            if self.fixed and out != want_out:
                return "status 0, and not all was written"
            return ""
        if self.parts:
            if not want.startswith(after) or not after.startswith(before):
                return "what is there is not the beginning of what should be"
        elif after not in (before, want):
            return f"half done: {after}"
        return ""


class OnServer(Run):
    """One whose store is a database of its own on a server, which holds
    `stored` at first: kind/name, with the server in $INJECT_KIND, and what
    follows the name in $INJECT_KIND_AFTER."""

    def __init__(self, kind, command, stdin="", stored=""):
        super().__init__(command, stdin, self.rows)
        self.kind, self.stored = kind, stored

    def place(self, path):
        at = "INJECT_" + self.kind.upper()
        return (os.environ[at] + "/" + os.path.basename(path).lower() +
                os.environ.get(at + "_AFTER", ""))

    def rows(self, path):
        read = subprocess.run(
            ["mfx-read-" + self.kind], text=True, capture_output=True,
            env=environment(path, MFX_STORE=self.place(path)))
        return read.stdout

    def make(self, path):
        if self.kind == "postgres":
            subprocess.run(["psql", "-qc", "CREATE DATABASE " +
                            os.path.basename(path).lower(),
                            os.environ["INJECT_POSTGRES"] + "/postgres"],
                           stderr=subprocess.DEVNULL)
        if self.stored:
            with open(f"{path}/{self.stored}") as i:
                subprocess.run(
                    ["mfx-write-" + self.kind], stdin=i, check=True,
                    env=environment(path, MFX_STORE=self.place(path)))

    def do(self, site, path, env):
        self.make(path)
        return super().do(site, path, dict(env, MFX_STORE=self.place(path)))

    def judge(self, status, taken, before, after, want, out, want_out):
        return super().judge(status, taken, want if self.stored else before,
                             after, want, out, want_out)


class Pruner(OnServer):
    """One that takes out what is stored: all of it, or nothing."""

    def make(self, path):
        super().make(path)
        self.full = self.rows(path)

    def judge(self, status, taken, before, after, want, out, want_out):
        return Run.judge(self, status, taken, self.full, after, want, out,
                         want_out)


class OnCassandra(OnServer):
    """As it takes long to make a keyspace, there is one for each thread, which
    is emptied."""

    threads = []

    def place(self, path):
        me = threading.get_ident()
        if me not in self.threads:
            self.threads.append(me)
        return "%s/t%d" % (os.environ["INJECT_CASSANDRA"],
                           self.threads.index(me))

    def make(self, path):
        env = environment(path, MFX_STORE=self.place(path))
        subprocess.run(["mfx-prune-cassandra", "--keep-age", "1ns"], env=env,
                       capture_output=True)
        with open(f"{path}/{self.stored}" if self.stored else os.devnull) as i:
            subprocess.run(["mfx-write-cassandra", "--replication", "1"],
                           stdin=i, check=True, env=env)


class CassandraPruner(Pruner, OnCassandra):
    pass


class Server(Run):
    """One that is asked for something, and then ended with SIGTERM."""

    def __init__(self, command, request, good, kind=socket.SOCK_STREAM,
                 state=nothing):
        super().__init__(command, state=state, fixed=False)
        self.request, self.good, self.kind = request, good, kind

    def serve(self, path, env, words):
        """The process, once it is ready or has ended."""
        ready, ours = os.pipe()
        os.set_inheritable(ours, True)
        with open(path + "/err", "w") as e, open(path + "/out", "w") as o:
            process = subprocess.Popen(
                words + ["-v", "--ready-fd", str(ours)], env=env, cwd=path,
                stdin=subprocess.DEVNULL, stdout=o, stderr=e, close_fds=False)
        os.close(ours)
        # at its end this is the end of the pipe, too
        os.read(ready, 1)
        os.close(ready)
        return process

    def do(self, site, path, env):
        process = self.serve(path, env, self.words(site))
        return self.end(process, self.talk(site, path, process))

    def end(self, process, wrong):
        process.terminate()
        status, hangs = ended(process)
        return status, hangs or wrong or "", not hangs and wrong is None

    def talk(self, site, path, process):
        with open(path + "/err") as f:
            port = re.search(r"serving on .*:(\d+)$", f.read(), re.M)
        if port is None:
            return ""
        for timeout in (1, PATIENCE):
            answer = ask(self.request(site), int(port[1]), self.kind, timeout)
            if self.good(answer):
                return None
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)     # its sockets are closed before it ends
                return ""
        return "it lives, and answers nobody: " + repr(answer[:60])

    def judge(self, status, taken, before, after, want, out, want_out):
        # refused or unanswered may be there or not
        if after in (before, want) or str(after).startswith(str(want)):
            if after == before != want and taken:
                return "what it acknowledged is not there"
            return ""
        return f"half done: {after}"


# ---- what speaks MQTT ----

@contextlib.contextmanager
def fake_broker(path, address, *mode):
    """Its port, and the file in which it says what has come."""
    said = path + "/broker"
    with open(said, "w") as o:
        broker = subprocess.Popen(
            [sys.executable, TESTS + "/mqtt_fake.py", address, *mode],
            cwd=path, stdout=o)
    try:
        until(lambda: has(said, "\n"), "a broker")
        with open(said) as f:
            port = f.readline().split()[1]
        yield port, said
    finally:
        broker.kill()
        broker.wait()


def has(file, word):
    with open(file, errors="replace") as f:
        return word in f.read()


def kept(path):
    """What the broker has been given, the first time."""
    try:
        with open(path + "/kept") as f:
            return "".join(dict.fromkeys(f))
    except FileNotFoundError:
        return ""


class Delivery(Run):
    """From stdin to a broker, which takes all."""

    def do(self, site, path, env):
        with fake_broker(path, path + "/b", "keep", "kept"):
            return super().do(site, path, env)


class Source(Server):
    """From a broker, which sends a message until it is acknowledged."""

    def do(self, site, path, env):
        with fake_broker(path, "0", "send", "payload", "1") as (port, said):
            process = self.serve(path, env, self.words(site, port))
            until(lambda: has(said, "PUBACK") or process.poll() is not None,
                  "an acknowledgement")
            return self.end(process, None if has(said, "PUBACK") else "")


def packet(head, *parts):
    body = b"".join(parts)
    return bytes([head]) + (bytes([len(body) & 127 | 128, len(body) >> 7])
                            if len(body) > 127 else bytes([len(body)])) + body


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


class Plugin(Server):
    """Our part of a broker: a thing publishes, and is acknowledged."""

    statuses = {0, 1, 13}   # 1, 13: it could not be initialised

    def do(self, site, path, env):
        with open(path + "/conf", "w") as f:
            f.write(f"user {getpass.getuser()}\nlistener 0 {path}/b\n"
                    "allow_anonymous false\n"
                    f"persistence_location {path}/\n"
                    f"plugin {shutil.which('mfx')[:-3]}mfx_mosquitto.so\n"
                    f"plugin_opt_home {path}/home\nplugin_opt_stream s\n")
        with open(path + "/err", "w") as e, open(path + "/out", "w") as o:
            process = subprocess.Popen(
                ["mosquitto", "-c", path + "/conf"], cwd=path, stdout=o,
                stderr=e, env=dict(env, INJECT_IN="mfx_mosquitto.so "
                                   "libsqlite3 libsodium"))
        until(lambda: has(path + "/err", " running") or
              process.poll() is not None, "a broker that runs")
        return self.end(process, self.talk(site, path, process))

    def talk(self, site, path, process):
        for _ in range(2):
            if self.publish(site, path):
                return None
            if process.poll() is not None:
                return ""
        return "it lives, and acknowledges nothing"

    @staticmethod
    def publish(site, path):
        """Is a message acknowledged?"""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            try:
                s.connect(path + "/b")
                f = s.makefile("rb")
                s.sendall(packet(0x10, text("MQTT"), b"\4\xc2\0\74",
                                 text("d"), text("x"), text(site.key)))
                if f.read(4) != b"\x20\2\0\0":
                    return False
                s.sendall(packet(
                    0x32, text(f"channels/{site.channel}/messages"), b"\0\1",
                    b'[{"n":"a","v":1}]'))
                return f.read(4) == b"\x40\2\0\1"
            except OSError:
                return False


def http(status):
    return lambda answer: answer.startswith(b"HTTP/1.1 " + status)


RUNS = {
    "mfx": [Run("mfx grep --name dev:1* lines")],
    "mfx-normalize": [Run("mfx-normalize lines")],
    "mfx-grep": [Run("mfx-grep --name dev:1*", "lines")],
    "mfx-fmt": [Run("mfx-fmt -t tsv", "records")],
    "mfx-plot": [Run("mfx-plot -t svg", "records")],
    "mfx-encode": [Run("mfx-encode -t cbor -n 3", "records")],
    "mfx-check": [Run("mfx-check", "lines")],
    "mfx-chaos": [Run("mfx-chaos --drop 50%", "lines")],
    "mfx-alarm": [Run("mfx-alarm --test rules", "lines"),
                  Run("mfx-alarm --state alarm.db rules", "lines",
                      fixed=False)],
    "mfx-gen": [Run("mfx-gen --count 20 --seed 1 --start 1700000000")],
    "mfx-pub": [Run("mfx-pub s --sync always", "lines", stream, parts=True),
                Run("mfx-pub new", "lines",
                    lambda p: stream(p, "new"), parts=True)],
    "mfx-sub": [Run("mfx-sub s --from start --no-follow"),
                Run("mfx-sub s/h --no-follow -n 5", state=group)],
    "mfx-bus": [Run("mfx-bus stat", fixed=False), Run("mfx-bus groups s"),
                Run("mfx-bus verify s"),
                Run("mfx-bus seek s/h end", state=group),
                Run("mfx-bus forget s/h", state=group),
                Run("mfx-bus prune s --keep-bytes 1KiB", state=group)],
    "mfx-write-sqlite": [Run("mfx-write-sqlite new.db", "records", new_store),
                         Run("mfx-write-sqlite --batch 7 m.db", "records",
                             store)],
    "mfx-read-sqlite": [Run("mfx-read-sqlite m.db"),
                        Run("mfx-read-sqlite --aggregate avg --every 10s "
                            "m.db")],
    "mfx-prune-sqlite": [
        Run("mfx-prune-sqlite --keep-age 1d m.db", state=store),
        Run("mfx-prune-sqlite --keep-age 1d --dry-run m.db", state=store)],
    "mfx-users": [Run("mfx-users list"),
                  # libsodium has no other answer when it has no memory
                  Run("mfx-users verify {site.user} --password-file password",
                      no=True),
                  Run("mfx-users create bob@example.com --password-file "
                      "password", state=registry, fixed=False),
                  Run("mfx-users grants"),
                  Run("mfx-users grant bob@example.com view --group "
                      "{site.group}", state=registry, fixed=False),
                  Run("mfx-users decline --user guest@example.com "
                      "{site.grant}", state=registry)],
    "mfx-things": [Run("mfx-things create -f things", state=registry,
                       fixed=False),
                   Run("mfx-things list"),
                   Run("mfx-things key {site.thing} --key-file key",
                       state=registry),
                   Run("mfx-things remove {site.thing}", state=registry)],
    "mfx-channels": [Run("mfx-channels create --name x", state=registry,
                         fixed=False),
                     Run("mfx-channels disconnect {site.channel} {site.thing}",
                         state=registry)],
    "mfx-groups": [Run("mfx-groups create --name x", state=registry,
                       fixed=False),
                   Run("mfx-groups unassign {site.group} {site.thing}",
                       state=registry),
                   Run("mfx-groups remove {site.group}", state=registry),
                   Run("mfx-groups tree")],
    "mfx-can": [Run("mfx-can {site.thing} publish {site.channel}")],
    "mfx-audit": [Run("mfx-audit --store m.db -t json s/h", no=True)],
    "mfx-doctor": [Run("mfx-doctor --check home --check owners --check bus",
                       no=True)],
    "mfx-trace": [Run("mfx-trace --last t --stream s --store m.db -t json",
                      no=True, fixed=False)],
    "mfx-export": [Run("mfx-export --textfile page", fixed=False)],
    "mfx-events": [Run("mfx-events --from start")],
    "mfx-bootstrap": [Run("mfx-bootstrap add --thing {site.thing} --key-file "
                          "key device", state=registry, fixed=False),
                      Run("mfx-bootstrap list")],
    "mfx-certs": [Run("mfx-certs issue {site.thing}", state=certificates,
                      fixed=False),
                  Run("mfx-certs ca init --parent ca line",
                      state=certificates),
                  Run("mfx-certs ca show"),
                  Run("mfx-certs list"),
                  Run("mfx-certs expiring --event", state=certificates),
                  Run("mfx-certs renew --replace {site.thing} --out dir",
                      state=certificates, fixed=False),
                  Run("mfx-certs revoke {site.thing}", state=certificates),
                  Run("mfx-certs crl", state=certificates, fixed=False)],
    "mfx-registry": [Run("mfx-registry verify"), Run("mfx-registry status")],
    "mfx-site": [Run("mfx-site export"), Run("mfx-site log"),
                 Run("mfx-site apply house", state=registry, fixed=False),
                 Run("mfx-site apply --prune house", state=registry,
                     fixed=False),
                 Run("mfx-site undo 4", state=registry),
                 Run("mfx-site backup -q new", state=backups, fixed=False),
                 Run("mfx-site backup --key seal new.tar.zst", state=backups,
                     fixed=False),
                 Run("mfx-site verify --key seal sealed.tar.zst"),
                 Run("mfx-site list --key seal sealed.tar.zst"),
                 Run("mfx-site restore --key seal --to back sealed.tar.zst",
                     state=restored)],
    "mfx-config": [Run("mfx-config", fixed=False)],
    "mfx-top": [Run("mfx-top -b -n 1 --every 100ms", fixed=False)],
    "mfx-status": [Run("mfx-status --every 1ms", fixed=False)],
    "mfx-init": [Run("mfx-init --dry-run --root . --supervisor systemd "
                     "--host a", fixed=False),
                 Run("mfx-init --root placed --supervisor runit --host a",
                     fixed=False)],
    "mfx-token": [Run("mfx-token list")],
    "mfx-adapt-http": [Server("mfx-adapt-http -l 127.0.0.1:0 -o s", post,
                              http(b"202"), state=stream)],
    "mfx-adapt-coap": [Server("mfx-adapt-coap -l 127.0.0.1:0 -o s", coap_post,
                              lambda a: a[1:2] == b"\x44", socket.SOCK_DGRAM,
                              stream)],
    "mfx-adapt-ws": [Server(
        "mfx-adapt-ws -l 127.0.0.1:0 -o s",
        lambda s: (f"GET /channels/{s.channel}/messages HTTP/1.1\r\nHost: a\r\n"
                   f"Authorization: {s.key}\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                   ).encode(), http(b"101"))],
    "mfx-write-postgres": [
        OnServer("postgres", "mfx-write-postgres", "records")],
    "mfx-read-postgres": [
        OnServer("postgres", "mfx-read-postgres", stored="records")],
    "mfx-prune-postgres": [
        Pruner("postgres", "mfx-prune-postgres --keep-age 1d",
               stored="records")],
    "mfx-prune-influx": [
        Pruner("influx", "mfx-prune-influx --keep-age 1d",
               stored="records")],
    "mfx-write-cassandra": [
        OnCassandra("cassandra", "mfx-write-cassandra", "records")],
    "mfx-read-cassandra": [
        OnCassandra("cassandra", "mfx-read-cassandra", stored="records")],
    "mfx-prune-cassandra": [
        CassandraPruner("cassandra", "mfx-prune-cassandra --keep-age 1d",
                        stored="records")],
    "mfx-write-influx": [OnServer("influx", "mfx-write-influx", "records")],
    "mfx-read-influx": [
        OnServer("influx", "mfx-read-influx", stored="records")],
    "mfx-write-mongo": [OnServer("mongo", "mfx-write-mongo", "records")],
    "mfx-read-mongo": [
        OnServer("mongo", "mfx-read-mongo", stored="records")],
    "mfx-prune-mongo": [
        Pruner("mongo", "mfx-prune-mongo --keep-age 1d", stored="records")],
    "mfx-adapt-mqtt": [
        Delivery("mfx-adapt-mqtt --socket b", "lines", kept, parts=True),
        Source("mfx-adapt-mqtt --host 127.0.0.1 -p {port} -t t "
               "--map {{t}}=channel:{{t}} -o s", None, None, state=stream)],
    "mfx_mosquitto.so": [Plugin("", None, None, state=stream)],
    "mfx-api": [Server("mfx-api -l 127.0.0.1:0",
                       lambda s: b"GET /health HTTP/1.1\r\nHost: a\r\n"
                       b"Connection: close\r\n\r\n", http(b"200")),
                # an answer that failed is asked for again, and then clashes
                Server("mfx-api -l 127.0.0.1:0", register,
                       lambda a: http(b"201")(a) or http(b"409")(a),
                       state=registry)],
}
Site.user = USER


class Tries:
    """All the failures of one run."""

    def __init__(self, library, top, site, run):
        self.library, self.top, self.site, self.run = library, top, site, run
        self.before = run.state(site.path)

    def once(self, kind, nth):
        """(calls made, what is wrong, the state, stdout)"""
        path = tempfile.mkdtemp(dir=self.top)
        shutil.copytree(self.site.path, path, dirs_exist_ok=True)
        count = path + "/count"
        with open(count, "wb") as f:
            f.write(bytes(8))
        status, wrong, taken = self.run.do(self.site, path, environment(
            path, LD_PRELOAD=self.library, INJECT_CALL=kind,
            INJECT_NTH=str(nth), INJECT_ERRNO=str(FAULTS[kind]),
            INJECT_COUNT=count))
        with open(count, "rb") as f:
            calls = struct.unpack("@Q", f.read())[0]
        with open(path + "/out", errors="replace") as f:
            out = f.read()
        with open(path + "/err", errors="replace") as f:
            err = f.read()
        after = self.run.state(path)
        if "\ufffd" in err:
            wrong = "a message that is not text"
        if not wrong and status not in self.run.statuses:
            wrong = f"ended with {status}"
        if not wrong and status and not err and not (status == 1 and
                                                     self.run.no):
            wrong = f"ended with {status}, and without a message"
        if not wrong and nth:
            wrong = self.run.judge(status, taken, self.before, after,
                                   self.want, out, self.want_out)
        if not wrong and nth and status and after == self.before and \
                not self.run.parts:
            again, wrong, _ = self.run.do(self.site, path, environment(path))
            if not wrong and (again or self.run.state(path) != self.want):
                wrong = f"ended with {again} when run again"
        shutil.rmtree(path, ignore_errors=True)
        if nth == 0 and status:
            wrong = f"ended with {status} when nothing failed: {err}"
        if wrong:
            wrong = f"{self.run.command}: {kind} {nth}: {wrong}; {err[-300:]}"
        return calls, wrong, after, out

    def all(self, pool):
        """(how many failures were tried, what was wrong)"""
        todo, done = [], 0
        for kind in FAULTS:
            most = 10 if isinstance(self.run, Server) and \
                kind not in KEEPING else 15
            calls, wrong, self.want, self.want_out = self.once(kind, 0)
            if wrong:
                return 1, [wrong]
            step = 1 if os.environ.get("INJECT_EACH") else \
                max(1, -(-calls // most))
            first = random.Random(f"{SEED} {self.run.command} {kind}").randint(
                1, step)
            todo += [(kind, n) for n in range(first, calls + 1, step)]
        wrong = [w for _, w, _, _ in pool.map(lambda t: self.once(*t), todo)
                 if w]
        return len(todo), wrong


def main():
    library, program = os.path.abspath(sys.argv[1]), sys.argv[2]
    top = os.getcwd()
    site = Site(top)
    tried, wrong = 0, []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for run in RUNS[program]:
            n, w = Tries(library, top, site, run).all(pool)
            tried, wrong = tried + n, wrong + w
    print(f"{program}: {tried} failures, {len(wrong)} of them badly met, "
          f"INJECT_SEED={SEED}")
    print("\n".join(wrong[:40]))
    return 1 if wrong or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
