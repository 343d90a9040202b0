#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api_bootstrap.py PORT CASE: configurations of devices over HTTP.  Cases 26
to 32 are what Mainflux' own tests assert of its bootstrap service; w10 and w37
to w44 are faults that it had."""
import http.client
import json
import os
import sqlite3
import subprocess
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api_client import Client, HOSTILE, JSON, NOBODY, quote
from bootstrap_proof import derive, part
from waiting import until

port = int(sys.argv[1])
ann = Client(port)
ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
CONFIGS, BULK = "/things/configs", "/things/configs/bulk"
LINES = "application/x-ndjson"
number = iter(range(1, 1 << 30))


def device(**more):
    n = next(number)
    return {"external_id": f"dev-{n}", "external_key": f"key-{n}", **more}


def add(client=ann, **more):
    body = device(**more)
    return client.made(CONFIGS, body), body


def show(id, client=ann):
    return client.want(200, "GET", f"{CONFIGS}/{id}").json


def boot(id, key, status=200, client=ann, **more):
    reply = client.want(status, "GET", f"/things/bootstrap/{quote(id)}",
                        token=key, **more)
    return reply.json if status == 200 else reply


def state(id, value, status=200, client=ann):
    return client.want(status, "PUT", f"/things/state/{id}", {"state": value})


def connected(channel, client=ann):
    return {x["id"] for x in client.want(
        200, "GET", f"/channels/{channel}/things?limit=100").json["things"]}


def told(client=ann, start="0"):
    """Events without what differs each time."""
    events = client.events(start)
    for e in events:
        for name in ("seq", "time", "timestamp"):
            e.pop(name, None)
    return events


def refuses(method, path, body, *, fields=True):
    """What is wrong with a request, in Mainflux' order."""
    ann.want(415, method, path, "{}", type="text/plain")
    ann.want(415, method, path, "{}", type=None)
    for bad in ("{", "}", "", "[]", '"text"', "1", '{"a":"\\ud800"}'):
        ann.want(400, method, path, bad)
    ann.want(403, method, path, body, token=None)
    ann.want(403, method, path, body, token="not.a.token")
    if fields:
        ann.want(400, method, path, {})


def row_26():
    channel = ann.channel(name="c")
    body = device(name="n", content="x", channels=[channel])
    id = ann.made(CONFIGS, body)
    # without thing_id a thing was made
    assert ann.want(200, "GET", f"/things/{id}").json["name"] == "n"
    ann.want(409, "POST", CONFIGS, body)
    ann.want(409, "POST", CONFIGS, {**device(), "thing_id": id})
    ann.want(404, "POST", CONFIGS, {**device(), "thing_id": NOBODY})
    ann.want(404, "POST", CONFIGS, {**device(), "thing_id": "x"})
    for bad in (NOBODY, "x", id):
        ann.want(400, "POST", CONFIGS, device(channels=[channel, bad]))
    for missing in ("external_id", "external_key"):
        for value in ({}, {missing: ""}, {missing: None}):
            part = device()
            del part[missing]
            ann.want(400, "POST", CONFIGS, {**part, **value})
    refuses("POST", CONFIGS, device())
    thing = ann.thing(name="mine")
    assert add(thing_id=thing)[0] == thing
    assert show(thing)["state"] == 0
    # names of members in any case; a state is not for a new one
    other = ann.made(CONFIGS, {"External_ID": "x", "EXTERNAL_KEY": "y",
                               "state": 1})
    assert show(other)["state"] == 0


def row_27():
    channels = [ann.channel(name=f"c{i}") for i in range(3)]
    id, body = add(name="n", content="x", channels=channels[:1])
    path = f"{CONFIGS}/{id}"
    reply = ann.want(200, "PUT", path, {"name": "m", "content": "y"})
    assert reply.text == ""
    assert (show(id)["name"], show(id)["content"]) == ("m", "y")
    # it replaces: what is not there is cleared
    ann.want(200, "PUT", path, {"name": "o"})
    assert "content" not in show(id) and show(id)["name"] == "o"
    ann.want(200, "PATCH", path, {"content": "z"})
    assert (show(id)["name"], show(id)["content"]) == ("o", "z")
    for method in ("PUT", "PATCH"):
        ann.want(404, method, f"{CONFIGS}/{NOBODY}", {"name": "m"})
        ann.want(404, method, f"{CONFIGS}/x", {"name": "m"})
        refuses(method, path, {"name": "m"}, fields=method == "PATCH")

    def names():
        return [x["name"] for x in show(id)["mainflux_channels"]]

    path = f"{CONFIGS}/connections/{id}"
    ann.want(200, "PUT", path, {"channels": channels[1:]})
    assert names() == ["c1", "c2"]
    assert not any(connected(x) for x in channels)
    state(id, 1)
    ann.want(200, "PUT", path, {"channels": channels[:2]})
    assert names() == ["c0", "c1"]
    assert [connected(x) for x in channels] == [{id}, {id}, set()]
    ann.want(404, "PUT", f"{CONFIGS}/connections/{NOBODY}",
             {"channels": channels})
    for bad in (NOBODY, "x", ""):
        ann.want(400, "PUT", path, {"channels": [channels[2], bad]})
    assert names() == ["c0", "c1"] and not connected(channels[2])
    refuses("PUT", path, {"channels": []})

    path = f"{CONFIGS}/certs/{id}"
    ann.want(200, "PATCH", path, {"client_cert": "c", "client_key": "k",
                                  "ca_cert": "a"})
    got = show(id)
    assert (got["client_cert"], got["client_key"], got["ca_cert"]) == \
        ("c", "k", "a")
    ann.want(200, "PATCH", path, {"ca_cert": ""})
    assert "ca_cert" not in show(id) and show(id)["client_key"] == "k"
    ann.want(404, "PATCH", f"{CONFIGS}/certs/{NOBODY}", {"ca_cert": "a"})
    refuses("PATCH", path, {"ca_cert": "a"})


def row_28():
    ids = [add(name=f"name {i}")[0] for i in range(101)]
    for i in range(0, 101, 2):
        state(ids[i], 1)

    def page(query, status=200):
        return ann.want(status, "GET", CONFIGS + query)

    got = page("?offset=0&limit=1000").json
    assert (got["total"], got["offset"], got["limit"]) == (101, 0, 100)
    assert [x["mainflux_id"] for x in got["configs"]] == ids[:100]
    assert not any("mainflux_channels" in x for x in got["configs"])
    got = page("?name=95").json
    assert got["total"] == 1 and got["configs"][0]["mainflux_id"] == ids[95]
    assert page("?name=AME%2010").json["total"] == 2
    got = page("?state=1&limit=100").json
    assert got["total"] == 51 and \
        [x["mainflux_id"] for x in got["configs"]] == ids[::2]
    assert page("?state=0&limit=5").json["total"] == 50
    got = page("?offset=100&limit=100").json
    assert [x["mainflux_id"] for x in got["configs"]] == ids[100:]
    assert page("?offset=1000").json["configs"] == []
    for query in ("", "?limit=0", "?offset=0"):
        assert page(query).json["limit"] == 10
        assert len(page(query).json["configs"]) == 10
    for bad in ("?key=%", "?offset=-1", "?limit=-1", "?limit=x", "?offset=e",
                "?state=2", "?state=x", "?limit=1&limit=2", "?cursor=x",
                "?cursor=&offset=1"):
        page(bad, 400)
    ann.want(403, "GET", CONFIGS, token=None)
    ann.want(403, "GET", CONFIGS, token="x")
    # exact, also the one of mainflux_id, which was broken
    one = show(ids[7])
    for query in (f"external_id={one['external_id']}",
                  f"mainflux_key={one['mainflux_key']}",
                  f"mainflux_id={ids[7]}"):
        got = page("?" + query).json
        assert [x["mainflux_id"] for x in got["configs"]] == [ids[7]], query
        assert page("?" + query.upper().replace("MAINFLUX", "mainflux")
                    .replace("_ID=", "_id=").replace("_KEY=", "_key=")
                    .replace("EXTERNAL", "external")).json["total"] == 0
    # by cursor: all, once, with channels
    seen, cursor = [], ""
    while cursor is not None:
        got = page(f"?cursor={cursor}&limit=20").json
        seen += [x["mainflux_id"] for x in got["configs"]]
        assert all(x["mainflux_channels"] == [] for x in got["configs"])
        cursor = got.get("next")
    assert seen == ids


def row_29():
    channel = ann.channel(name="c", metadata={"a": 1.50})
    id, body = add(name="n", content="text\n", channels=[channel])
    key = ann.key(id)
    boot("no such device", body["external_key"], 404)
    ann.want(400, "GET", "/things/bootstrap/", token=body["external_key"])
    boot(body["external_id"], "wrong", 404)
    boot(body["external_id"], None, 403)
    boot(body["external_id"], "", 403)
    exact = ('{"mainflux_id":"%s","mainflux_key":"%s","mainflux_channels":['
             '{"id":"%s","name":"c","metadata":{"a":1.50}}],'
             '"content":"text\\n"}\n' % (id, key, channel)).replace(
                 "1.50", "1.5")
    for active in (0, 1):
        state(id, active)
        for token in (body["external_key"], "Thing " + body["external_key"]):
            reply = ann.want(200, "GET",
                             f"/things/bootstrap/{body['external_id']}",
                             token=token)
            assert reply.text == exact, reply
            assert reply.headers["Cache-Control"] == "no-store"
            assert reply.headers["Content-Type"] == JSON
    # certificates, of which the private key is for the device
    ann.want(200, "PATCH", f"{CONFIGS}/certs/{id}", {
        "client_cert": "c", "client_key": "k", "ca_cert": "a"})
    got = boot(body["external_id"], body["external_key"])
    assert (got["client_cert"], got["client_key"], got["ca_cert"]) == \
        ("c", "k", "a")
    # any external id that can be in a path
    for i, odd in enumerate(("a/b", "..", "a b", "%2F", "é", "?#", "bulk")):
        other = {"external_id": odd, "external_key": f"k{i}"}
        made = ann.made(CONFIGS, other)
        if odd == "..":
            continue
        assert boot(odd, f"k{i}")["mainflux_id"] == made
    # what is answered to an unknown id and to a wrong key is the same
    a = ann.call("GET", "/things/bootstrap/nobody", token="x")
    b = ann.call("GET", f"/things/bootstrap/{body['external_id']}", token="x")
    assert a.text == b.text and sorted(a.headers) == sorted(b.headers)
    # and so it is for a thing that is disabled, or a key that is too long
    ann.want(200, "POST", f"/things/{id}/disable")
    c = ann.call("GET", f"/things/bootstrap/{body['external_id']}",
                 token=body["external_key"])
    assert c.status == 404 and c.text == a.text
    ann.want(200, "POST", f"/things/{id}/enable")
    boot(body["external_id"], body["external_key"])
    long = "k" * 4096
    id, body = add(external_key=long)
    boot(body["external_id"], long)
    boot(body["external_id"], long + "k", 404)
    boot(body["external_id"], long[:-1], 404)


def row_30():
    channels = [ann.channel() for _ in range(2)]
    id, _ = add(channels=channels)
    for value, on in ((1, {id}), (0, set()), (0, set()), (1, {id}), (1, {id})):
        assert state(id, value).text == ""
        assert [connected(x) for x in channels] == [on, on]
        assert show(id)["state"] == value
    state(NOBODY, 1, 404)
    state("x", 1, 404)
    for bad in (2, -1, 1.5, "1", None, True, [1], 1e400):
        ann.want(400, "PUT", f"/things/state/{id}", {"state": bad})
    refuses("PUT", f"/things/state/{id}", {"state": 1})


def row_31():
    id, body = add()
    for path in (id, id, NOBODY, "x"):
        ann.want(204, "DELETE", f"{CONFIGS}/{path}")
    ann.want(404, "GET", f"{CONFIGS}/{id}")
    ann.want(200, "GET", f"/things/{id}")
    boot(body["external_id"], body["external_key"], 404)
    ann.want(403, "DELETE", f"{CONFIGS}/{id}", token=None)
    ann.want(200, "GET", "/things/unknown/configs")


def row_32():
    a, b = ann.channel(name="a"), ann.channel(name="b")
    x, xb = add(channels=[a, b])
    y, yb = add(channels=[a])
    for id in (x, y):
        state(id, 1)
    ann.want(200, "PUT", f"/channels/{a}", {"name": "new",
                                            "metadata": {"k": [1]}})
    got = boot(xb["external_id"], xb["external_key"])
    assert got["mainflux_channels"] == [
        {"id": a, "name": "new", "metadata": {"k": [1]}},
        {"id": b, "name": "b", "metadata": None}]
    ann.want(204, "DELETE", f"/channels/{b}/things/{x}")
    assert (show(x)["state"], show(y)["state"]) == (0, 1)
    ann.want(204, "DELETE", f"/channels/{a}")
    assert [c["id"] for c in show(x)["mainflux_channels"]] == [b]
    assert show(y)["mainflux_channels"] == []
    ann.want(204, "DELETE", f"/things/{x}")
    ann.want(404, "GET", f"{CONFIGS}/{x}")
    boot(xb["external_id"], xb["external_key"], 404)


# ---- what it got wrong ----

def unknown(client=ann, query="?limit=1000"):
    return client.want(200, "GET", "/things/unknown/configs" + query).json


def row_10():
    """Who asked in vain: for an administrator, without keys, bounded."""
    eve = Client(port).sign_up(EVE)
    id, body = add()
    boot("stranger", "the-secret-key", 404)
    boot(body["external_id"], "another-secret", 404)
    until(lambda: unknown()["total"] == 2, "both are listed")
    got = unknown()
    assert {x["external_id"]: x["known"] for x in got["configs"]} == \
        {"stranger": False, body["external_id"]: True}
    assert all(set(x) == {"external_id", "address", "first", "last",
                          "attempts", "known"} and x["attempts"] == 1 and
               x["address"] == "127.0.0.1" for x in got["configs"])
    assert "secret" not in json.dumps(got)
    # nobody else may see it, nor a token that an administrator gave away
    eve.want(403, "GET", "/things/unknown/configs")
    given = ann.want(201, "POST", "/keys", {
        "name": "k", "scope": "things:read channels:read keys:read"}
        ).json["value"]
    ann.want(403, "GET", "/things/unknown/configs", token=given)
    ann.want(403, "GET", "/things/unknown/configs", token=None)
    # it goes when the device is added
    eve.made(CONFIGS, {"external_id": "stranger", "external_key": "k"})
    assert [x["external_id"] for x in unknown()["configs"]] == \
        [body["external_id"]]
    # whoever has no token fills no table: the last thousand are kept
    for i in range(1010):
        boot(f"flood-{i:04}", "k", 404)
    until(lambda: unknown()["configs"][0]["external_id"] == "flood-1009",
          "the last is listed")
    got = unknown()
    assert got["total"] == len(got["configs"]) == 1000
    assert got["configs"][-1]["external_id"] == "flood-0010"
    assert len(unknown(query="")["configs"]) == 10
    assert unknown(query="?offset=999")["configs"][0]["external_id"] == \
        "flood-0010"
    assert unknown(query="?offset=1000")["configs"] == []
    ann.want(400, "GET", "/things/unknown/configs?limit=x")
    # and few events, of which the owner sees those of their own device
    failed = [e for e in told() if e["operation"] == "thing.bootstrap"]
    assert failed == [{"operation": "thing.bootstrap", "success": 0,
                       "external_id": body["external_id"]}]
    every = subprocess.run(["mfx-events"], capture_output=True, check=True,
                         text=True).stdout.splitlines()
    assert 1 < sum('"thing.bootstrap"' in x for x in every) <= 61
    assert not any("secret" in x for x in every)


def row_limits():
    """How often an address may fail, without harm to the right one."""
    id, body = add()
    statuses = [ann.call("GET", f"/things/bootstrap/{body['external_id']}",
                         token="x").status for _ in range(12)]
    assert statuses[:10] == [404] * 10 and statuses[-1] == 429, statuses
    reply = ann.call("GET", f"/things/bootstrap/{body['external_id']}",
                     token="x")
    assert int(reply.headers["Retry-After"]) > 0
    # others at this address, and this one at another
    _, other = add()
    for _ in range(200):
        boot(other["external_id"], other["external_key"])
    boot(body["external_id"], body["external_key"],
         client=Client(port, address="127.0.0.2"))
    # all at one address together
    statuses = [ann.call("GET", f"/things/bootstrap/x{i}", token="x").status
                for i in range(120)]
    assert 404 in statuses and statuses[-1] == 429


def row_37():
    """An event that can't be used held up all that followed it: there is
    nothing to be behind, as all is in one place."""
    channels = [ann.channel(metadata={"lora": "text"}) for _ in range(3)]
    id, body = add(channels=channels)
    state(id, 1)
    for x in channels[:2]:
        ann.want(204, "DELETE", f"/channels/{x}")
    ann.want(200, "PUT", f"/channels/{channels[2]}", {"name": "n"})
    assert boot(body["external_id"], body["external_key"]
                )["mainflux_channels"] == \
        [{"id": channels[2], "name": "n", "metadata": None}]


row_38 = row_37


def row_39():
    """Every update of a channel ended the service."""
    channel = ann.channel()
    id, _ = add(channels=[channel])
    for i in range(20):
        ann.want(200, "PUT", f"/channels/{channel}", {"name": f"n{i}"})
        assert show(id)["mainflux_channels"][0]["name"] == f"n{i}"


def row_40():
    """One disconnection made every configuration of every user inactive."""
    bob = Client(port).sign_up(BOB)
    mine, his = ann.channel(), bob.channel()
    x, y = (add(channels=[mine])[0] for _ in range(2))
    z, _ = add(bob, channels=[his])
    for id, client in ((x, ann), (y, ann), (z, bob)):
        state(id, 1, client=client)
    ann.want(204, "DELETE", f"/channels/{mine}/things/{x}")
    assert [show(x)["state"], show(y)["state"], show(z, bob)["state"]] == \
        [0, 1, 1]


def row_41():
    """A thing that was there before was removed when something failed."""
    thing, channel = ann.thing(name="mine"), ann.channel()
    ann.connect(channel, thing)
    before = ann.want(200, "GET", f"/things/{thing}").text
    for status, more in ((400, {"channels": [NOBODY]}),
                         (400, {"content": "x" * 65537}),
                         (400, {"name": "\x01"})):
        ann.want(status, "POST", CONFIGS, device(thing_id=thing, **more))
    taken = add()[1]
    ann.want(409, "POST", CONFIGS, {**taken, "thing_id": thing})
    assert ann.want(200, "GET", f"/things/{thing}").text == before
    assert connected(channel) == {thing}
    assert ann.want(200, "GET", "/things").json["total"] == 2


def row_42():
    """Metadata of channels was lost."""
    channel = ann.channel(name="c", metadata={"a": {"b": [1, "x"]}})
    id, body = add(channels=[channel])
    ann.want(200, "PATCH", f"/channels/{channel}", {"metadata": {"c": 2}})
    for got in (show(id), boot(body["external_id"], body["external_key"])):
        assert got["mainflux_channels"][0]["metadata"] == {"c": 2}


def row_43():
    """A copy of the key, which grew stale, and had 36 characters."""
    id, body = add()
    for key in ("k", "long" * 1024):
        ann.want(200, "PATCH", f"/things/{id}/key", {"key": key})
        assert boot(body["external_id"], body["external_key"]
                    )["mainflux_key"] == key
        assert show(id)["mainflux_key"] == key
        assert ann.want(200, "POST", "/identify", {"token": key}, token=None
                        ).json["id"] == id


def row_44():
    """A failure kept a transaction, and an empty list changed nothing."""
    channel = ann.channel()
    id, _ = add(channels=[channel])
    state(id, 1)
    for _ in range(50):
        ann.want(400, "PUT", f"{CONFIGS}/connections/{id}",
                 {"channels": [NOBODY]})
    ann.want(200, "PUT", f"{CONFIGS}/connections/{id}", {"channels": []})
    assert show(id)["mainflux_channels"] == [] and not connected(channel)
    assert show(id)["state"] == 1
    # another process changes the registry at once
    subprocess.run(["mfx-things", "create", "--user", ANN], check=True,
                   stdout=subprocess.DEVNULL, timeout=20)


# ---- and all the rest ----

def row_events():
    channel = ann.channel(name="c")
    start = ann.events()[-1]["seq"]
    id, body = add(name="n", content="x", channels=[channel],
                   client_key="private")
    ann.want(200, "PUT", f"{CONFIGS}/{id}", {"name": "m", "content": "y"})
    state(id, 1)
    ann.want(200, "PUT", f"{CONFIGS}/connections/{id}", {"channels": []})
    boot(body["external_id"], body["external_key"])
    boot(body["external_id"], "wrong", 404)
    until(lambda: told()[-1].get("success") == 0, "the last event")
    ann.want(204, "DELETE", f"{CONFIGS}/{id}")
    for path in (NOBODY, id):
        ann.want(204, "DELETE", f"{CONFIGS}/{path}")
        state(path, 1, 404)
    show_is = [e for e in told(start=str(start))]
    ext = body["external_id"]
    assert show_is == [
        {"operation": "thing.create", "id": id, "owner": ANN, "name": "n"},
        {"operation": "config.create", "thing_id": id, "owner": ANN,
         "name": "n", "channels": channel, "external_id": ext,
         "content": "x"},
        {"operation": "config.update", "thing_id": id, "name": "m",
         "content": "y"},
        {"operation": "thing.state_change", "thing_id": id, "state": 1},
        {"operation": "thing.connect", "chan_id": channel, "thing_id": id},
        {"operation": "thing.disconnect", "chan_id": channel, "thing_id": id},
        {"operation": "thing.update_connections", "thing_id": id,
         "channels": ""},
        {"operation": "thing.bootstrap", "external_id": ext, "success": 1},
        {"operation": "thing.bootstrap", "external_id": ext, "success": 0},
        {"operation": "config.remove", "thing_id": id}], show_is
    text = json.dumps(ann.events())
    assert body["external_key"] not in text and "private" not in text


def row_strangers():
    bob = Client(port).sign_up(BOB)
    channel = ann.channel()
    id, body = add(name="n", channels=[channel])
    his, _ = add(bob)
    before = show(id)
    bob.want(404, "GET", f"{CONFIGS}/{id}")
    bob.want(404, "PUT", f"{CONFIGS}/{id}", {"name": "x"})
    bob.want(404, "PATCH", f"{CONFIGS}/{id}", {"name": "x"})
    bob.want(404, "PATCH", f"{CONFIGS}/certs/{id}", {"ca_cert": "x"})
    bob.want(404, "PUT", f"{CONFIGS}/connections/{id}", {"channels": []})
    bob.want(400, "PUT", f"{CONFIGS}/connections/{his}",
             {"channels": [channel]})
    bob.want(204, "DELETE", f"{CONFIGS}/{id}")
    state(id, 1, 404, bob)
    bob.want(404, "POST", CONFIGS, device(thing_id=id))
    reply = bob.want(409, "POST", CONFIGS, body)
    assert "ann" not in reply.text
    assert bob.want(200, "GET", CONFIGS).json["total"] == 1
    for name in ("mainflux_id", "mainflux_key", "external_id"):
        assert bob.want(200, "GET", f"{CONFIGS}?{name}={quote(before[name])}"
                        ).json["total"] == 0
    assert show(id) == before
    # scopes: each is needed, keys are shown with one of their own
    for scope, status in (("things:read channels:read", 200),
                          ("things:read", 403), ("channels:read", 403)):
        token = ann.want(201, "POST", "/keys", {
            "name": scope, "scope": scope}).json["value"]
        for path in (CONFIGS, f"{CONFIGS}/{id}"):
            reply = ann.want(status, "GET", path, token=token)
            assert body["external_key"] not in reply.text
            ann.want(403, "GET", path + "?keys=true", token=token)
        ann.want(403, "DELETE", f"{CONFIGS}/{id}", token=token)
    assert show(id)["external_key"] == body["external_key"]
    got = ann.want(200, "GET", f"{CONFIGS}/{id}?keys=false").json
    assert got["external_key"] == got["mainflux_key"] == ""


def row_bulk():
    channel = ann.channel()

    def lines(items):
        return "".join(json.dumps(x) + "\n" for x in items)

    items = [device(channels=[channel], state=1) for _ in range(500)]
    reply = ann.want(201, "POST", BULK, lines(items), type=LINES)
    made = [json.loads(x) for x in reply.text.splitlines()]
    assert [x["external_id"] for x in made] == \
        [x["external_id"] for x in items]
    assert connected(channel) == {x["thing_id"] for x in made[:100]}
    more = [device() for _ in range(3)]
    for status, bad in ((409, items[0]), (404, device(channels=[NOBODY])),
                        (400, {"external_id": ""}), (400, {"x": 1})):
        reply = ann.want(status, "POST", BULK, lines(more + [bad]),
                         type=LINES)
        assert reply.json["item"] == 4, reply
    ann.want(201, "POST", BULK, [device(), device()])
    ann.want(200, "PATCH", BULK, lines(
        {"thing_id": x["thing_id"], "state": 0} for x in made), type=LINES)
    assert not connected(channel)
    ann.want(200, "POST", BULK + "/remove", lines(
        {"thing_id": x["thing_id"]} for x in made), type=LINES)
    ann.want(404, "POST", BULK + "/remove", lines(
        [{"thing_id": made[0]["thing_id"]}]), type=LINES)
    ann.want(200, "POST", BULK + "/remove?if_exists=true", lines(
        [{"thing_id": made[0]["thing_id"]}]), type=LINES)
    assert ann.want(200, "GET", CONFIGS).json["total"] == 2


def row_hostile():
    """In each place, whatever it is."""
    id, body = add(name="n", content="c")
    before = show(id)
    for text in HOSTILE:
        for path in (f"{CONFIGS}/{quote(text)}", f"{CONFIGS}?name={quote(text)}",
                     f"{CONFIGS}?external_id={quote(text)}",
                     f"{CONFIGS}?mainflux_id={quote(text)}",
                     f"{CONFIGS}?mainflux_key={quote(text)}"):
            assert ann.call("GET", path).status in (200, 400, 404), path
        reply = ann.call("GET", f"/things/bootstrap/{quote(text)}",
                         token=body["external_key"])
        assert reply.status in (400, 404, 429), reply
        reply = ann.call("POST", CONFIGS, {
            "external_id": text, "external_key": text, "name": text,
            "content": text})
        assert reply.status in (201, 400), reply
        if reply.status == 201:
            made = reply.headers["Location"].rpartition("/")[2]
            assert show(made)["external_id"] == text
            assert show(made)["content"] == text
            ann.want(204, "DELETE", f"{CONFIGS}/{made}")
    assert show(id) == before
    ann.want(413, "PUT", f"/things/state/{id}", " " * 2000)
    ann.want(413, "PUT", f"{CONFIGS}/{id}", " " * 800000)


# ---- for devices without TLS ----

def proof(id, key):
    """What a device shows that has this key."""
    salt = os.urandom(32)
    return f"{part(salt)}.{part(derive(salt, id, key)[0])}"


def secure(id, token):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    c.request("GET", f"/things/bootstrap/secure/{quote(id)}",
              headers={"Authorization": token} if token else {})
    r = c.getresponse()
    return r.status, r.getheader("Content-Type"), r.read()


def row_secure():
    id, body = add(content="x" * 60000, external_id="dev/é",
                   client_key="private")
    ext, key = body["external_id"], body["external_key"]
    salt = os.urandom(32)
    proof, answer = derive(salt, ext, key)
    # HKDF as a whole gives the same
    assert HKDF(hashes.SHA256(), 32, salt, b"mfx-bootstrap-1 answer\0" +
                ext.encode()).derive(key.encode()) == answer
    token = f"{part(salt)}.{part(proof)}"
    for shown in (token, "Thing " + token):
        status, type, sealed = secure(ext, shown)
        assert (status, type) == (200, "application/octet-stream")
        for secret in (key.encode(), b"private", id.encode(), b"xxx"):
            assert secret not in sealed
        text = ChaCha20Poly1305(answer).decrypt(sealed[:12], sealed[12:],
                                                None)
        assert json.loads(text) == boot(ext, key)
    # no bit of it can be another one, and each is new
    assert secure(ext, token)[2] != sealed
    bad = bytearray(sealed)
    bad[len(bad) // 2] ^= 1
    try:
        ChaCha20Poly1305(answer).decrypt(bytes(bad[:12]), bytes(bad[12:]),
                                         None)
        assert False
    except InvalidTag:
        pass
    # another key, another id, another salt, a proof of another kind
    wrong = [(ext, f"{part(salt)}.{part(derive(salt, ext, 'no')[0])}"),
             (ext, f"{part(salt)}.{part(derive(salt, 'dev', key)[0])}"),
             (ext, f"{part(os.urandom(32))}.{part(proof)}"),
             (ext, f"{part(salt)}.{part(answer)}"),
             ("nobody", token)]
    said = {secure(*x)[2] for x in wrong}
    assert len(said) == 1 and {secure(*x)[0] for x in wrong} == {404}
    assert said == {secure("nobody 2", token)[2]}
    for bad in (key, token[:-1], token + "A", token.replace(".", "_"), ".",
                token + "=", part(salt)):
        assert secure(ext, bad)[0] == 400, bad
    assert secure(ext, None)[0] == 403


def row_clear():
    """No key is in clear in the registry, what it logs, or its events."""
    id, body = add(external_key="the-external-key", client_key="the-private")
    key = ann.key(id)
    boot(body["external_id"], body["external_key"])
    home = os.environ["MFX_HOME"]
    for name in os.listdir(home):
        path = os.path.join(home, name)
        if os.path.isfile(path):
            data = open(path, "rb").read()
            for secret in (b"the-external-key", b"the-private", key.encode()):
                assert secret not in data, name
    db = sqlite3.connect(os.path.join(home, "registry.db"))
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


if __name__ == "__main__":
    ann.sign_up(ANN)
    globals()["row_" + sys.argv[2].removeprefix("w")]()
