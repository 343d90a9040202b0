#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills stages of the running platform and counts what is left.

	faults.py --kills N --seed S --channel ID --key-file FILE
	    --adapter 'COMMAND' --stage 'COMMAND' ... --database FILE
	    [--pipeline 'COMMAND' --stage ...] [--names a]

The adapter takes messages that the clients here post over keep-alive
connections, each numbered and sent once.  The stages are a pipeline from
the bus to the store.  At random moments one process gets SIGKILL; what
has ended is started again, a pipeline as a whole; --pipeline begins another
one.  Each message has a record a and a record b; --names says which of them
the pipelines let through.

At the end every message answered with 202 has to be in the store exactly
once, one that got no answer at most once, one that was refused never.
"""
import argparse
import collections
import http.client
import json
import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import threading

from waiting import Deadline, breathe, until

CLIENTS = 4


class Pipeline:
    """Processes that are started, and end, as a whole."""

    def __init__(self, commands, log, statuses):
        self.commands = [shlex.split(c) for c in commands]
        self.log = log
        self.statuses = statuses
        self.processes = []
        self.starts = 0
        self.whole = None

    def keep(self):
        alive = [p for p in self.processes if p.poll() is None]
        if alive:
            # one that is not ours sees that its reader has gone only when
            # it writes, and it may have nothing to write
            if len(alive) == len(self.processes):
                self.whole = Deadline(1)
            elif self.whole.over():
                for p in alive:
                    p.terminate()
            return      # as a shell: wait for the last of them
        self.note()
        self.processes = []
        source = subprocess.DEVNULL
        for i, command in enumerate(self.commands, 1):
            last = i == len(self.commands)
            p = subprocess.Popen(
                command, stdin=source, stderr=self.log,
                stdout=subprocess.DEVNULL if last else subprocess.PIPE)
            if source != subprocess.DEVNULL:
                source.close()
            source = p.stdout
            self.processes.append(p)
        self.starts += 1

    def note(self):
        for p in self.processes:
            self.statuses[os.path.basename(p.args[0]), p.returncode] += 1


class Site:
    """The processes: one adapter, pipelines behind it."""

    def __init__(self, adapter, pipelines, log):
        self.statuses = collections.Counter()
        self.parts = [Pipeline(p, log, self.statuses)
                      for p in [[adapter]] + pipelines]

    @property
    def starts(self):
        return sum(p.starts for p in self.parts)

    def keep(self):
        """Starts what has ended."""
        for p in self.parts:
            p.keep()

    def alive(self):
        return [p for part in self.parts for p in part.processes
                if p.poll() is None]

    def stop(self):
        for p in self.alive():
            p.send_signal(signal.SIGTERM)
        for part in self.parts:
            for p in part.processes:
                p.wait(20)
            part.note()


class Client(threading.Thread):
    """Posts 1, 2, 3 … and remembers what became of each."""

    def __init__(self, number, port, channel, key):
        super().__init__(daemon=True)
        self.name_base = f"client{number}:"
        self.port = port
        self.path = f"/channels/{channel}/messages/faults"
        self.headers = {"Authorization": key,
                        "Content-Type": "application/senml+json"}
        self.answers = []
        self.stop = False

    def run(self):
        connection = None
        while not self.stop:
            if connection is None:
                connection = self.connect()
                continue
            number = len(self.answers)
            body = json.dumps([{"bn": self.name_base, "n": "a", "v": number},
                               {"n": "b", "v": number}])
            try:
                connection.request("POST", self.path, body, self.headers)
                answer = connection.getresponse()
                answer.read()
                self.answers.append(answer.status)
                breathe()   # many kills, not many gigabytes
            except (OSError, http.client.HTTPException):
                self.answers.append(None)
                connection.close()
                connection = None

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=20)
        try:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP,
                                       socket.TCP_NODELAY, 1)
            return connection
        except OSError:
            breathe(0.005)   # it is being restarted
            return None


def stored(database):
    """How often each (name, value) is there."""
    out = subprocess.run(["mfx-read-sqlite", database], check=True,
                         capture_output=True, text=True).stdout
    count = collections.Counter()
    for line in out.splitlines():
        record = json.loads(line)
        count[record["n"], int(record["v"])] += 1
    return count


def judge(clients, count, names):
    """All that is wrong, and the figures."""
    wrong = []
    figures = collections.Counter()
    for c in clients:
        for number, answer in enumerate(c.answers):
            times = [count.pop((c.name_base + n, number), 0) for n in names]
            figures["sent"] += 1
            figures["acknowledged"] += answer == 202
            figures["unanswered"] += answer is None
            figures["stored"] += times[0]
            allowed = {202: (1,), None: (0, 1)}.get(answer, (0,))
            if len(set(times)) > 1 or times[0] not in allowed:
                wrong.append(f"{c.name_base}{number} answered {answer}: "
                             f"stored {times} times")
    wrong += [f"{k}: never sent" for k in count]
    figures["refused"] = (figures["sent"] - figures["acknowledged"] -
                          figures["unanswered"])
    return wrong, figures


def drained(clients, database, site, name):
    """Keeps the site up until all that was acknowledged is stored."""
    def whole():
        site.keep()
        count = stored(database)
        return all(count[c.name_base + name, n] for c in clients
                   for n, answer in enumerate(c.answers) if answer == 202)

    until(whole, "all that was acknowledged")


class Stage(argparse.Action):
    """Each pipeline is a list of commands."""

    def __call__(self, parser, args, value, option=None):
        if option == "--pipeline" or not args.pipelines:
            args.pipelines = args.pipelines + [[]]
        args.pipelines[-1].append(value)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--kills", type=int, required=True)
    args.add_argument("--seed", type=int, required=True)
    args.add_argument("--port", type=int, required=True)
    args.add_argument("--channel", required=True)
    args.add_argument("--key-file", required=True)
    args.add_argument("--adapter", required=True)
    args.add_argument("--stage", action=Stage, dest="pipelines",
                      default=[], required=True)
    args.add_argument("--pipeline", action=Stage, dest="pipelines")
    args.add_argument("--names", default="ab")
    args.add_argument("--database", required=True)
    args = args.parse_args()

    chance = random.Random(args.seed)
    with open(args.key_file) as f:
        key = f.read().strip()
    with open("stages.log", "w") as log:
        site = Site(args.adapter, args.pipelines, log)
        site.keep()
        clients = [Client(i, args.port, args.channel, key)
                   for i in range(CLIENTS)]
        for c in clients:
            c.start()
        killed = collections.Counter()
        while sum(killed.values()) < args.kills:
            pause = Deadline(chance.uniform(0.02, 0.6))
            while not pause.over():
                site.keep()
                breathe(0.005)
            victim = chance.choice(site.alive())
            victim.kill()
            killed[os.path.basename(victim.args[0])] += 1
        for c in clients:
            c.stop = True
        for c in clients:
            while c.is_alive():
                site.keep()
                c.join(0.05)
        drained(clients, args.database, site, args.names[-1])
        site.stop()

    wrong, figures = judge(clients, stored(args.database), args.names)
    print("killed", sum(killed.values()), dict(sorted(killed.items())))
    print("started", site.starts, "ended", sorted(site.statuses.items()))
    for name in ("sent", "acknowledged", "unanswered", "refused", "stored"):
        print(name, figures[name])
    print("wrong", len(wrong))
    for line in wrong[:20]:
        print(line)
    return 1 if wrong or not figures["acknowledged"] else 0


if __name__ == "__main__":
    sys.exit(main())
