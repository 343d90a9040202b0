#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api_clients.py PORT CASE: each case is a function, which api_clients.bats
names."""
import datetime
import sys

from api_client import Client, NOBODY, PASSWORD

port = int(sys.argv[1])
ann, bob = (Client(port).sign_up(f"{name}@example.com")
            for name in ("ann", "bob"))


def users():
    place = ann.want(201, "POST", "/users", {
        "email": "eve@example.com", "password": PASSWORD}).headers["Location"]
    eve = Client(port)
    eve.token = eve.log_in("eve@example.com")
    me = eve.want(200, "GET", place).json
    assert place == "/users/" + me["id"] and \
        me == eve.want(200, "GET", "/users").json, me
    # nobody else is there
    ann.want(404, "GET", place)
    ann.want(404, "GET", f"/users/{NOBODY}")
    ann.want(404, "GET", place + "x")
    ann.want(403, "GET", place, token=None)
    new = eve.want(201, "PATCH", "/password", {
        "old_password": PASSWORD, "password": "battery staple"}).json
    eve.want(200, "GET", "/users", token=new["token"])


def user_metadata():
    bare = ann.want(200, "GET", "/users").json
    assert "metadata" not in bare, bare
    # what the SDK sends has all the fields that a user has
    done = ann.want(200, "PUT", "/users", {
        "email": "", "metadata": {"a": {"b": [1.50, "ü"]}}})
    assert done.text == "", done
    for path in ("/users", "/users/" + bare["id"]):
        assert ann.want(200, "GET", path).json == {
            **bare, "metadata": {"a": {"b": [1.5, "ü"]}}}
    assert bob.want(200, "GET", "/users").json.keys() == bare.keys()
    # all of the old is gone, and the token is still good
    ann.want(200, "PUT", "/users", {"metadata": {"c": None}})
    assert ann.want(200, "GET", "/users").json["metadata"] == {"c": None}
    for empty in ({"metadata": {}}, {"metadata": None}, {}):
        ann.want(200, "PUT", "/users", {"metadata": {"c": 1}})
        ann.want(200, "PUT", "/users", empty)
        assert ann.want(200, "GET", "/users").json == bare
    # 64 KiB and no byte more, of what is kept: {"x":"…"} has 8 around it
    full = {"x": "y" * (65536 - 8)}
    ann.want(200, "PUT", "/users", {"metadata": full})
    ann.want(201, "POST", "/users", {
        "email": "full@example.com", "password": PASSWORD, "metadata": full})
    for wrong in ({"x": full["x"] + "y"}, [], "{}", 1, True):
        ann.want(400, "PUT", "/users", {"metadata": wrong})
        ann.want(400, "POST", "/users", {
            "email": "no@example.com", "password": PASSWORD,
            "metadata": wrong})
    ann.want(400, "PUT", "/users", "{")
    ann.want(415, "PUT", "/users", "{}", type=None)
    ann.want(403, "PUT", "/users", {}, token=None)
    ann.want(403, "PUT", "/users", {}, token="x")
    program = ann.want(201, "POST", "/keys", {"type": 2}).json["value"]
    ann.want(403, "PUT", "/users", {}, token=program)
    assert ann.want(200, "GET", "/users", token=program
                    ).json["metadata"] == full
    # with the first request already; a login has nothing to do with it
    account = {"email": "eve@example.com", "password": PASSWORD,
               "metadata": {"role": "x"}}
    ann.want(201, "POST", "/users", account)
    eve = Client(port)
    eve.token = eve.want(201, "POST", "/tokens", {
        **account, "metadata": 1}).json["token"]
    assert eve.want(200, "GET", "/users").json["metadata"] == {"role": "x"}
    eve.want(200, "PUT", "/users", {"metadata": {}})
    told = eve.events()
    assert [(e["operation"], e["metadata"]) for e in told] == [
        ("user.create", {"role": "x"}), ("user.update", {})], told
    assert not any("password" in e for e in told), told
    # and it ends with the user
    eve.want(204, "DELETE", "/users")
    ann.want(201, "POST", "/users", {"email": "eve@example.com",
                                     "password": PASSWORD})
    eve.token = eve.log_in("eve@example.com")
    assert "metadata" not in eve.want(200, "GET", "/users").json


def until(made):
    return datetime.datetime.fromisoformat(made["expires_at"]) - \
        datetime.datetime.fromisoformat(made["issued_at"])


def keys():
    # `keys issue 24h`: the SDK sends a duration of Go, in nanoseconds
    made = ann.want(201, "POST", "/keys", {
        "type": 2, "duration": 24 * 3600 * 10**9}).json
    assert until(made) == datetime.timedelta(days=1), made
    # and its documents speak of seconds
    made = ann.want(201, "POST", "/keys", {"type": 2, "duration": 3600}).json
    assert until(made) == datetime.timedelta(hours=1), made
    for body in ({"type": 2}, {"type": 2, "duration": 0}):
        made = ann.want(201, "POST", "/keys", body).json
        assert "expires_at" not in made
    # it acts for its user
    program = Client(port, made["value"])
    t = program.thing(name="t")
    c = program.channel()
    program.connect(c, t)
    assert program.key(t)
    program.want(200, "GET", "/events?follow=false")
    # but for the account
    program.want(403, "GET", "/keys")
    program.want(403, "DELETE", "/users")
    ann.want(200, "GET", f"/keys/{made['id']}")
    bob.want(404, "GET", f"/keys/{made['id']}")
    ann.want(204, "DELETE", f"/keys/{made['id']}")
    ann.want(404, "GET", f"/keys/{made['id']}")
    program.want(403, "GET", "/things")
    # a scope limits it all the same
    made = ann.want(201, "POST", "/keys", {"type": 2,
                                           "scope": "things:read"}).json
    assert made["scope"] == "things:read"
    for body in ({"type": 0}, {"type": 1}, {"type": 3}, {"type": "2"},
                 {"duration": 60}, {"type": 2, "scope": "x"},
                 {"type": 2, "duration": -1}, {"type": 2, "duration": 1.5},
                 {"scope": "things:read", "duration": 24 * 3600 * 10**9},
                 {"scope": "things:read", "duration": 0}):
        ann.want(400, "POST", "/keys", body)


def access():
    t, c, d = ann.thing(), ann.channel(), ann.channel()
    ann.connect(c, t)
    for path, body in (("access-by-key", {"token": ann.key(t)}),
                       ("access", {"token": ann.key(t)}),
                       ("access-by-id", {"thing_id": t})):
        ask = Client(port)
        assert ask.want(200, "POST", f"/channels/{c}/{path}", body
                        ).json == {"id": t}
        for other in (d, NOBODY, "x"):
            ask.want(403, "POST", f"/channels/{other}/{path}", body)
        ask.want(400, "POST", f"/channels//{path}", body)
        ask.want(400, "POST", f"/channels/{c}/{path}", "{")
        ask.want(415, "POST", f"/channels/{c}/{path}", "{}", type=None)
        for wrong in ("", "x", NOBODY):
            status = 400 if path == "access-by-id" and not wrong else 403
            ask.want(status, "POST", f"/channels/{c}/{path}",
                     {name: wrong for name in body})


def refusals():
    for status, method, path, body in (
            (404, "GET", f"/things/{NOBODY}", None),
            (400, "POST", "/things", {"name": 1}),
            (403, "POST", "/tokens", {"email": "ann@example.com",
                                      "password": "wrong"}),
            (404, "GET", "/nowhere", None)):
        said = ann.want(status, method, path, body).json
        assert said["error"] == said["detail"] and \
            said["message"] == said["title"], said


def disconnected():
    things = [ann.thing(name=f"t{i}") for i in range(25)]
    channels = [ann.channel(name=f"c{i}") for i in range(25)]
    bob.thing(), bob.channel()
    for i in range(0, 25, 2):
        ann.connect(channels[0], things[i])
        if i:
            ann.connect(channels[i], things[0])
    for path, name, ids in ((f"/channels/{channels[0]}/things", "things",
                             things),
                            (f"/things/{things[0]}/channels", "channels",
                             channels)):
        def page(query):
            got = ann.want(200, "GET", path + query).json
            return got.get("total"), [x["id"] for x in got[name]]

        on, off = ids[::2], ids[1::2]
        for query in ("?limit=100&disconnected=true",
                      "?limit=100&disconnected=1"):
            assert page(query) == (12, off), query
        for query in ("?limit=100", "?limit=100&disconnected=false"):
            assert page(query) == (13, on), query
        assert page("?disconnected=true&offset=5&limit=3") == (12, off[5:8])
        assert page("?disconnected=true&dir=desc&limit=100") == \
            (12, off[::-1])
        assert page("?disconnected=true&order=name&limit=100") == \
            (12, sorted(off, key=lambda x: f"{ids.index(x)}"))
        assert page(f"?disconnected=true&name={name[0]}11") == (1, [ids[11]])
        # by cursor, too
        got, cursor = [], ""
        while cursor is not None:
            some = ann.want(200, "GET", f"{path}?disconnected=true&limit=5"
                            f"&cursor={cursor}").json
            got += [x["id"] for x in some[name]]
            cursor = some.get("next")
        assert got == off
        # another's sees nothing of it
        assert len(bob.want(200, "GET", f"{path}?disconnected=true"
                            ).json[name]) == 1
        ann.want(400, "GET", path + "?disconnected=yes")


globals()[sys.argv[2]]()
