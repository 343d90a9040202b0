#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api_rows.py PORT ROW: what Mainflux' own tests assert of its API, by the
numbers that api_rows.bats gives them."""
import os
import re
import sys
import uuid

from api_client import Client, JSON, NOBODY, PASSWORD
from waiting import until

port = int(sys.argv[1])
ann, bob = Client(port), Client(port)
ANN, BOB = "ann@example.com", "bob@example.com"
BAD = "not.a.token"
MALFORMED = ["x", "1", NOBODY.upper() + "A", NOBODY[:-1], "%20", "a%2Fb",
             "'%20OR%201=1"]


def both():
    ann.sign_up(ANN)
    bob.sign_up(BOB)


def refuses_strangers(method, path, body=None):
    ann.want(403, method, path, body, token=BAD)
    ann.want(403, method, path, body, token=None)
    ann.want(403, method, path, body, token="")


def refuses_bodies(method, path, token=0, empty=400):
    """`{`, `}`, nothing, an array, a type that is not valid; `{}` is `empty`."""
    for body in ("{", "}", "", "[]", '"text"', "1", '{"name":1}',
                 '{"name":"a","metadata":[]}' if "key" not in path
                 else '{"key":[]}', "\xff{}", '{"a":"\\ud800"}'):
        if body == '{"name":1}' and ("key" in path or "users" in path or
                                     "tokens" in path):
            continue
        if body == '{"name":"a","metadata":[]}' and ("users" in path or
                                                     "tokens" in path):
            continue
        raw = body.encode("latin-1")
        ann.want(400, method, path, raw, token=token)
    ann.want(empty, method, path, "{}", token=token)
    for type in (None, "", "text/plain", "application/jsn"):
        ann.want(415, method, path, "{}", token=token, type=type)


def row_1():
    body = {"email": ANN, "password": PASSWORD}
    reply = ann.want(201, "POST", "/users", body)
    assert reply.text == ""
    ann.want(409, "POST", "/users", body)
    ann.want(409, "POST", "/users", {"email": ANN.upper(),
                                     "password": PASSWORD})
    for email in ("", "ann", "ann@", "@b.c", "a b@example.com", "a@b@c.d",
                  "a@b.c\n", "x" * 65 + "@b.c"):
        ann.want(400, "POST", "/users", {"email": email,
                                         "password": PASSWORD})
    ann.want(400, "POST", "/users", {"email": BOB, "password": ""})
    ann.want(400, "POST", "/users", {"email": BOB, "password": "short"})
    ann.want(400, "POST", "/users", {"email": BOB})
    ann.want(400, "POST", "/users", {"mail": BOB, "password": PASSWORD})
    ann.want(400, "POST", "/users", {"email": BOB, "password": 12345678})
    refuses_bodies("POST", "/users")
    # names in any case, unknown ones, what follows, a charset
    ann.want(201, "POST", "/users", '{"Email":"%s","PASSWORD":"%s","x":[1,'
             '{"y":2}]} \n' % (BOB, PASSWORD),
             type=JSON + "; charset=utf-8")


def row_2():
    ann.sign_up(ANN)
    body = {"email": ANN, "password": PASSWORD}
    reply = ann.want(201, "POST", "/tokens", body)
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", reply.json["token"])
    assert reply.headers["Content-Type"] == JSON
    ann.want(403, "POST", "/tokens", dict(body, password="wrong horse"))
    ann.want(400, "POST", "/tokens", dict(body, email="ann"))
    ann.want(403, "POST", "/tokens", dict(body, email=BOB))
    ann.want(400, "POST", "/tokens", dict(body, password=""))
    refuses_bodies("POST", "/tokens")


def row_3():
    ann.sign_up(ANN)
    assert ann.want(200, "GET", "/users").json["email"] == ANN
    refuses_strangers("GET", "/users")


def row_4():
    both()
    id = ann.thing(name="meter", key="own key", metadata={"a": 1})
    uuid.UUID(id)
    ann.want(422, "POST", "/things", {"key": "own key"})
    bob.want(422, "POST", "/things", {"key": "own key"})
    assert "ann" not in bob.call("POST", "/things", {"key": "own key"}).text
    other = ann.thing()
    assert ann.key(other) != ann.key(id)
    # an id of the client's is not taken
    assert ann.thing(id=NOBODY) != NOBODY
    ann.want(400, "POST", "/things", {"name": "x" * 1025})
    ann.want(400, "POST", "/things", {"key": "x" * 4097})
    ann.want(400, "POST", "/things", '{"name":"a\\u0000b"}')
    ann.want(201, "POST", "/things", '{"name":null,"key":null,'
             '"metadata":null}')
    refuses_strangers("POST", "/things", {})
    refuses_bodies("POST", "/things", empty=201)
    # what is looked at first
    ann.want(415, "POST", "/things", "{", token=None, type=None)
    ann.want(400, "POST", "/things", "{", token=None)
    ann.want(403, "POST", "/things", {"name": "x" * 1025}, token=None)
    ann.want(400, "POST", "/things", {"name": "x" * 1025}, token=BAD)


def check_update(collection, make):
    id = make(name="old", metadata={"a": 1})
    path = f"/{collection}/{id}"
    before = ann.want(200, "GET", path).json
    assert ann.want(200, "PUT", path, {"name": "new", "metadata": {"b": [2]},
                                       "key": "no"}).text == ""
    want = dict(before, name="new", metadata={"b": [2]})
    assert ann.want(200, "GET", path).json == want
    ann.want(200, "PUT", path, {})
    del want["name"], want["metadata"]
    assert ann.want(200, "GET", path).json == want
    for method, body in (("PUT", {"name": "x"}), ("GET", None)):
        for unknown in [NOBODY] + MALFORMED:
            ann.want(404, method, f"/{collection}/{unknown}", body)
        bob.want(404, method, path, body)
        ann.want(400, method, f"/{collection}/", body)
        refuses_strangers(method, path, body)
    refuses_bodies("PUT", path, empty=200)
    assert ann.want(200, "GET", path).json == want


def row_5():
    both()
    check_update("things", ann.thing)


def row_6():
    both()
    id, other = ann.thing(), bob.thing(key="taken")
    path = f"/things/{id}/key"
    old = ann.key(id)
    assert ann.want(200, "PATCH", path, {"key": "new key"}).text == ""
    assert ann.key(id) == "new key"
    ann.want(403, "POST", "/identify", {"token": old})
    ann.want(422, "PATCH", path, {"key": "taken"})
    ann.want(200, "PATCH", path, {"key": "new key"})
    ann.want(400, "PATCH", path, {"key": ""})
    for unknown in [NOBODY, other] + MALFORMED:
        ann.want(404, "PATCH", f"/things/{unknown}/key", {"key": "k"})
    refuses_strangers("PATCH", path, {"key": "k"})
    refuses_bodies("PATCH", path)
    assert ann.key(id) == "new key" and bob.key(other) == "taken"


def row_7():
    both()
    id = ann.thing(name='a "meter"', key="k y", metadata={"a": {"b": [1.50]}})
    reply = ann.want(200, "GET", f"/things/{id}")
    assert reply.text == ('{"id":"%s","name":"a \\"meter\\"","key":"k y",'
                          '"metadata":{"a":{"b":[1.5]}}}\n' % id), reply
    assert reply.headers["Content-Type"] == JSON
    id = ann.thing(key="k z")
    assert ann.want(200, "GET", f"/things/{id}").text == \
        '{"id":"%s","key":"k z"}\n' % id
    for unknown in [NOBODY] + MALFORMED:
        ann.want(404, "GET", f"/things/{unknown}")
    bob.want(404, "GET", f"/things/{id}")
    refuses_strangers("GET", f"/things/{id}")
    head = ann.want(200, "HEAD", f"/things/{id}")
    assert head.text == ""


def lists():
    """101 of each, and what is on each other: path, name, all the ids."""
    both()
    things = [ann.thing(name=f"t{i}") for i in range(101)]
    channels = [ann.channel(name=f"c{i}") for i in range(101)]
    for id in things[1:]:
        ann.connect(channels[0], id)
    for id in channels:
        ann.connect(id, things[0])
    bob.thing(), bob.channel()
    return [("/things", "things", things),
            ("/channels", "channels", channels),
            (f"/channels/{channels[0]}/things", "things", things),
            (f"/things/{things[0]}/channels", "channels", channels)]


def row_8():
    for path, name, ids in lists():
        for query, offset, limit in (
                ("?offset=10&limit=20", 10, 20), ("?limit=5", 0, 5),
                ("?offset=95", 95, 10), ("", 0, 10),
                ("?value=something&limit=7&x", 0, 7),
                ("?offset=100&limit=100", 100, 100),
                ("?offset=101", 101, 10), ("?offset=1000000", 1000000, 10),
                ("?limit=100", 0, 100),
                ("?limit=%35", 0, 5), ("?", 0, 10)):
            page = ann.want(200, "GET", path + query).json
            assert list(page) == ["total", "offset", "limit", name], page
            assert (page["total"], page["offset"], page["limit"]) == \
                (101, offset, limit), (query, page["total"])
            assert [x["id"] for x in page[name]] == \
                ids[offset:offset + limit], (path, query)
    for id in [NOBODY] + MALFORMED:
        for path, name in ((f"/things/{id}/channels", "channels"),
                           (f"/channels/{id}/things", "things")):
            page = ann.want(200, "GET", path).json
            assert page == {"total": 0, "offset": 0, "limit": 10, name: []}


PATHS = ["/things", "/channels", f"/things/{NOBODY}/channels",
         f"/channels/{NOBODY}/things"]


def row_9():
    ann.sign_up(ANN)
    for path in PATHS:
        for query in ("offset=-1", "limit=-1", "limit=0", "limit=101",
                      "limit=110", "offset=e", "limit=e", "offset=1&offset=2",
                      "limit=1&limit=2", "offset=1,2", "limit=1,2", "offset=",
                      "limit=", "limit=1.5", "offset=+1", "limit=0x10",
                      "offset=99999999999999999999999", "offset=1%00",
                      "offset=%zz&limit=5"):
            ann.want(400, "GET", f"{path}?{query}")


def row_10():
    ann.sign_up(ANN)
    for path in PATHS:
        refuses_strangers("GET", path)


def row_11():
    both()
    for collection, make in (("things", ann.thing),
                             ("channels", ann.channel)):
        id = make(name="n")
        path = f"/{collection}/{id}"
        refuses_strangers("DELETE", path)
        bob.want(204, "DELETE", path)
        ann.want(200, "GET", path)
        assert ann.want(204, "DELETE", path).text == ""
        ann.want(404, "GET", path)
        ann.want(204, "DELETE", path)
        for unknown in [NOBODY] + MALFORMED:
            ann.want(204, "DELETE", f"/{collection}/{unknown}")
        ann.want(400, "DELETE", f"/{collection}/")


def row_12():
    ann.sign_up(ANN)
    uuid.UUID(ann.channel(name="garden", metadata={"a": 1}))
    ann.channel()
    refuses_strangers("POST", "/channels", {})
    refuses_bodies("POST", "/channels", empty=201)


def row_13():
    both()
    id = ann.channel(name="g", metadata={"a": 1})
    assert ann.want(200, "GET", f"/channels/{id}").text == \
        '{"id":"%s","name":"g","metadata":{"a":1}}\n' % id
    check_update("channels", ann.channel)


def row_14():
    both()
    t, c = ann.thing(), ann.channel()
    path = f"/channels/{c}/things/{t}"
    assert ann.want(200, "PUT", path).text == ""
    ann.want(200, "PUT", path)
    for unknown in [NOBODY, bob.channel()] + MALFORMED:
        ann.want(404, "PUT", f"/channels/{unknown}/things/{t}")
    for unknown in [NOBODY, bob.thing()] + MALFORMED:
        ann.want(404, "PUT", f"/channels/{c}/things/{unknown}")
    bob.want(404, "PUT", path)
    refuses_strangers("PUT", path)
    ann.want(400, "PUT", f"/channels//things/{t}")
    ann.want(400, "PUT", f"/channels/{c}/things/")
    page = ann.want(200, "GET", f"/channels/{c}/things").json
    assert [x["id"] for x in page["things"]] == [t]


def row_15():
    both()
    t, c = ann.thing(), ann.channel()
    path = f"/channels/{c}/things/{t}"
    ann.want(404, "DELETE", path)
    ann.connect(c, t)
    bob.want(404, "DELETE", path)
    refuses_strangers("DELETE", path)
    for unknown in [NOBODY, bob.channel()] + MALFORMED:
        ann.want(404, "DELETE", f"/channels/{unknown}/things/{t}")
    for unknown in [NOBODY, bob.thing()] + MALFORMED:
        ann.want(404, "DELETE", f"/channels/{c}/things/{unknown}")
    assert ann.want(204, "DELETE", path).text == ""
    ann.want(404, "DELETE", path)


def row_16():
    both()
    t, c, d = ann.thing(), ann.channel(), ann.channel()
    ann.connect(c, t)
    key = {"token": ann.key(t)}
    # nobody has to log in for these: the key is what is shown
    assert ann.want(200, "POST", f"/channels/{c}/access", key,
                    token=None).json == {"id": t}
    ann.want(403, "POST", f"/channels/{d}/access", key)
    ann.want(403, "POST", f"/channels/{c}/access", {"token": "wrong"})
    ann.want(403, "POST", f"/channels/{c}/access", {"token": ""})
    ann.want(403, "POST", f"/channels/{c}/access", {})
    ann.want(400, "POST", "/channels//access", key)
    assert ann.want(200, "POST", "/identify", key,
                    token=None).json == {"id": t}
    ann.want(403, "POST", "/identify", {"token": "wrong"})
    ann.want(403, "POST", "/identify", {"token": ""})
    for path in ("/identify", f"/channels/{c}/access"):
        for body in ("{", "", "[]", '{"token":1}'):
            ann.want(400, "POST", path, body)
        ann.want(415, "POST", path, "{}", type="text/plain")


def row_17():
    ann.sign_up(ANN)
    key = {"token": ann.key(ann.thing())}
    for unknown in [NOBODY] + MALFORMED:
        ann.want(403, "POST", f"/channels/{unknown}/access", key)


def row_18():
    """What is remembered of keys and connections never outlives a change."""
    ann.sign_up(ANN)
    c = ann.channel()
    for i in range(30):
        t = ann.thing(key=f"key {i}")
        key = {"token": f"key {i}"}
        access = f"/channels/{c}/access"
        ann.want(403, "POST", access, key)
        ann.connect(c, t)
        ann.want(200, "POST", access, key)
        ann.want(200, "PATCH", f"/things/{t}/key", {"key": f"new {i}"})
        ann.want(403, "POST", access, key)
        ann.want(403, "POST", "/identify", key)
        key = {"token": f"new {i}"}
        ann.want(200, "POST", access, key)
        ann.want(204, "DELETE", f"/channels/{c}/things/{t}")
        ann.want(403, "POST", access, key)
        ann.connect(c, t)
        ann.want(200, "POST", access, key)
        ann.want(204, "DELETE", f"/things/{t}")
        ann.want(403, "POST", access, key)
        ann.want(403, "POST", "/identify", key)


def row_19():
    both()
    seq = ann.events()[-1]["seq"]
    t = ann.thing(name="n", metadata={"a": 1})
    c = ann.channel(name="c")
    path = f"/channels/{c}/things/{t}"
    ann.want(200, "PUT", f"/things/{t}", {"name": "m"})
    ann.want(200, "PATCH", f"/things/{t}/key", {"key": "a secret"})
    ann.want(200, "PUT", f"/channels/{c}", {})
    ann.connect(c, t)
    ann.connect(c, t)
    ann.want(204, "DELETE", path)
    # what fails, and what only reads, leaves none
    ann.want(422, "POST", "/things", {"key": "a secret"})
    ann.want(404, "PUT", f"/things/{NOBODY}", {})
    ann.want(404, "DELETE", path)
    bob.want(404, "PUT", path)
    for method, p in (("PUT", f"/things/{t}"), ("POST", "/things"),
                      ("POST", "/channels"), ("DELETE", f"/things/{t}")):
        ann.want(403, method, p, {}, token=BAD)
    for p in ("/things", f"/things/{t}", path[:-37], "/channels"):
        ann.want(200, "GET", p)
    ann.want(204, "DELETE", f"/things/{NOBODY}")
    ann.want(204, "DELETE", f"/things/{t}")
    ann.want(204, "DELETE", f"/channels/{c}")
    got = ann.events(seq)
    assert all(e.pop("seq") > seq and e.pop("time") > 1.5e9 for e in got)
    want = [
        {"operation": "thing.create", "id": t, "owner": ANN, "name": "n",
         "metadata": {"a": 1}},
        {"operation": "channel.create", "id": c, "owner": ANN, "name": "c"},
        {"operation": "thing.update", "id": t, "name": "m", "metadata": {}},
        {"operation": "thing.key", "id": t},
        {"operation": "channel.update", "id": c, "name": "", "metadata": {}},
        {"operation": "thing.connect", "chan_id": c, "thing_id": t},
        {"operation": "thing.disconnect", "chan_id": c, "thing_id": t},
        {"operation": "thing.remove", "id": t},
        {"operation": "channel.remove", "id": c},
    ]
    assert got == want, got
    # each user has their own
    assert [e["operation"] for e in bob.events()] == ["user.create"]


def row_20():
    """sys.argv[3] is the port of mfx-adapt-http."""
    ann.sign_up(ANN)
    t, c = ann.thing(), ann.channel()
    ann.connect(c, t)
    device = Client(int(sys.argv[3]), token=ann.key(t))
    pack = '[{"n":"t","v":1}]'
    path = f"/channels/{c}/messages"
    device.want(202, "POST", path, pack)
    device.want(403, "POST", path, pack, token=None)
    device.want(403, "POST", path, pack, token="wrong")
    device.want(202, "POST", path, pack, type=None)
    device.want(400, "POST", "/channels//messages", pack)
    # the registry is what Mainflux' things service was
    registry = os.environ["MFX_HOME"] + "/registry.db"
    os.rename(registry, registry + ".away")
    until(lambda: device.call("POST", path, pack).status == 503, "503")
    os.rename(registry + ".away", registry)
    until(lambda: device.call("POST", path, pack).status == 202, "202 again")


globals()["row_" + sys.argv[2]]()
