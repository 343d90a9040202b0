#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api_lines.py PORT CASE: what the commands use of mfx-api when they are
told a --url: many changes as lines, patterns, and why somebody may not."""
import json
import sys

from api_client import Client, HOSTILE, JSON, NOBODY, quote

LINES = "application/x-ndjson"
ann, bob = Client(int(sys.argv[1])), Client(int(sys.argv[1]))
OWN = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def both():
    ann.sign_up("ann@example.com")
    bob.sign_up("bob@example.com")


def lines(items):
    return "".join(json.dumps(x) + "\n" for x in items)


def rows(reply):
    return [json.loads(x) for x in reply.text.splitlines()]


def total(path, client=ann):
    return client.want(200, "GET", path).json["total"]


def refused(status, item, method, path, items, **more):
    body = items if isinstance(items, (str, bytes)) else lines(items)
    reply = ann.want(status, method, path, body, type=LINES, **more)
    assert reply.json.get("item") == item, reply
    return reply.json["detail"]


def create():
    both()
    for path, thing in (("/things/bulk", True), ("/channels/bulk", False)):
        reply = ann.want(201, "POST", path, lines(
            [{"name": "a", "metadata": {"x": 1.50}}, {"id": OWN}]) + "\r\n\n"
            '{"name":"last"}', type=LINES)
        assert reply.headers["Content-Type"] == LINES
        made = rows(reply)
        assert [x["name"] for x in made] == ["a", "", "last"]
        assert made[1]["id"] == OWN
        assert all(("key" in x) == thing for x in made)
        # once more is once too often
        assert OWN in refused(422, 2, "POST", path, [{}, {"id": OWN}])
        assert ann.want(201, "POST", path, "", type=LINES).text == ""
        for bad in ('{"name":1}', '{"owner":"x"}', "[]", "x", "{", '{"a":1}',
                    '{"name":"a","name":"b"}', '{"metadata":[]}', "null",
                    '{"name":"\\ud800"}', '{"id":"x"}x', "\0"):
            refused(400, 3, "POST", path, '{}\n\n{"name":"y"}\n' + bad + "\n")
        refused(400, 1, "POST", path, b'{"name":"\xff"}')
        refused(422, 1, "POST", path, [{"id": "not one"}])
        ann.want(403, "POST", path, "{}", type=LINES, token="x")
        ann.want(403, "POST", path, "{}", type=LINES, token=None)
        ann.want(413, "POST", path, "{}\n" * 50001, type=LINES)
    assert total("/things") == total("/channels") == 3
    # none is not the same as one that was made
    none, some = rows(ann.want(201, "POST", "/things/bulk", lines(
        [{"key": None}, {"key": "mine"}]), type=LINES))
    assert none["key"] is None and some["key"] == "mine"
    assert ann.key(none["id"]) == ""
    assert "mine" not in refused(422, 2, "POST", "/things/bulk",
                                 [{}, {"key": "mine"}])
    refused(400, 1, "POST", "/channels/bulk", [{"key": "x"}])
    assert total("/things") == 5


def update():
    both()
    for kind in ("things", "channels"):
        path = f"/{kind}/bulk"
        make = ann.thing if kind == "things" else ann.channel
        ids = [make(name=f"n{i}", metadata={"i": i}) for i in range(3)]
        one = lambda i: ann.want(200, "GET", f"/{kind}/{ids[i]}").json
        assert ann.want(200, "PATCH", path, lines(
            [{"id": ids[0], "name": "new"}, {"id": ids[1], "metadata": {}}]),
            type=LINES).text == ""
        assert one(0)["name"] == "new" and one(0)["metadata"] == {"i": 0}
        assert one(1)["name"] == "n1" and "metadata" not in one(1)
        # the same as JSON
        ann.want(200, "PATCH", path, [{"id": ids[2], "name": "array"}])
        assert one(2)["name"] == "array"
        theirs = bob.thing() if kind == "things" else bob.channel()
        for bad in (NOBODY, theirs, "x", "", *HOSTILE[:8]):
            said = refused(404, 2, "PATCH", path,
                           [{"id": ids[0], "name": "no"},
                            {"id": bad, "name": "no"}])
            assert said == f"no {kind[:-1]} '{bad}'", said
        assert "nothing to change" in refused(422, 1, "PATCH", path,
                                              [{"id": ids[0]}])
        refused(400, 1, "PATCH", path, [{"name": "x"}])
        for body in ("", "[", "{}", "[1]", "[{}]"):
            ann.want(400, "PATCH", path, body, type=JSON)
        ann.want(415, "PATCH", path, "[]", type="text/plain")
        assert one(0)["name"] == "new"
        # remove
        refused(404, 2, "POST", f"/{kind}/bulk/remove",
                [{"id": ids[0]}, {"id": theirs}])
        assert total(f"/{kind}") == 3
        ann.want(200, "POST", f"/{kind}/bulk/remove?if_exists=true",
                 lines([{"id": ids[0], "name": "as listed"},
                        {"id": theirs}, {"id": ids[0]}]), type=LINES)
        assert total(f"/{kind}") == 2
        assert total(f"/{kind}", bob) == 1
        ann.want(200, "POST", f"/{kind}/bulk/remove",
                 [{"id": x} for x in ids[1:]])
        assert total(f"/{kind}") == 0
    a, b = ann.thing(key="a"), ann.thing()
    reply = ann.want(200, "PATCH", "/things/bulk", lines(
        [{"id": a, "key": None}, {"id": b, "key": "a"}]), type=LINES)
    assert rows(reply) == [{"id": a, "key": None}, {"id": b, "key": "a"}]
    assert ann.key(a) == "" and ann.key(b) == "a"


def pairs():
    both()
    things = [ann.thing() for _ in range(3)]
    channels = [ann.channel() for _ in range(2)]
    some = [{"channel": channels[0], "thing": things[0]},
            {"channel": channels[1], "thing": things[1]},
            {"channel": channels[1], "thing": things[2]}]
    on = lambda i: total(f"/channels/{channels[i]}/things")
    for _ in range(2):
        ann.want(200, "POST", "/connect", lines(some), type=LINES)
        assert (on(0), on(1)) == (1, 2)
    for path in ("/connect", "/disconnect"):
        for bad in (NOBODY, bob.thing(), "x"):
            assert "no thing" in refused(404, 2, "POST", path, [
                some[0], {"channel": channels[0], "thing": bad}])
        for bad in (NOBODY, bob.channel(), "x"):
            assert "no channel" in refused(404, 1, "POST", path, [
                {"channel": bad, "thing": things[0]}, some[0]])
        refused(400, 1, "POST", path, [{"channel": channels[0]}])
        refused(400, 1, "POST", path, [{"thing": things[0]}])
        refused(400, 1, "POST", path, [{"id": things[0]}])
        assert (on(0), on(1)) == (1, 2)
    for _ in range(2):
        ann.want(200, "POST", "/disconnect", lines(some[:2]), type=LINES)
        assert (on(0), on(1)) == (0, 1)
    # every pair, as /connect has it
    every = {"channel_ids": channels, "thing_ids": things}
    ann.want(200, "POST", "/connect", every)
    ann.want(204, "POST", "/disconnect", every)
    ann.want(204, "POST", "/disconnect", every)
    assert (on(0), on(1)) == (0, 0)


def scopes():
    both()
    thing, channel = ann.thing(key="secret"), ann.channel()

    def token(scope):
        return ann.want(201, "POST", "/keys", {"scope": scope}).json["value"]

    reader = token("things:read channels:read")
    writer = token("things:write")
    more = token("channels:write")
    for path, good in (("things", writer), ("channels", more)):
        for method, tail in (("POST", "bulk"), ("PATCH", "bulk"),
                             ("POST", "bulk/remove")):
            for t in (reader, writer, more):
                ann.want((200, 201) [tail == "bulk" and method == "POST"]
                         if t == good else 403, method, f"/{path}/{tail}",
                         "", type=LINES, token=t)
    for t, status in ((reader, 403), (writer, 403), (more, 200)):
        ann.want(status, "POST", "/connect", "", type=LINES, token=t)
        ann.want(status, "POST", "/disconnect", "", type=LINES, token=t)
    # a client that asks for keys gets them or a refusal, nothing between
    keys = token("things:read channels:read keys:read")
    for path in ("/things", f"/things/{thing}"):
        for t, how, status, shown in (
                (reader, "", 200, False), (reader, "?keys=true", 403, False),
                (reader, "?keys=false", 200, False), (keys, "", 200, True),
                (keys, "?keys=true", 200, True),
                (keys, "?keys=false", 200, False)):
            text = ann.want(status, "GET", path + how, token=t).text
            assert ("secret" in text) == shown, (path, how)
    where = f"/things/{thing}/access?channel={channel}"
    ann.want(200, "GET", where, token=reader)
    ann.want(403, "GET", where, token=writer)
    ann.want(403, "GET", where, token=None)


def patterns():
    both()
    names = ["a", "ab", "abc", "b[c", "ü", "x*y", "", "A"]
    for name in names:
        ann.thing(name=name)
        ann.channel(name=name)
    bob.thing(name="abc")
    channel = ann.channel(name="c")
    for thing in ann.want(200, "GET", "/things").json["things"][:3]:
        ann.connect(channel, thing["id"])
    for glob, want in (("a*", names[:3]), ("a?", ["ab"]), ("?", ["a", "ü", "A"]),
                       ("", [""]), ("*", names), ("[!a]*", names[3:6] + ["A"]),
                       ("b[[]c", ["b[c"]), ("x[*]y", ["x*y"]), ("nothing", [])):
        for path in ("/things", "/channels"):
            for how in ("limit=100", "cursor=&limit=2"):
                got, cursor = [], ""
                while cursor is not None:
                    page = ann.want(200, "GET", f"{path}?glob={quote(glob)}&"
                                    + how.replace("cursor=",
                                                  "cursor=" + cursor)).json
                    got += [x.get("name", "") for x in page[path[1:]]]
                    cursor = page.get("next")
                if path == "/things" or glob not in ("?", "*", "[!a]*"):
                    assert got == want, (glob, got)
    page = ann.want(200, "GET", f"/channels/{channel}/things?glob=ab*").json
    assert page["total"] == 2
    for bad in ("[", "a[b", "x" * 1025):
        ann.want(400, "GET", "/things?glob=" + quote(bad))
    for text in HOSTILE:
        if "[" not in text and text not in ("*", "?", "a*", "ü"):
            assert total("/things?glob=" + quote(text)) == 0, text
    # the largest pattern against the largest names, in steps
    ann.want(201, "POST", "/things/bulk",
             [{"name": "a" * 1024}] * 3000)
    assert total("/things?glob=" + quote("*a" * 511 + "b")) == 0


def access():
    both()
    thing, channel = ann.thing(), ann.channel()
    his, theirs = bob.thing(), bob.channel()
    bob.connect(theirs, his)

    def why(t, c, client=ann):
        reply = client.want(200, "GET", f"/things/{quote(t)}/access"
                            f"?channel={quote(c)}").json
        assert reply["allowed"] == ("reason" not in reply)
        return reply.get("reason", "yes")

    assert why(thing, channel) == "not_connected"
    ann.connect(channel, thing)
    assert why(thing, channel) == "yes"
    # others' are not there
    assert why(his, theirs) == why(NOBODY, theirs) == "no_thing"
    assert why(his, channel) == "no_thing"
    assert why(thing, theirs) == why(thing, NOBODY) == "no_channel"
    assert why(thing, channel, bob) == "no_thing"
    for text in HOSTILE:
        assert why(thing, text) == "no_channel"
        if text.isprintable():
            assert why(text, channel) == "no_thing"
        else:
            # no path has controls
            ann.want(400, "GET", f"/things/{quote(text)}/access"
                     f"?channel={channel}")
    ann.want(200, "PATCH", "/things/bulk", [{"id": thing, "key": None}])
    assert why(thing, channel) == "no_key"
    ann.want(400, "GET", f"/things/{thing}/access")
    ann.want(400, "GET", f"/things/{thing}/access?channel=a&channel=b")


globals()[sys.argv[2]]()
