#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tenants.py PORT CASE: bob asks for as much as he can, and ann goes on as
ever: she is answered while he still waits."""
import glob
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading

from api_client import Client, PASSWORD, quote
from waiting import until

port = int(sys.argv[1])
PID = int(os.environ["API_PID"])
HOME = os.environ["MFX_HOME"]
ANN_KEY, ANN_CHANNEL, ANN_THING, BOB_KEY, BOB_CHANNEL, BOB_THING = (
    os.environ[v] for v in ("ANN_KEY", "ANN_CHANNEL", "ANN_THING",
                            "BOB_KEY", "BOB_CHANNEL", "BOB_THING"))
ROUNDS = 25
LINES = "application/x-ndjson"
TICKS = os.sysconf("SC_CLK_TCK")


def token(name):
    return Client(port).want(201, "POST", "/tokens", {
        "email": f"{name}@example.com", "password": PASSWORD}).json["token"]


ann, bob = token("ann"), token("bob")


def store(lines):
    """Lines of (name, value, time) of bob's into the store."""
    p = subprocess.Popen(["mfx-write-sqlite", f"{HOME}/messages.db"],
                         stdin=subprocess.PIPE, text=True)
    for n, v, t in lines:
        p.stdin.write(f'{{"channel":"{BOB_CHANNEL}","publisher":"{BOB_THING}'
                      f'","n":"{n}","v":{v},"t":{t}}}\n')
    p.stdin.close()
    assert p.wait() == 0


def ask(path, key, headers=""):
    """A connection on which this has been asked."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(60)
    s.connect(("127.0.0.1", port))
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {key}\r\n"
              f"{headers}\r\n".encode())
    return s


def status(s):
    return int(s.recv(12).split()[1])


def used():
    """Seconds of CPU that the service has used."""
    with open(f"/proc/{PID}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory():
    with open(f"/proc/{PID}/status") as f:
        return next(int(line.split()[1]) / 1024 for line in f
                    if line.startswith("VmRSS:"))


def until_busy():
    """Until more has been worked at than a few answers."""
    before = used()
    until(lambda: used() - before > 0.3, "work at bob's requests")


def idle():
    """Do its other threads wait whenever one looks, and does it spend hardly
    more than these answers cost?"""
    before, client = used(), Client(port)
    for _ in range(50):
        client.want(200, "GET", "/version")
        for path in glob.glob(f"/proc/{PID}/task/*/stat"):
            with open(path) as f:
                if f.read().rsplit(")", 1)[1].split()[0] != "S" and \
                        path.split("/")[4] != str(PID):
                    return False
    return used() - before < 0.1


def go_on(rounds=ROUNDS):
    """Ann does what she does every day: all of it is answered."""
    user, thing = Client(port, ann), Client(port, ANN_KEY)
    for _ in range(rounds):
        user.want(200, "GET", "/things?limit=1")
        user.want(200, "GET", "/things?name=met")
        user.want(200, "GET", "/things?metadata=" + quote("{}"))
        user.want(200, "GET", "/channels?cursor=")
        thing.want(200, "GET", f"/channels/{ANN_CHANNEL}/messages")
        user.want(201, "POST", "/things", {"name": "another"})
        user.want(200, "GET", "/health")


def beside(asked):
    """With these of bob's under way, of which some still wait."""
    until_busy()
    go_on(1)
    assert len(select.select(asked, [], [], 0)[0]) < len(asked), \
        "ann had to wait for all of bob's"
    go_on(ROUNDS - 1)
    for s in asked:
        s.close()
    until(idle, "an end of work that nobody waits for")
    Client(port, ann).want(200, "GET", "/things")


def globs():
    store(("a" * 60000 + str(i), 1, 1700000000 + i) for i in range(300))
    patterns = "&name=".join("*" + "a" * (900 + i) + "*b" for i in range(14))
    bob_thing = Client(port, BOB_KEY)
    path = f"/channels/{BOB_CHANNEL}/messages"
    # what is beyond the limit is refused, and says so
    bob_thing.want(400, "GET", f"{path}?name=*{'a' * 7000}b*")
    # what is not is found; and a name without a star has no limit of its own
    assert bob_thing.want(200, "GET", f"{path}?name={'a' * 1000}*7") \
        .json["total"] == 30
    assert bob_thing.want(200, "GET", f"{path}?name={'a' * 15000}") \
        .json["total"] == 0
    beside([ask(f"{path}?name={patterns}", BOB_KEY) for _ in range(60)])


def scans():
    store(("t", i % 1000, 1700000000 + i) for i in range(400000))
    path = f"/channels/{BOB_CHANNEL}/messages"
    asked = []
    for i in range(20):
        for query in (f"aggregate=avg&every={i + 1}ns", "value=!%3D-1&"
                      f"offset={i}00000", "vs=none&limit=10000"):
            asked.append(ask(f"{path}?{query}", BOB_KEY))
            if i < 8:
                asked.append(ask(f"{path}?{query}", BOB_KEY,
                                 "Accept: text/csv\r\n"))
    beside(asked)


def metadata():
    user = Client(port, bob)
    have = ",".join('{"x":1}' for _ in range(8000))
    want = ",".join(f'{{"x":[{i}]}}' for i in range(900))
    body = f'{{"metadata":{{"a":[{have}]}}}}'
    user.want(201, "POST", "/things/bulk",
              "[" + ",".join([body] * 60) + "]")
    # equal elements are one, and a long list of them costs nothing
    same = ",".join(["2"] * 5000)
    user.want(200, "GET", f'/things?metadata={{"a":[{same}]}}')
    beside([ask(f'/things?metadata={{"a":[{want}]}}', bob)
            for _ in range(60)])


def many(n, size):
    user = Client(port, bob)
    filler = "x" * size
    each = min(20000, 6_000_000 // (size + 60))
    for at in range(0, n, each):
        user.want(201, "POST", "/things/bulk", json.dumps(
            [{"name": f"sensor {at + i}", "metadata": {"f": filler}}
             for i in range(min(each, n - at))]))


def unread():
    many(3000, 7000)
    before = memory()
    asked = [ask("/things?cursor=&limit=10000", bob) for _ in range(300)]
    said = [status(s) for s in asked]
    assert set(said) == {200, 429}, set(said)
    n = said.count(200)
    print(f"unread: {n} of 300 are given, {memory() - before:.0f} MiB more")
    assert memory() - before < 150, memory()
    go_on()
    # one that is read is whole
    asked[said.index(429)].close()
    for s in asked:
        s.close()
    user = Client(port, bob)
    until(lambda: user.call("GET", "/things?cursor=&limit=2500")
          .status == 200, "the end of the others")
    got = user.want(200, "GET", "/things?cursor=&limit=2500").json
    assert list(got) == ["limit", "next", "things"]
    assert [t["name"] for t in got["things"][1:]] == \
        [f"sensor {i}" for i in range(2499)]
    got = user.want(200, "GET", f"/things?cursor={got['next']}&limit=10000")
    assert len(got.json["things"]) == 501 and "next" not in got.json
    got = user.want(200, "GET", "/things?name=SENSOR%201&limit=100").json
    assert (got["total"], len(got["things"])) == (1111, 100)


def exports():
    store((f"n{i % 10}", i, 1700000000 + i) for i in range(200000))
    before = memory()
    asked = [ask(f"/channels/{BOB_CHANNEL}/messages", BOB_KEY,
                 "Accept: text/csv\r\n") for _ in range(60)]
    said = [status(s) for s in asked]
    assert set(said) == {200, 429} and said.count(200) == 8, said
    assert memory() - before < 150, memory()
    go_on()
    for s in asked:
        s.close()


def offsets():
    many(60000, 1)
    user = Client(port, bob)
    got = user.want(200, "GET", "/things?offset=59990&limit=100").json
    assert got["total"] == 60001 and len(got["things"]) == 11
    assert got["things"][-1]["name"] == "sensor 59999"
    assert user.want(200, "GET", "/things?offset=9999999").json["things"] \
        == []
    asked = []

    def again():
        client = Client(port, bob)
        while not done:
            for query in ("offset=59000&glob=*9*&limit=100", "order=id",
                          "order=name&dir=desc&offset=50000"):
                asked.append(client.call("GET", f"/things?{query}").status)

    done = False
    threads = [threading.Thread(target=again) for _ in range(20)]
    for t in threads:
        t.start()
    try:
        go_on()
    finally:
        done = True
        for t in threads:
            t.join()
    assert set(asked) <= {200, 429}, set(asked)


def bulks():
    """As many as are allowed, each as large as is allowed, several at once:
    a change of ann's waits for one of them at most."""
    n = 50000
    user = Client(port, bob)

    def lines(rows):
        return "\n".join(map(json.dumps, rows)).encode()

    def ids(path):
        made = user.want(201, "POST", path, lines(
            {"name": f"sensor {i}"} for i in range(n)), type=LINES).text
        return [json.loads(line)["id"] for line in made.splitlines()]

    things, channels = ids("/things/bulk"), ids("/channels/bulk")
    pairs = lines({"channel": c, "thing": t}
                  for c, t in zip(channels, things))
    new = json.dumps([{"name": f"sensor {i}"} for i in range(n)]).encode()
    # the last of them is refused, and with it all
    wrong = lines([{"name": "no"}] * (n - 1) + [{"id": ANN_THING}])
    waves = [
        [("POST", "/things/bulk", new, "application/json", 201)] * 4,
        [("POST", "/things/bulk", wrong, LINES, 422)] * 4,
        [("POST", "/connect", pairs, LINES, 200)] * 2 +
        [("PATCH", "/things/bulk", lines({"id": t, "key": "k" + t}
                                         for t in things), LINES, 200)] * 2,
        [("POST", "/things/bulk/remove", lines({"id": t} for t in things),
          LINES, 200), ("POST", "/channels/bulk/remove",
                        lines({"id": c} for c in channels), LINES, 200)],
    ]
    for wave in waves:
        said = []

        def send(method, path, body, type, want):
            reply = Client(port, bob).call(method, path, body, type=type)
            said.append((reply.status, want))

        threads = [threading.Thread(target=send, args=bulk) for bulk in wave]
        for t in threads:
            t.start()
        while any(t.is_alive() for t in threads):
            go_on()
        assert all(got == want for got, want in said), said
        assert len(said) == len(wave)
    # the administrator's command locks the same file
    local = subprocess.Popen(["mfx-things", "create", "-f", "-", "--user",
                              "bob@example.com"], stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL)
    local.stdin.write(b'{"name":"local"}\n' * n)
    local.stdin.close()
    while local.poll() is None:
        go_on()
    assert local.returncode == 0
    # all or none; the first connection may have been idle for too long
    user = Client(port, bob)
    assert user.want(200, "GET", "/things").json["total"] == 1 + 5 * n
    assert user.want(200, "GET", "/channels").json["total"] == 1
    # more at once than a user may have
    said = []
    threads = [threading.Thread(
        target=lambda: said.append(Client(port, bob).call(
            "POST", "/channels/bulk", lines([{"name": "c"}] * 5000),
            type=LINES).status)) for _ in range(60)]
    for t in threads:
        t.start()
    go_on()
    for t in threads:
        t.join()
    assert set(said) <= {201, 429} and said.count(201) >= 16, said
    assert user.want(200, "GET", "/channels").json["total"] == \
        1 + 5000 * said.count(201)


def bodies():
    """Each of them is allowed, and all of them are too much."""
    before = memory()
    asked, said = [], []
    for _ in range(60):
        s = socket.socket()
        s.settimeout(60)
        s.connect(("127.0.0.1", port))
        s.sendall(f"POST /things/bulk HTTP/1.1\r\nHost: a\r\nAuthorization: "
                  f"{bob}\r\nContent-Type: application/json\r\n"
                  "Content-Length: 8000000\r\n\r\n".encode())
        s.sendall(b" " * 7_000_000)
        asked.append(s)
    assert memory() - before < 150, memory()
    client = Client(port, ann)
    client.want(201, "POST", "/things/bulk", json.dumps(
        [{"metadata": {"f": "x" * 60000}}] * 100))
    go_on()
    for s in asked:
        s.sendall(b" " * 999_999 + b"[")
        said.append(status(s))
        s.close()
    assert set(said) == {400, 503}, said


def knock(address, to=None):
    s = socket.socket()
    s.settimeout(60)
    s.bind((address, 0))
    s.connect(("127.0.0.1", to or port))
    return s


def connections():
    """A quarter of all is one address's; of many, the longest idle go."""
    # those without a request, of one address
    idle = [knock("127.0.0.2") for _ in range(400)]
    client = Client(port, ann)
    client.want(200, "GET", "/things")
    closed = 0
    for s in idle:
        s.settimeout(0.01)
        try:
            closed += s.recv(1) == b""
        except TimeoutError:
            pass
    assert closed == 400 - 75, closed
    # of many; among them half a request each
    for i in range(3, 8):
        for _ in range(70):
            idle.append(knock(f"127.0.0.{i}"))
            idle[-1].sendall(b"GET / HTTP/1.1\r\nHost:")
    s = knock("127.0.0.9")
    s.sendall(b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n")
    assert status(s) == 200
    # the administrator's own
    admin = int(os.environ["ADMIN"])
    idle += [knock("127.0.0.1", admin) for _ in range(70)]
    s = knock("127.0.0.1", admin)
    s.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert status(s) == 200


def stopped():
    store((f"n{i % 10}", i, 1700000000 + i) for i in range(400000))
    path = f"/channels/{BOB_CHANNEL}/messages"
    asked = [ask(f"{path}?aggregate=avg&every=1ns&offset={i}", BOB_KEY)
             for i in range(60)]
    asked += [ask(path, BOB_KEY, "Accept: text/csv\r\n") for _ in range(8)]
    asked += [ask("/events", bob) for _ in range(16)]
    until_busy()
    os.kill(PID, signal.SIGTERM)

    def ended():
        try:
            with open(f"/proc/{PID}/stat") as f:
                return f.read().rsplit(")", 1)[1].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True     # its parent has waited for it

    until(ended, "its end")
    for s in asked:
        s.close()


{f.__name__: f for f in (globs, scans, metadata, unread, exports, offsets,
                         bulks, bodies, connections, stopped)}[sys.argv[2]]()
