#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api_cases.py PORT CASE: what mfx-api does beyond Mainflux, and what it
withstands; each case is a function, which api.bats names."""
import concurrent.futures
import http.client
import json
import os
import sys
import threading

from api_client import Client, HOSTILE, JSON, NOBODY, PASSWORD, quote
from waiting import until

port = int(sys.argv[1])
ann, bob = Client(port), Client(port)
ANN, BOB = "ann@example.com", "bob@example.com"


def both():
    ann.sign_up(ANN)
    bob.sign_up(BOB)


# ---- many at once, and both ways of paging ----

def bulk():
    both()
    for path, name in (("/things", "things"), ("/channels", "channels")):
        made = ann.want(201, "POST", path + "/bulk", [
            {"name": f"n{i}", "metadata": {"i": i}, "key": f"{name} {i}"}
            for i in range(500)]).json[name]
        assert [x["name"] for x in made] == [f"n{i}" for i in range(500)]
        for x in made[::100]:
            assert ann.want(200, "GET", f"{path}/{x['id']}").json == x
        assert ("key" in made[0]) == (name == "things")
        total = ann.want(200, "GET", path).json["total"]
        assert total == 500
        for body in ("[]", "", "{}", "[", "[{},]", "[{}", "[1]", "[[]]",
                     '[{"name":"a"},{"name":1}]', "[{},{]", "null",
                     '[{"metadata":[]}]'):
            ann.want(400, "POST", path + "/bulk", body)
        ann.want(403, "POST", path + "/bulk", [{}], token="x")
        ann.want(403, "POST", path + "/bulk", [{}], token=None)
        ann.want(415, "POST", path + "/bulk", "[{}]", type=None)
        assert ann.want(200, "GET", path).json["total"] == total
    seq = ann.events()[-1]["seq"]
    # all or none, also when it was only the last
    bob.thing(key="taken")
    ann.want(422, "POST", "/things/bulk",
             [{"name": "no"}] * 100 + [{"key": "taken"}])
    ann.want(422, "POST", "/things/bulk", [{"key": "twice"}] * 2)
    assert ann.want(200, "GET", "/things").json["total"] == 500
    assert ann.want(200, "GET", "/things?name=no").json["total"] == 0
    assert ann.events(seq) == []
    ann.want(413, "POST", "/things/bulk", [{}] * 50001)


def connect_many():
    both()
    things = [ann.thing() for _ in range(5)]
    channels = [ann.channel() for _ in range(4)]
    ann.want(200, "POST", "/connect", {"channel_ids": channels,
                                       "thing_ids": things})
    ann.want(200, "POST", "/connect", {"channel_ids": channels,
                                       "thing_ids": things})
    for c in channels:
        page = ann.want(200, "GET", f"/channels/{c}/things").json
        assert [x["id"] for x in page["things"]] == things
    new = ann.thing()
    for bad in (NOBODY, "x", bob.thing(), bob.channel()):
        for body in ({"channel_ids": channels[:1], "thing_ids": [new, bad]},
                     {"channel_ids": [channels[0], bad],
                      "thing_ids": [new]}):
            ann.want(404, "POST", "/connect", body)
    page = ann.want(200, "GET", f"/things/{new}/channels").json
    assert page["total"] == 0
    for body in ({}, {"channel_ids": channels}, {"thing_ids": things},
                 {"channel_ids": [], "thing_ids": things},
                 {"channel_ids": channels, "thing_ids": []},
                 {"channel_ids": channels, "thing_ids": [""]},
                 {"channel_ids": channels, "thing_ids": [1]},
                 {"channel_ids": channels, "thing_ids": "x"},
                 {"channel_ids": channels, "thing_ids": {}}, "{", ""):
        ann.want(400, "POST", "/connect", body, type=JSON)
    ann.want(400, "POST", "/connect", {"channel_ids": [NOBODY] * 200,
                                       "thing_ids": [NOBODY] * 200})


def walk(client, path, name, limit, between=lambda n: None):
    """All the ids by cursor."""
    ids, cursor, n = [], "", 0
    while cursor is not None:
        mark = "&" if "?" in path else "?"
        page = client.want(200, "GET", f"{path}{mark}limit={limit}"
                           f"&cursor={cursor}").json
        assert len(page[name]) <= limit and "total" not in page
        ids += [x["id"] for x in page[name]]
        cursor = page.get("next")
        between(n)
        n += 1
    return ids


def cursors():
    both()
    ids = [x["id"] for x in ann.want(201, "POST", "/things/bulk", [
        {"name": f"thing {i}", "metadata": {"odd": bool(i % 2)}}
        for i in range(2500)]).json["things"]]
    bob.want(201, "POST", "/things/bulk", [{"name": "thing"}] * 100)
    c = ann.channel()
    ann.want(200, "POST", "/connect", {"channel_ids": [c],
                                       "thing_ids": ids[:700]})
    for limit in (1000, 10000, 2499, 2500, 833):
        assert walk(ann, "/things", "things", limit) == ids
    assert walk(ann, f"/channels/{c}/things", "things", 99) == ids[:700]
    assert walk(ann, "/things?name=THING%207", "things", 50) == \
        [x for i, x in enumerate(ids) if str(i).startswith("7")]
    odd = quote('{"odd":true}')
    assert walk(ann, f"/things?metadata={odd}", "things", 300) == ids[1::2]
    assert walk(ann, f"/things?metadata={odd}&name=9", "things", 300) == \
        [x for i, x in enumerate(ids) if i % 2 and "9" in str(i)]
    assert len(walk(bob, "/things", "things", 7)) == 100
    # by offset, deep down and filtered
    page = ann.want(200, "GET", "/things?offset=2495").json
    assert [x["id"] for x in page["things"]] == ids[2495:]
    page = ann.want(200, "GET", f"/things?metadata={odd}&offset=1200"
                    "&limit=100").json
    assert page["total"] == 1250
    assert [x["id"] for x in page["things"]] == ids[1::2][1200:]
    page = ann.want(200, "GET", "/things?name=thing&offset=1&limit=2").json
    assert page["total"] == 2500 and len(page["things"]) == 2
    page = ann.want(200, "GET", f"/channels/{c}/things?offset=699").json
    assert page["total"] == 700 and len(page["things"]) == 1
    for query in ("cursor=x", "cursor=1&cursor=2", "cursor=-1",
                  "cursor=1&offset=1", "cursor=&limit=0",
                  "cursor=&limit=10001", "cursor=1.5"):
        ann.want(400, "GET", "/things?" + query)


def paging_while_changing():
    ann.sign_up(ANN)
    ids = [x["id"] for x in ann.want(201, "POST", "/things/bulk", [
        {"name": f"thing {i}"} for i in range(300)]).json["things"]]
    removed, added = [], []
    other = Client(port, ann.token)

    def change(n):
        # after and before the place, the page's own last one, new ones
        for i in (5 * n, 10 * n + 9, len(ids) - 1 - n):
            x = ids[min(i, len(ids) - 1)]
            if other.call("GET", f"/things/{x}").status == 200:
                other.want(204, "DELETE", f"/things/{x}")
                removed.append(x)
        added.append(other.thing(name="thing new"))

    got = walk(ann, "/things?name=thing", "things", 10, change)
    assert len(got) == len(set(got)), "twice"
    left = [x for x in ids if x not in removed]
    assert [x for x in got if x in left] == left, "left out, or out of order"

    # by offset it shifts, but total and page are of one moment each
    stop, failed = threading.Event(), []

    def go_on():
        try:
            while not stop.is_set():
                id = other.thing(name="come and gone")
                other.want(204, "DELETE", f"/things/{id}")
        except BaseException as e:
            failed.append(e)

    changer = threading.Thread(target=go_on)
    changer.start()
    stay = [x for x in ids if x not in removed]
    for offset in list(range(0, 300, 7)) * 3:
        page = ann.want(200, "GET", f"/things?limit=100&offset={offset}").json
        here = [x["id"] for x in page["things"]]
        assert len(here) == min(100, max(page["total"] - offset, 0)), page
        assert len(here) == len(set(here))
        assert [x for x in stay if x in here] == \
            [x for x in here if x in stay], "out of order"
    stop.set()
    changer.join()
    assert not failed, failed


def searches():
    both()
    names = ["Garden", "garden shed", "GARDENIA", "gar den", "ga", "g",
             "100%", "a_b", 'say "hi"', "it's", "Übergröße", "日本語の名前",
             "a\\b", "*", "x" * 1000, ""]
    for n in names:
        ann.thing(name=n)
        ann.channel(name=n)
        bob.thing(name=n)
    for path, name in (("/things", "things"), ("/channels", "channels")):
        for part in ["garden", "GARDEN", "ard", "ga", "g", "n", " ", "%",
                     "_", '"', '"hi"', "'", "\\", "*", "größ", "ÜBER",
                     "日本語", "本", "x" * 1000, "rden s", "den", "zzz",
                     "garden OR shed", "NEAR(a b)", "hi\" OR \"x"]:
            want = [n for n in names if part.lower() in n.lower()]
            page = ann.want(200, "GET", f"{path}?name={quote(part)}"
                            "&limit=100").json
            got = [x.get("name", "") for x in page[name]]
            assert got == want and page["total"] == len(want), (part, got)
        ann.want(400, "GET", f"{path}?name=a&name=b")
        ann.want(400, "GET", f"{path}?name={'x' * 1025}")
        assert ann.want(200, "GET", f"{path}?name=").json["total"] == \
            len(names)
    # renamed, removed
    t = ann.thing(name="findable")
    find = "/things?name=indab"
    assert ann.want(200, "GET", find).json["total"] == 1
    ann.want(200, "PUT", f"/things/{t}", {"name": "other"})
    assert ann.want(200, "GET", find).json["total"] == 0
    ann.want(200, "PUT", f"/things/{t}", {"name": "indable"})
    assert ann.want(200, "GET", find).json["total"] == 1
    ann.want(200, "PATCH", f"/things/{t}/key", {"key": "k"})
    assert ann.want(200, "GET", find).json["total"] == 1
    ann.want(204, "DELETE", f"/things/{t}")
    assert ann.want(200, "GET", find).json["total"] == 0
    # metadata
    for m in ({"a": 1}, {"a": 1, "b": {"c": [1, 2]}}, {"a": "1"}):
        ann.thing(metadata=m)
    for want, metadata in ((2, {"a": 1}), (1, {"b": {"c": [2]}}),
                           (1, {"a": "1"}), (1, {"a": 1.0, "b": {}}),
                           (0, {"x": 1}), (len(names) + 3, {})):
        page = ann.want(200, "GET", "/things?limit=100&metadata=" +
                        quote(json.dumps(metadata))).json
        assert page["total"] == want == len(page["things"]), metadata
    for bad in ("1", "[]", "{", "x", ""):
        ann.want(400, "GET", f"/things?metadata={quote(bad)}")


def searched(find):
    """the names with a part are those that a look at all of them finds"""
    def each(query):
        at, got = "", []
        while at is not None:
            page = ann.want(200, "GET", f"/things?limit=1000&cursor={at}" +
                            query).json
            got += [x["name"] for x in page["things"]]
            at = page.get("next")
        return got
    got = each("&name=" + quote(find))
    assert got == [x for x in each("") if find in x], find
    total = ann.want(200, "GET", "/things?name=" + quote(find)).json["total"]
    assert total == len(got), (find, total, len(got))
    return total


def names_index():
    """the index of names follows the newest ones"""
    both()
    for n in (1, 510, 1, 1, 700, 3):
        made = ann.want(201, "POST", "/things/bulk", [
            {"name": f"row {i} of {n}"} for i in range(n)]).json["things"]
        searched("row 0")
        searched(f"of {n}")
        bob.thing(name="row 0 of 1")
        # renamed and removed on both sides of where the index ends
        for i in range(0, n, 50):
            ann.want(200, "PUT", f"/things/{made[i]['id']}",
                     {"name": f"renamed {i}"})
        for x in made[7::90]:
            ann.want(204, "DELETE", f"/things/{x['id']}")
        assert searched("renamed ") > 0
        searched(f"of {n}")
    assert searched("of 700") > 600
    # the newest rows go, and their numbers are used again
    newest = [x["id"] for x in made]
    for x in reversed(newest):
        ann.want(204, "DELETE", f"/things/{x}")
    for i in range(len(newest)):
        ann.thing(name=f"in their place {i}")
    assert searched("their place") == len(newest)
    # names of a length that takes more than one transaction
    for i in range(600):
        ann.thing(name=f"single {i}")
    assert searched("single 5") == 111
    assert searched("row 699") == 1


def tags():
    both()
    for path in (f"/things/{ann.thing(name='n')}",
                 f"/channels/{ann.channel(name='n')}"):
        tag = ann.want(200, "GET", path).headers["ETag"]
        assert tag[0] == tag[-1] == '"' and len(tag) > 10
        for known in (tag, f'"x", {tag}', "W/" + tag, "*"):
            reply = ann.call("GET", path, headers={"If-None-Match": known})
            assert reply.status == 304 and reply.text == "", reply
        ann.want(200, "GET", path, headers={"If-None-Match": '"x"'})
        for wrong in ('"x"', "W/" + tag):
            ann.want(412, "PUT", path, {"name": "no"},
                     headers={"If-Match": wrong})
            ann.want(412, "DELETE", path, headers={"If-Match": wrong})
        new = ann.want(200, "PUT", path, {"name": "m"},
                       headers={"If-Match": tag}).headers["ETag"]
        assert new != tag
        assert ann.want(200, "GET", path).headers["ETag"] == new
        ann.want(412, "PUT", path, {"name": "o"}, headers={"If-Match": tag})
        ann.want(200, "PUT", path, {"name": "o"}, headers={"If-Match": "*"})
        bob.want(412, "PUT", path, {}, headers={"If-Match": "*"})
        # of many that change what they have seen, one succeeds
        tag = ann.want(200, "GET", path).headers["ETag"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            got = list(pool.map(lambda i: Client(port, ann.token).call(
                "PUT", path, {"name": f"by {i}"},
                headers={"If-Match": tag}).status, range(8)))
        assert sorted(got) == [200] + [412] * 7, got
        tag = ann.want(200, "GET", path).headers["ETag"]
        ann.want(204, "DELETE", path, headers={"If-Match": tag})
        ann.want(412, "DELETE", path, headers={"If-Match": tag})


# ---- whose ----

def isolation():
    """Another's ids in every place where an id goes."""
    both()
    t, c = ann.thing(name="secret name", key="secret key"), ann.channel()
    mine_t, mine_c = bob.thing(), bob.channel()
    ann.connect(c, t)
    k = ann.want(201, "POST", "/keys", {"scope": "things:read"}).json["id"]
    before = ann.events()
    for method, path, body, status in (
            ("GET", f"/things/{t}", None, 404),
            ("PUT", f"/things/{t}", {}, 404),
            ("PATCH", f"/things/{t}/key", {"key": "x"}, 404),
            ("DELETE", f"/things/{t}", None, 204),
            ("GET", f"/things/{t}/channels", None, 200),
            ("GET", f"/channels/{c}", None, 404),
            ("PUT", f"/channels/{c}", {}, 404),
            ("DELETE", f"/channels/{c}", None, 204),
            ("GET", f"/channels/{c}/things", None, 200),
            ("PUT", f"/channels/{c}/things/{mine_t}", None, 404),
            ("PUT", f"/channels/{mine_c}/things/{t}", None, 404),
            ("PUT", f"/channels/{c}/things/{t}", None, 404),
            ("DELETE", f"/channels/{c}/things/{t}", None, 404),
            ("POST", "/connect", {"channel_ids": [mine_c],
                                  "thing_ids": [t]}, 404),
            ("POST", "/connect", {"channel_ids": [c],
                                  "thing_ids": [mine_t]}, 404),
            ("GET", f"/keys/{k}", None, 404),
            ("DELETE", f"/keys/{k}", None, 204),
            ("GET", "/things?limit=100", None, 200),
            ("GET", "/things?name=secret", None, 200),
            ("GET", "/things?name=se", None, 200),
            ("GET", "/things?cursor=&limit=10000", None, 200),
            ("GET", "/things?metadata=%7B%7D", None, 200),
            ("GET", "/channels?limit=100", None, 200),
            ("GET", "/events?follow=false", None, 200),
            ("GET", "/keys", None, 200), ("GET", "/users", None, 200)):
        reply = bob.want(status, method, path, body)
        # nothing of hers, but what was asked with
        for hers in ("secret", ANN) + tuple(
                x for x in (t, c, k) if x not in path + json.dumps(body)):
            assert hers not in reply.text, (path, reply)
        if status == 200 and "/things" in path and "total" in reply.json:
            assert reply.json["total"] in (0, 1)
    assert ann.events() == before
    assert ann.key(t) == "secret key"
    page = ann.want(200, "GET", f"/channels/{c}/things").json
    assert [x["id"] for x in page["things"]] == [t]
    ann.want(200, "GET", f"/keys/{k}")


def hostile():
    """What looks like SQL, in each parameter: nothing happens, nothing is
    5xx, and what may be kept comes back as it was."""
    both()
    t, c = ann.thing(name="n"), ann.channel(name="n")
    others = bob.want(200, "GET", "/things").json
    for text in HOSTILE:
        q = quote(text)
        for path in (f"/things/{q}", f"/channels/{q}", f"/things/{q}/key",
                     f"/channels/{q}/things/{t}", f"/channels/{c}/things/{q}",
                     f"/things/{q}/channels", f"/keys/{q}", f"/{q}",
                     f"/things?name={q}", f"/things?metadata={q}",
                     f"/things?offset={q}", f"/things?limit={q}",
                     f"/things?cursor={q}", f"/things?{q}={q}",
                     f"/channels?name={q}", f"/events?follow=false&from={q}",
                     f"/channels/{q}/access"):
            for method in ("GET", "PUT", "PATCH", "DELETE", "POST"):
                if method == "POST" and "s?" in path:
                    continue  # with or without a query, it makes one
                body = None if method in ("GET", "DELETE") else "{}"
                reply = ann.call(method, path, body)
                assert reply.status < 500, (method, path, reply)
        for body in ({"name": text}, {"metadata": {text: text}},
                     {"key": text}):
            reply = ann.call("POST", "/things", body)
            assert reply.status in (201, 400), (body, reply)
            if reply.status == 201:
                back = ann.want(200, "GET", reply.headers["Location"]).json
                for k, v in body.items():
                    assert back.get(k, v) == v, (body, back)
                ann.want(204, "DELETE", reply.headers["Location"])
        for path in ("/users", "/tokens"):
            for body in ({"email": text, "password": PASSWORD},
                         {"email": text + "@example.com", "password": text}):
                assert ann.call("POST", path, body).status < 500
        for path in ("/identify", f"/channels/{c}/access"):
            ann.want(403, "POST", path, {"token": text})
        for body in ({"scope": text}, {"scope": "things:read", "name": text}):
            assert ann.call("POST", "/keys", body).status in (201, 400)
        ann.call("GET", "/things", token=text.encode("utf-8", "replace")
                 .replace(b"\r", b"").replace(b"\n", b"").decode("latin-1"))
    assert ann.want(200, "GET", f"/things/{t}").json["name"] == "n"
    assert ann.want(200, "GET", "/things").json["total"] == 1
    assert bob.want(200, "GET", "/things").json == others


def malformed():
    """Bodies that are not JSON or UTF-8, to each handler that reads one."""
    ann.sign_up(ANN)
    t, c = ann.thing(name="n"), ann.channel()
    bodies = [b"{", b"}", b"", b" ", b"\x00", b"\xff", b"\xef\xbb\xbf{}",
              b'{"a":"\xff"}', b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}',
              b'{"a":"\\ud800"}', b'{"a":"\\u12"}', b'{"a":"\\x"}',
              b'{"a":"\n"}', b"{'a':1}", b"{a:1}", b'{"a"}', b'{"a":}',
              b'{"a":1,}', b'{"a":01}', b'{"a":1.}', b'{"a":+1}',
              b'{"a":nul}', b'{"a":tru}', b'{"a":NaN}', b'{"a":[}',
              b'{"a":[1,]}', b'{"a":{}', b"{" * 100000, b"[" * 100000,
              b'{"a":' * 100000, b'{"\xff":1}', b"\xfe\xff\x00{\x00}"]
    places = [("POST", "/users"), ("POST", "/tokens"), ("POST", "/things"),
              ("PATCH", "/password"), ("POST", "/keys"),
              ("POST", "/things/bulk"), ("POST", "/channels"),
              ("POST", "/channels/bulk"), ("POST", "/connect"),
              ("POST", "/identify"), ("PUT", f"/things/{t}"),
              ("PATCH", f"/things/{t}/key"), ("PUT", f"/channels/{c}"),
              ("POST", f"/channels/{c}/access")]
    for method, path in places:
        for body in bodies:
            # anyone may post to these: not that much
            reply = ann.call(method, path, body, type=JSON)
            assert reply.status == 400 or (len(body) > 16384 and
                                           reply.status == 413), \
                (method, path, body[:40], reply)
    # metadata comes back digit by digit
    text = '{"metadata":{"a":1.50,"b":12345678901234567890,"c":1e400,' \
        '"é":"\\u00e9 \\" \\\\"}}'
    place = ann.want(201, "POST", "/things", text).headers["Location"]
    assert '"metadata":{"a":1.50,"b":12345678901234567890,"c":1e400,' \
        '"é":"\\u00e9 \\" \\\\"}' in ann.call("GET", place).text


# ---- many, and slow ones ----

def crowd():
    """1,000 clients at once, each over a connection of its own that stays:
    make, look, list, remove; nothing is lost, mixed up or made twice."""
    ann.sign_up(ANN)
    n, threads = 1000, 20

    def worker(first):
        clients = [Client(port, ann.token) for _ in range(n // threads)]
        for c in clients:
            c.connection.connect()
        barrier.wait()
        # all 1,000 ask before any of them looks for its answer
        for i, c in enumerate(clients):
            c.connection.request("POST", "/things", json.dumps(
                {"name": f"crowd {first + i}"}),
                {"Authorization": ann.token, "Content-Type": JSON})
        barrier.wait()
        ids = []
        for c in clients:
            reply = c.connection.getresponse()
            assert reply.status == 201 and reply.read() == b""
            ids.append(reply.headers["Location"].rpartition("/")[2])
        barrier.wait()
        for i, (c, id) in enumerate(zip(clients, ids)):
            name = c.want(200, "GET", f"/things/{id}").json["name"]
            assert name == f"crowd {first + i}"
        for c, id in list(zip(clients, ids))[::2]:
            c.want(204, "DELETE", f"/things/{id}")
        barrier.wait()
        return ids[1::2]

    barrier = threading.Barrier(threads)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        left = set(sum(pool.map(worker, range(0, n, n // threads)), []))
    got = walk(ann, "/things", "things", 1000)
    assert len(got) == len(left) == n // 2 and set(got) == left
    made = [e for e in ann.events() if e["operation"] == "thing.create"]
    assert len(made) == len({e["id"] for e in made}) == n


def events_stream():
    both()

    def stream(path, accept=None, client=ann, last=None):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Authorization": client.token}
        if accept:
            headers["Accept"] = accept
        if last:
            headers["Last-Event-ID"] = last
        c.request("GET", path, headers=headers)
        r = c.getresponse()
        assert r.status == 200
        return r

    lines = stream("/events?from=end")
    sse = stream("/events?from=end", "text/event-stream")
    his = stream("/events?from=end", client=bob)
    assert lines.headers["Content-Type"] == "application/x-ndjson"
    assert sse.headers["Content-Type"] == "text/event-stream"
    ids = []
    for i in range(3):
        ids.append(ann.thing(name=f"n{i}"))
        bob.thing(name="his")
        event = json.loads(lines.readline())
        assert event["operation"] == "thing.create" and \
            event["id"] == ids[-1], event
        assert sse.readline() == b"id: %d\n" % event["seq"]
        data = sse.readline()
        assert data.startswith(b"data: {") and json.loads(data[6:]) == event
        assert sse.readline() == b"\n"
        assert json.loads(his.readline())["name"] == "his"
    seq = event["seq"]
    # another process changes it
    os.system("mfx-things create --user ann@example.com --name local "
              ">/dev/null")
    assert json.loads(lines.readline())["name"] == "local"
    # from where one was, in every form
    ann.thing(name="later")
    for r in (stream(f"/events?follow=false&from={seq}"),
              stream("/events?follow=false", last=str(seq))):
        got = [json.loads(x)["name"] for x in r.read().splitlines()]
        assert got == ["local", "later"], got
    assert len(ann.events("start")) == 6
    assert ann.events("end") == []
    assert len(ann.events(quote("2001-01-01"))) == 6
    for bad in ("x", "-", "1x", "9" * 30):
        ann.want(400, "GET", f"/events?from={bad}")
    # the stream ends with the token
    ann.want(204, "DELETE", "/tokens?all=true")
    assert b"later" in lines.readline()
    assert lines.read() == b""
    bob.thing(name="still")
    assert json.loads(his.readline())["name"] == "still"


def streams_limited():
    ann.sign_up(ANN)
    open_ones = []
    for i in range(17):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        c.request("GET", "/events", headers={"Authorization": ann.token})
        open_ones.append(c.getresponse())
    assert [r.status for r in open_ones] == [200] * 16 + [429]
    # those that have gone make room, as soon as that is seen
    for r in open_ones:
        r.close()

    def let_in():
        ann.want(201, "POST", "/things", {})
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        c.request("GET", "/events", headers={"Authorization": ann.token})
        return c.getresponse().status == 200

    until(let_in, "room for another reader of events")


def long_search():
    """A search through many rows holds nobody up."""
    ann.sign_up(ANN)
    for i in range(4):
        ann.want(201, "POST", "/things/bulk", [
            {"name": f"thing {j}", "metadata": {"a": {"b": [j] * 20}}}
            for j in range(25000)])
    id = ann.thing(name="the one")
    seeker = threading.Thread(target=lambda: Client(port, ann.token).want(
        200, "GET", "/things?metadata=" + quote('{"a":{"b":[-1]}}')))
    seeker.start()
    n = 0
    while seeker.is_alive():
        ann.want(200, "GET", f"/things/{id}")
        n += 1
    # one that was not put off could let two through, before and after it
    assert n > 3, n
    page = ann.want(200, "GET", "/things?name=thing%201").json
    assert page["total"] == 4 * sum(
        1 for j in range(25000) if str(j).startswith("1")), page["total"]


globals()[sys.argv[2]](*sys.argv[3:])
