#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api_messages.py PORT CASE: the reader of mfx-api, against a store that
api_messages.bats has filled; the site's names are in the environment."""
import csv
import io
import json
import os
import socket
import sys
import threading

from api_client import Client, HOSTILE, NOBODY, quote

port = int(sys.argv[1])
KEY, CHANNEL, THING = (os.environ[v] for v in ("KEY", "CHANNEL", "THING"))
OTHER = os.environ.get("OTHER")
PATH = f"/channels/{CHANNEL}/messages"
START = 1700000000
thing = Client(port, KEY)


def page(query="", client=thing):
    reply = client.want(200, "GET", PATH + query)
    assert reply.headers["Content-Type"] == "application/json", reply
    assert list(reply.json) == ["total", "offset", "limit", "messages"], reply
    return reply.json


def times(query=""):
    return [m["time"] - START for m in page(query)["messages"]]


def total(query):
    return page(query)["total"]


def refused(query):
    thing.want(400, "GET", PATH + query)


def export(type, query=""):
    reply = thing.want(200, "GET", PATH + query, headers={"Accept": type})
    assert reply.headers["Content-Type"].split(";")[0] == type, reply
    return reply.text


# 101 readings a second apart: subtopic a.b for the even ones

def row_22():
    for query in ("?offset=0&limit=10", "?limit=10", "?offset=0", ""):
        got = page(query)
        assert (got["offset"], got["limit"]) == (0, 10), got
        assert len(got["messages"]) == 10
    for query in ("?offset=-1", "?limit=-1", "?limit=0", "?offset=x",
                  "?limit=x", "?offset=1&offset=2", "?limit=1&limit=2",
                  "?limit=", "?offset=", "?limit=1.0", "?limit=1e1",
                  "?limit=0x1", "?offset=" + "9" * 30, "?limit=%2B1"):
        refused(query)
    thing.want(400, "GET", "/channels//messages")
    for key in ("x", "", None, "Thing ", f"Bearer {KEY}x", THING):
        thing.want(403, "GET", PATH, token=key)
        # the key is looked at before the parameters
        thing.want(403, "GET", PATH + "?limit=0", token=key)
    for key in (f"Thing {KEY}", f"Bearer {KEY}"):
        thing.want(200, "GET", PATH, token=key)


def row_23():
    got = page("?offset=0&limit=10")
    assert got["total"] == 101
    assert [m["time"] - START for m in got["messages"]] == \
        list(range(100, 90, -1))
    got = page("?offset=95&limit=10")
    assert (got["total"], got["offset"], got["limit"]) == (101, 95, 10)
    assert times("?offset=95&limit=10") == [5, 4, 3, 2, 1, 0]
    for beyond in (101, 10 ** 17):
        got = page(f"?offset={beyond}")
        assert (got["total"], got["messages"]) == (101, []), got
    for channel in (NOBODY, "x", "*", "%2A", CHANNEL[:-1] + "%3F",
                    CHANNEL[:-1] + "%5B0-9a-f%5D", "%25"):
        thing.want(403, "GET", f"/channels/{channel}/messages")
    # brackets have no place in a path (RFC 3986 3.3)
    thing.want(400, "GET", f"/channels/{CHANNEL[:-1]}[0-9a-f]/messages")
    got = page("?subtopic=nowhere")
    assert (got["total"], got["messages"]) == (0, []), got
    got = page("?subtopic=a.b&limit=100")
    assert (got["total"], len(got["messages"])) == (51, 51), got
    assert all(m["subtopic"] == "a.b" for m in got["messages"])
    got = page("?limit=1000000")
    assert (got["total"], len(got["messages"]), got["limit"]) == \
        (101, 101, 10000), got
    m = page("?limit=1")["messages"][0]
    assert m == {"channel": CHANNEL, "subtopic": "a.b", "publisher": THING,
                 "protocol": "http", "name": "d:t", "unit": "Cel",
                 "time": START + 100, "value": 100}, m
    assert list(m)[:5] == ["channel", "subtopic", "publisher", "protocol",
                           "name"]


def filters():
    assert total("?subtopic=") == 50
    assert total("?subtopic=a.*") == 51
    # a subtopic with slashes, as mainflux-cli asks for it
    assert total("?subtopic=a/b") == total("?subtopic=a.b") > 0
    assert total("?subtopic=a/*") == total("?subtopic=a.*")
    for q in ("aggregation=AVG", "aggregation=avg", "aggregate=AVG"):
        for every in ("interval=1h", "every=1h"):
            assert page(f"?name=d:t&{q}&{every}") == \
                page("?name=d:t&aggregate=avg&every=1h"), (q, every)
    for wrong in ("aggregation=avg&aggregate=avg", "interval=1h",
                  "aggregation=x", "aggregation=avg&interval=x",
                  "aggregation=avg&interval=1h&every=1h"):
        thing.want(400, "GET", f"{PATH}?{wrong}")
    assert total("?subtopic=a.b,x") == 0
    assert total("?subtopic=a.b&subtopic=") == 101
    assert total("?subtopic=a.b&subtopic=x") == 51
    assert total(f"?publisher={THING}") == 101
    assert total(f"?publisher={THING}&publisher=x") == 101
    assert total(f"?publisher={THING},{THING}") == 0
    assert total("?publisher=x") == total("?publisher=") == 0
    assert total("?protocol=http") == 101 and total("?protocol=mqtt") == 0
    assert total("?name=d:t") == total("?name=d:*") == 101
    assert total("?name=D:T") == total("?name=d") == 0
    assert total("?unit=Cel") == 101 and total("?unit=C*") == 0
    assert total("?what=ever&limit=1") == 101
    assert times("?order=asc&limit=3") == [0, 1, 2]
    assert times("?order=desc&limit=3&offset=1") == [99, 98, 97]
    assert total(f"?from={START + 90}") == 11
    assert total(f"?to={START + 90}") == 90
    assert times(f"?from={START + 10}&to={START + 12.5}") == [12, 11, 10]
    assert times("?from=2023-11-14T22:13:20Z&to=2023-11-14T22:13:22Z") == \
        [1, 0]
    assert times("?to=2023-11-14T23:13:21%2B01:00") == [0]
    assert total("?from=-1h") == 0 and total("?to=-1h") == 101
    assert total("?from=%s&to=%s" % (START + 5, START + 5)) == 0


def values():
    assert total("?value=%3E=90") == 11 and total("?value=%3C1") == 1
    assert total("?value=%3E=10&value=%3C20") == 10
    assert total("?value=7") == total("?value=%3D7.0") == total("?v=7") == 1
    assert total("?value=7&value=8") == 2
    for comparator, n in (("eq", 1), ("lt", 7), ("le", 8), ("gt", 93),
                          ("ge", 94)):
        assert total(f"?v=7&comparator={comparator}") == n
        assert total(f"?comparator={comparator}&v=7e0") == n
    assert total("?vs=7") == total("?vb=true") == total("?value=on") == 0
    assert total("?vs=%22") == total("?vs=") == total("?vs='") == 0


def aggregates():
    got = page("?aggregate=avg&every=50s&order=asc&subtopic=a.b")
    assert got["total"] == 3
    assert [(m["time"] - START, m["value"]) for m in got["messages"]] == \
        [(0, 24), (50, 74), (100, 100)]
    for how, n in (("count", 51), ("sum", 2550), ("min", 0), ("max", 100),
                   ("avg", 50), ("last", 100)):
        got = page(f"?aggregate={how}&subtopic=a.b")
        assert got["total"] == 1 and got["messages"][0]["value"] == n, got
    # limits are about what comes out
    got = page("?aggregate=avg&every=10s&limit=2&offset=1&subtopic=a.b")
    assert got["total"] == 11
    assert [m["time"] - START for m in got["messages"]] == [90, 80]


def malformed():
    for query in ("?from=x", "?to=", "?from=1&from=2", "?order=up",
                  "?order=", "?aggregate=mean", "?aggregate=",
                  "?every=5m", "?aggregate=avg&every=0",
                  "?aggregate=avg&every=x", "?aggregate=avg&every=-5m",
                  "?aggregate=avg&aggregate=min",
                  "?v=x", "?v=", "?v=0x10", "?v=nan", "?v=1&v=2",
                  "?v=1&comparator=xx", "?comparator=lt", "?vb=yes", "?vb=",
                  "?vd=AAAAA", "?v=1&vs=x", "?v=1&value=2", "?vb=true&vs=x",
                  "?value=%3Ex", "?name=[", "?subtopic=a[b", "?name=%zz",
                  "?x=%", "?name=%ff", "?name=%00", "?%ff=1", "?%zz=1",
                  "?" + "&".join(["name=a"] * 64)):
        refused(query)
    assert total("?" + "&".join(["name=a"] * 63)) == 0
    assert total("?" + "&".join(["value=%3E1"] * 62 + ["value=5"])) == 1
    assert total("?aggregate=last&"
                 + "&".join(["value=%3E1"] * 63)) == 2


def hostile():
    texts = [t for t in HOSTILE if t]
    for name in ("subtopic", "publisher", "protocol", "name", "unit", "vs"):
        for text in texts + ["' OR 1=1 --", "x' UNION SELECT * FROM series --"]:
            reply = thing.call("GET", f"{PATH}?{name}={quote(text)}")
            if reply.status == 400:
                assert "[" in text, (name, text, reply)
                continue
            assert reply.status == 200, (name, text, reply)
            # globs are that, and all else is itself
            want = 101 if text == "*" and name not in ("unit", "vs") else \
                51 if text == "a*" and name == "subtopic" else 0
            assert reply.json["total"] == want, (name, text, reply)
    for name in ("offset", "limit", "from", "to", "order", "aggregate",
                 "every", "v", "vb", "comparator", "value"):
        for text in texts + ["0; DROP TABLE readings", "1 OR 1=1",
                             "1)--", "last' --"]:
            reply = thing.call("GET", f"{PATH}?{name}={quote(text)}")
            assert reply.status in (200, 400), (name, text, reply)
            if reply.status == 200:
                assert reply.json["total"] <= 101, reply
    for text in texts:
        # a path is text without controls, whoever asks
        status = 403 if text.isprintable() else 400
        thing.want(status, "GET", f"/channels/{quote(text)}/messages")
    assert page()["total"] == 101


def isolation():
    """OTHER is a channel of another user's, with messages and a thing."""
    bob = Client(port, os.environ["OTHER_KEY"])
    theirs = f"/channels/{OTHER}/messages"
    thing.want(403, "GET", theirs)
    bob.want(403, "GET", PATH)
    got = bob.want(200, "GET", theirs).json
    assert got["total"] == 3, got
    assert all(m["channel"] == OTHER for m in got["messages"])
    # no parameter widens what the path says
    for query in (f"channel={OTHER}", f"channel=*&channel={OTHER}",
                  f"name=*&channels={OTHER}"):
        assert total("?" + query) == 101
        assert OTHER not in json.dumps(page("?limit=1000&" + query))
    # a thing of the same user's that is not connected
    for key in (os.environ["LONE_KEY"], os.environ["LONE"]):
        thing.want(403, "GET", PATH, token=key)
    # connected things see the messages of all publishers
    assert total(f"?publisher={THING}") == 101


def forms():
    for accept in (None, "*/*", "application/*", "text/html",
                   "text/html,application/xhtml+xml,*/*;q=0.8",
                   "application/x-ndjson;q=0, application/json",
                   "text/csv;q=0.5,application/json;q=0.9", ",;,;q=,/",
                   "text/csv;q=x", "text/csv;q=0.000"):
        headers = {"Accept": accept} if accept is not None else {}
        reply = thing.want(200, "GET", PATH, headers=headers)
        assert reply.headers["Content-Type"] == "application/json", accept
    for accept in ("text/csv", "TEXT/CSV", "text/*", "text/csv;header=absent",
                   "application/json;q=0.1,text/csv;q=0.2", "text/csv;q=0.001"):
        reply = thing.want(200, "GET", PATH, headers={"Accept": accept})
        assert reply.headers["Content-Type"].startswith("text/csv"), accept
    # exports have no limit unless it is given
    lines = [json.loads(x) for x in
             export("application/x-ndjson", "?order=asc").splitlines()]
    assert len(lines) == 101
    assert lines[2] == {"channel": CHANNEL, "publisher": THING,
                        "protocol": "http", "subtopic": "a.b", "n": "d:t",
                        "u": "Cel", "v": 2, "t": START + 2}
    assert len(export("application/x-ndjson", "?limit=7&offset=98")
               .splitlines()) == 3
    rows = list(csv.DictReader(io.StringIO(export("text/csv"))))
    assert len(rows) == 101
    assert rows[0] == {
        "time": str(START + 100), "channel": CHANNEL, "publisher": THING,
        "protocol": "http", "subtopic": "a.b", "name": "d:t", "unit": "Cel",
        "value": "100", "type": "number", "sum": "", "update": "", "ct": ""}
    pack = json.loads(export("application/senml+json", "?order=asc"))
    assert len(pack) == 101 and sum(r["v"] for r in pack) == 5050
    for type in ("application/x-ndjson", "text/csv"):
        assert len(export(type, "?name=none").splitlines()) == \
            (type == "text/csv")
    assert json.loads(export("application/senml+json", "?name=none")) == []
    for type in ("application/json", "text/csv"):
        head = thing.want(200, "HEAD", PATH, headers={"Accept": type})
        assert head.text == ""


def kinds():
    """Each kind of value, as in Mainflux' messages; OTHER is not used."""
    got = page("?name=k:*&order=asc&limit=100")["messages"]
    by_name = {m["name"]: m for m in got}
    for m in got:
        for label in ("channel", "publisher", "protocol", "name"):
            m.pop(label)
        # each client finds the name that it knows: 2019's, and 0.10's
        for old, new in (("stringValue", "string_value"),
                         ("boolValue", "bool_value"),
                         ("dataValue", "data_value"), ("valueSum", "sum"),
                         ("updateTime", "update_time")):
            assert (old in m) == (new in m), m
            if old in m:
                assert m.pop(new) == m[old], m
    assert by_name == {
        "k:number": {"time": START + 0.5, "value": 21.5, "valueSum": 3,
                     "updateTime": 7, "unit": "Cel"},
        "k:string": {"time": START + 1, "stringValue":
                     "=a,\"b\"\n\u0000\U0001f600</script>"},
        "k:true": {"time": START + 2, "boolValue": True},
        "k:false": {"time": START + 3, "boolValue": False},
        "k:data": {"time": START + 4, "dataValue": "AP8"},
        "k:sum": {"time": START + 5, "valueSum": 0.1},
    }, by_name
    assert total("?name=k:*&vb=true") == total("?name=k:*&vb=false") == 1
    for data, n in (("AP8", 1), ("AP8=", 1), ("AP4", 0), ("AA", 0), ("", 0)):
        assert total(f"?name=k:*&vd={data}") == n, data
    assert total("?name=k:*&value=%3Dvd:AP8") == 1
    assert total("?name=k:*&value=%21%3Dvd:AP8") == 0
    for wrong in ("vd=x%21", "vd=AP8&vb=true", "vd=A", "vd=AP8&vd=AP8",
                  "vd=AP8&comparator=gt"):
        thing.want(400, "GET", f"{PATH}?{wrong}")
    rows = list(csv.DictReader(io.StringIO(
        export("text/csv", "?name=k:string"), newline="")))
    assert len(rows) == 1 and rows[0]["value"] == \
        "=a,\"b\"\n\u0000\U0001f600</script>", rows
    pack = json.loads(export("application/senml+json", "?name=k:*"))
    assert len(pack) == 6 and any(r.get("vd") == "AP8" for r in pack)


# a store of 300000 readings

def large():
    reader = Client(port, KEY)
    n, last = 0, None
    reader.connection.request("GET", PATH, None, {
        "Authorization": KEY, "Accept": "application/x-ndjson"})
    answer = reader.connection.getresponse()
    assert answer.status == 200
    assert answer.headers["Transfer-Encoding"] == "chunked"
    for line in answer:
        t = json.loads(line)["t"]
        assert last is None or t < last, (t, last)
        n, last = n + 1, t
        # others are answered meanwhile
        if n % 50000 == 0:
            assert total("?limit=1") == 300000
    assert n == 300000, n
    got = page("?limit=10000")
    assert len(got["messages"]) == 10000 and got["total"] == 300000
    assert got["messages"][-1]["time"] == last + 290000


def stalled():
    """Those that read nothing hold nobody up, and cost no memory."""
    held = []
    for _ in range(8):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", port))
        s.sendall(f"GET {PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: {KEY}\r\n"
                  "Accept: text/csv\r\n\r\n".encode())
        assert s.recv(12) == b"HTTP/1.1 200"
        held.append(s)
    reply = thing.want(429, "GET", PATH, headers={"Accept": "text/csv"})
    assert total("?limit=1") == 300000
    pid = int(os.environ["API_PID"])
    with open(f"/proc/{pid}/status") as f:
        rss = next(int(x.split()[1]) for x in f if x.startswith("VmRSS"))
    # all that they have asked for would be 280 MB
    assert rss < 220000, rss
    for s in held:
        s.close()


def crowd():
    wrong = []

    def go():
        try:
            mine = Client(port, KEY)
            for i in range(20):
                got = page(f"?offset={i}&limit=2", mine)
                assert got["total"] == 101
                assert [m["time"] - START for m in got["messages"]] == \
                    [100 - i, 99 - i]
        except Exception as e:
            wrong.append(repr(e))
    threads = [threading.Thread(target=go) for _ in range(32)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong, wrong[:3]


globals()[sys.argv[2]]()
