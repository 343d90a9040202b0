#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api_openapi.py PORT CASE: what goes through every operation of
/openapi.json, against services that really run (api_openapi.bats): PORT, and
for `walk` in the environment LIMITED (one attempt a minute), CLOSED (no new
users) and LOST (whose registry, LOST_HOME, is taken away here)."""
import itertools
import json
import os
import socket
import sys

from api_bootstrap import proof
from api_certs import certs
from api_client import HOSTILE, NOBODY, PASSWORD, quote
from api_configs import configs, lines
from api_groups import groups, requests
from openapi import Document, send
from openapi_messages import messages
from waiting import until

port = int(sys.argv[1])
LIMITED, CLOSED, LOST = (int(os.environ.get(x, 0)) for x in
                         ("LIMITED", "CLOSED", "LOST"))
# of a site with messages in its store
CHANNEL, KEY = os.environ["CHANNEL"], os.environ["KEY"]
SCOPES = {"things:read", "things:write", "channels:read", "channels:write",
          "keys:read", "events:read"}
LONG = 200_000		# more than --max-body

document = Document(json.loads(send(port, "GET", "/openapi.json", [],
                                    None).text))
number = itertools.count()


def success(operation):
    return min(operation.responses)


class User:
    """Somebody who has what the operations are about."""

    def __init__(self, at=port):
        self.at, self.email = at, f"user{next(number)}@example.com"
        self.account = {"email": self.email, "password": PASSWORD}
        self.ask("createUser", 201, token=None, body=self.account)
        self.token = self.serial = None
        self.token = self.log_in()
        self.thing, self.channel = self.made("Thing"), self.made("Channel")
        self.key = "key of " + self.email
        self.ask("changeThingKey", 200, path={"id": self.thing},
                 body={"key": self.key})
        pair = {"channel": self.channel, "thing": self.thing}
        self.ask("connect", 200, path=pair)
        self.device = self.new_device()
        self.ask("createConfig", 201, body={
            **self.device, "thing_id": self.thing,
            "channels": [self.channel]})
        self.group = self.made("Group", name="of one")
        # to be removed: by whom, and what
        self.lasting = self.issue(["events:read"]).json["id"]

    def ask(self, name, want, token=0, **more):
        return document.call(self.at, name, want, **more,
                             token=self.token if token == 0 else token)

    def new_device(self):
        n = next(number)
        return {"external_id": f"device {n}", "external_key": f"key {n}"}

    def log_in(self):
        return self.ask("logIn", 201, token=None,
                        body=self.account).json["token"]

    def new_grant(self, email=None):
        return {"id": self.made(
            "Grant", email=email or f"guest{next(number)}@example.com",
            level="use", thing_id=self.thing)}

    def made(self, what, **body):
        place = self.ask("create" + what, 201, body=body).headers["Location"]
        return place.rpartition("/")[2]

    def cert(self):
        """The serial of one that is valid, of a thing of its own."""
        if self.serial is None or self.ask("showCert", 200, path={
                "id": self.serial}).json["status"] != "valid":
            self.serial = self.ask("createCert", 201, body={
                "thing_id": self.made("Thing")}).json["cert_serial"]
        return self.serial

    def issue(self, scope):
        return self.ask("createKey", 201, body={
            "name": "k", "scope": " ".join(scope), "duration": 3600})

    def request(self, name):
        """What makes an operation succeed."""
        thing, channel = {"id": self.thing}, {"id": self.channel}
        pair = {"channel": self.channel, "thing": self.thing}
        if name == "disconnect":
            self.ask("connect", 200, path=pair)
        if name in requests(self):
            return requests(self)[name]
        return {
            "createUser": lambda: dict(body={
                "email": f"new{next(number)}@example.com",
                "password": PASSWORD, "metadata": {"a": 1}}),
            "updateUser": lambda: dict(body={"metadata": {"a": [None]}}),
            "logIn": lambda: dict(body=self.account),
            "changePassword": lambda: dict(body={
                "old_password": PASSWORD, "password": PASSWORD}),
            "removeUser": lambda: dict(query=[("all", "true")]),
            "showUserById": lambda: dict(path={"id": self.ask(
                "showUser", 200).json["id"]}),
            "decideAccessByKey": lambda: dict(path=channel,
                                              body={"token": self.key}),
            "decideAccessById": lambda: dict(path=channel, body={
                "thing_id": self.thing}),
            "revokeToken": lambda: dict(query=[("all", "false")]),
            "createKey": lambda: dict(body={"scope": "keys:read"}),
            "showKey": lambda: dict(path={"id": self.lasting}),
            "removeKey": lambda: dict(path={"id": self.lasting}),
            "createGrant": lambda: dict(body={"level": "view", "email":
                f"a{next(number)}@b.c", "channel_id": self.channel}),
            "listGrants": lambda: dict(query=[
                ("side", "given"), ("limit", "9"), ("cursor", "")]),
            "showGrant": lambda: dict(path=self.new_grant()),
            "listGuests": lambda: dict(path=self.new_grant(),
                                       query=[("cursor", "1.2")]),
            "changeGrant": lambda: dict(path=self.new_grant(), body={
                "level": "manage"}),
            "removeGrant": lambda: dict(path=self.new_grant()),
            "acceptGrant": lambda: (lambda u: dict(
                token=u.token, path=self.new_grant(u.email)))(User(self.at)),
            "createThing": lambda: dict(body={
                "name": "n", "key": None, "metadata": {"a": [1.5, None]}}),
            "createThings": lambda: dict(body=[{}, {"name": "n"}]),
            "updateThings": lambda: lines({"id": self.thing, "name": "m"}),
            "removeThings": lambda: lines(),
            "showThing": lambda: dict(path=thing),
            "updateThing": lambda: dict(path=thing, body={
                "name": "new", "metadata": {"b": {}}}),
            "patchThing": lambda: dict(path=thing, body={"tags": ["a", "b"]}),
            "tagThing": lambda: dict(path=thing, body={"tags": []}),
            "enableThing": lambda: dict(path=thing),
            "disableThing": lambda: dict(path={"id": self.made("Thing")}),
            "removeThing": lambda: dict(path={"id": NOBODY}),
            "changeThingKey": lambda: dict(path=thing,
                                           body={"key": self.key}),
            "listChannelsOfThing": lambda: dict(path=thing),
            "createChannel": lambda: dict(body={"metadata": {"a": "b"}}),
            "createChannels": lambda: dict(body=[{"name": "n"}]),
            "updateChannels": lambda: lines({"id": self.channel,
                                             "metadata": {"c": 1}}),
            "removeChannels": lambda: lines(),
            "showChannel": lambda: dict(path=channel),
            "updateChannel": lambda: dict(path=channel, body={"name": "g"}),
            "patchChannel": lambda: dict(path=channel, body={"name": "h"}),
            "enableChannel": lambda: dict(path=channel),
            "disableChannel": lambda: dict(path={"id": self.made("Channel")}),
            "removeChannel": lambda: dict(path={"id": NOBODY}),
            "listThingsOfChannel": lambda: dict(path=channel),
            "connect": lambda: dict(path=pair),
            "disconnect": lambda: dict(path=pair),
            "connectAll": lambda: dict(body={
                "channel_ids": [self.channel], "thing_ids": [self.thing]}),
            "disconnectAll": lambda: lines({"channel": self.channel,
                                            "thing": self.made("Thing")}),
            "explainAccess": lambda: dict(
                path=thing, query=[("channel", self.channel)]),
            "identify": lambda: dict(body={"token": self.key}),
            "decideAccess": lambda: dict(path=channel,
                                         body={"token": self.key}),
            "listMessages": lambda: dict(path=channel, token=self.key),
            "streamEvents": lambda: dict(query=[("follow", "false")]),
            "createConfig": lambda: dict(body={
                **self.new_device(), "name": "n", "content": "c",
                "client_cert": "c", "client_key": "k", "ca_cert": "a"}),
            "createConfigs": lambda: lines(self.new_device()),
            "updateConfigs": lambda: lines({"thing_id": self.thing,
                                            "name": "m"}),
            "removeConfigs": lambda: lines(),
            "showConfig": lambda: dict(path=thing),
            "updateConfig": lambda: dict(path=thing, body={"name": "n"}),
            "patchConfig": lambda: dict(path=thing, body={"content": "c"}),
            "removeConfig": lambda: dict(path={"id": NOBODY}),
            "setConfigChannels": lambda: dict(path=thing, body={
                "channels": [self.channel]}),
            "setConfigCertificates": lambda: dict(path=thing, body={
                "ca_cert": "a"}),
            "setConfigState": lambda: dict(path=thing, body={"state": 0}),
            "createCert": lambda: dict(body={
                "thing_id": self.thing, "key_type": "ec", "ttl": "24h"}),
            "showCert": lambda: dict(path={"id": self.cert()}),
            "revokeCert": lambda: dict(path={"id": self.cert()}),
            "listSerials": lambda: dict(path=thing),
            "listCerts": lambda: dict(query=[
                ("limit", "2"), ("offset", "1")]),
            "renewCert": lambda: dict(path={"id": self.cert()}, query=[
                ("ttl", "24h"), ("new_key", "true"), ("key_type", "ec"),
                ("key_bits", "256"), ("replace", "false")]),
            "bootstrap": lambda: dict(
                path={"id": self.device["external_id"]},
                token=self.device["external_key"]),
            "bootstrapSecurely": lambda: dict(
                path={"id": self.device["external_id"]},
                token=proof(self.device["external_id"],
                            self.device["external_key"])),
        }.get(name, dict)()


# ---- what all operations have in common ----

def succeeds(o, user, token=0, prefix=""):
    request = user.request(o.operationId)
    if not o.schemes:
        request["token"] = None
    elif token or prefix:
        request["token"] = prefix + (token or request.get("token",
                                                          user.token))
    return user.ask(o.operationId, success(o), **request)


def refuses(o, user, status, **more):
    request = user.request(o.operationId)
    return user.ask(o.operationId, status, **{**request, **more})


def place(o, request):
    where = o.path
    for name, value in request.get("path", {}).items():
        where = where.replace("{%s}" % name, quote(value))
    if request.get("query"):
        where += "?" + "&".join(f"{n}={quote(v)}"
                                for n, v in request["query"])
    return where


# a bulk of them
MANY = {what + of for what in ("create", "update", "remove")
        for of in ("Things", "Channels", "Configs", "Groups")} | {
            "assignMany", "unassignMany"}
# what a key is answered with that is not the right one
WRONG = {"bootstrap": 404, "bootstrapSecurely": 400}
# they end what their user has
ENDS = {"removeUser", "changePassword", "revokeToken", "removeKey"}


def in_every_form(o, user):
    """Raw as Mainflux' clients have it, and after each scheme."""
    for prefix in {"token": ["", "Bearer "], "key": ["", "Bearer ", "Thing "]
                   }.get(min(o.schemes - {"bearer"}, default=""), [""]):
        answer = succeeds(o, User() if o.operationId in ENDS else user,
                          prefix=prefix)
    if o.method == "GET":
        request = user.request(o.operationId)
        head = send(port, "HEAD", place(o, request), [
            ("Authorization", request.get("token", user.token))], None)
        assert head.status == answer.status and head.text == "", head
        assert head.headers["Content-Type"] == \
            answer.headers["Content-Type"], (o, head)


def with_scope(o, user):
    """Its roles are exactly what a key needs."""
    if "token" not in o.schemes:
        return
    if "session" in o.roles:
        token = user.issue(SCOPES).json["value"]
        refuses(o, user, 403, token=token)
        return
    if o.roles and o.operationId not in ENDS:
        succeeds(o, user, user.issue(o.roles).json["value"])
    for role in o.roles:
        token = user.issue(SCOPES - {role}).json["value"]
        refuses(o, user, 403, token=token)


def refuses_all(o, user):
    """What is wrong with the request itself."""
    twice = [("Host", "a"), ("Host", "b")]
    refuses(o, user, 400, headers=twice)
    if o.schemes:
        refuses(o, user, 403, token=None)
        refuses(o, user, WRONG.get(o.operationId, 403), token="wrong")
    if any(where == "path" for where, _ in o.parameters):
        refuses(o, user, 400, raw=o.path.replace("{", "%").replace("}", ""))
    if o.body:
        refuses(o, user, 415, type="text/plain")
        refuses(o, user, 415, type=None)
        refuses(o, user, 400, body=b"{", type=0)
        refuses(o, user, 400, body=b"", type=0)
        refuses(o, user, 413, body=b" " * LONG)


def in_order(o, user):
    """Of all that is wrong, what is looked at first."""
    if o.body:
        refuses(o, user, 415, type="text/plain", body=b"{", token=None)
        # a body of many is read for a user that is known
        refuses(o, user, 403 if o.operationId in MANY else 400, type=0,
                body=b"{", token=None)
    request = user.request(o.operationId)
    if "token" in o.schemes and "path" in request:
        nobody = {name: NOBODY for name in request["path"]}
        refuses(o, user, 403, token=None, path=nobody)
        refuses(o, user, 403, token="wrong", path=nobody)
    if o.operationId == "listMessages":
        refuses(o, user, 403, token="wrong", query=[("limit", "0")])


# ---- what some have ----

def pages(user):
    for i in range(12):
        user.ask("connect", 200, path={
            "channel": user.channel, "thing": user.made("Thing", name="p")})
        user.ask("connect", 200, path={
            "channel": user.made("Channel", name="p"), "thing": user.thing})
    for name in ("listThings", "listChannels", "listThingsOfChannel",
                 "listChannelsOfThing"):
        more = user.request(name)
        if "Of" in name:
            user.ask(name, 200, query=[("disconnected", "true")], **more)
        for query in ([("offset", "3"), ("limit", "5"), ("shared", "1")],
                      [("name", "p"), ("metadata", "{}"), ("glob", "?")],
                      [("metadata", '{"no":"one"}')]):
            user.ask(name, 200, query=query, **more)
        kind = "things" if "Things" in name else "channels"
        for order in ([], [("dir", "desc")], [("order", "name")],
                      [("order", "id"), ("dir", "desc")],
                      [("order", "name"), ("dir", "desc"),
                       ("status", "enabled"), ("tag", ""), ("tags", "")]):
            page = user.ask(name, 200, query=order + [
                ("cursor", ""), ("limit", "5")], **more).json
            ids = [x["id"] for x in page[kind]]
            while "next" in page:
                page = user.ask(name, 200, **more, query=order + [
                    ("cursor", page["next"]), ("limit", "5")]).json
                ids += [x["id"] for x in page[kind]]
            all = user.ask(name, 200, **more, query=order + [
                ("limit", "100")]).json
            assert ids == [x["id"] for x in all[kind]], (ids, all)
            assert len(set(ids)) == len(ids) == all["total"] > 10
        for wrong in ([("order", "size")], [("dir", "up")],
                      [("status", "x")], [("tag", "a"), ("tag", "b")],
                      [("order", "name"), ("cursor", "5")],
                      [("order", "id"), ("cursor", "5.YQ")],
                      [("cursor", "5_YQ")], [("order", "name"),
                                             ("cursor", "5.Y%")]):
            user.ask(name, 400, query=wrong, **more)
        for wrong in ([("limit", "0")], [("offset", "x")], [("cursor", "x")],
                      [("metadata", "[]")], [("name", "a"), ("name", "b")],
                      [("glob", "[")]):
            user.ask(name, 400, query=wrong, **more)
    for name in ("listThings", "listThingsOfChannel", "showThing"):
        for keys in ("true", "false"):
            user.ask(name, 200, query=[("keys", keys)], **user.request(name))
        user.ask(name, 403, query=[("keys", "true")], token=user.issue(
            SCOPES - {"keys:read"}).json["value"], **user.request(name))


def grants(user):
    grant = {"email": user.email, "level": "view", "channel_id": NOBODY}
    user.ask("createGrant", 422, body=grant)
    user.ask("createGrant", 404, body={**grant, "email": "a@example.com"})


def many(user):
    """As arrays and as lines."""
    things = [x["id"] for x in user.ask("createThings", 201, body=[
        {"name": "a"}, {"key": None}]).json["things"]]
    channels = [x["id"] for x in user.ask("createChannels", 201, body=[
        {"name": "a"}, {"metadata": {}}]).json["channels"]]
    for Kind, ids in (("Things", things), ("Channels", channels)):
        answer = user.ask("create" + Kind, 201, **lines(
            {}, {"name": "a", "metadata": {"b": 1}}))
        assert len(answer.text.splitlines()) == 2
        ids += [json.loads(x)["id"] for x in answer.text.splitlines()]
        user.ask("update" + Kind, 200, body=[{"id": ids[0], "name": "b"}])
        user.ask("update" + Kind, 422, **lines({"id": ids[0]}))
        user.ask("create" + Kind, 422, **lines({"id": ids[0]}))
        user.ask("update" + Kind, 404, **lines({"id": NOBODY, "name": "b"}))
        user.ask("remove" + Kind, 404, **lines({"id": NOBODY}))
        user.ask("remove" + Kind, 200, body=[{"id": NOBODY}],
                 query=[("if_exists", "true")])
    answer = user.ask("updateThings", 200, **lines(
        {"id": things[0], "key": None}, {"id": things[1], "key": things[1]}))
    assert len(answer.text.splitlines()) == 2
    pairs = {"channel_ids": channels, "thing_ids": things}
    user.ask("connectAll", 200, body=pairs)
    user.ask("disconnectAll", 204, body=pairs)
    for name in ("connectAll", "disconnectAll"):
        pair = {"channel": channels[0], "thing": things[0]}
        user.ask(name, 200, **lines(pair, pair))
        user.ask(name, 404, **lines({**pair, "thing": NOBODY}))
    for thing, channel in ((NOBODY, channels[0]), (things[0], channels[0]),
                           (things[1], NOBODY), (things[1], channels[0])):
        assert not user.ask("explainAccess", 200, path={"id": thing},
                            query=[("channel", channel)]).json["allowed"]
    user.ask("explainAccess", 200, path={"id": things[0]},
             query=[("channel", user.channel), ("direction", "subscribe")])
    user.ask("explainAccess", 400, path={"id": things[0]})
    user.ask("connectAll", 200, body=pairs)
    pair = lines({"channel": channels[0], "thing": things[0]})
    for _ in range(2):
        assert user.ask("disconnectAll", 200, query=[("dry_run", "true")],
                        **pair).text
    user.ask("disconnectAll", 400, query=[("dry_run", "true")], body=pairs)
    for Kind, ids in (("Things", things), ("Channels", channels)):
        for _ in range(2):
            assert user.ask("remove" + Kind, 200, query=[("dry_run", "1")],
                            **lines({"id": ids[0]})).text
        user.ask("remove" + Kind, 404, query=[("dry_run", "1")],
                 **lines({"id": ids[0]}, {"id": NOBODY}))
        user.ask("remove" + Kind, 200, **lines({"id": ids[0], "name": "b"}))


def tags(user):
    for Kind in ("Thing", "Channel"):
        path = {"id": user.made(Kind)}
        tag = user.ask("show" + Kind, 200, path=path).headers["ETag"]
        user.ask("show" + Kind, 304, path=path,
                 headers=[("If-None-Match", tag)])
        right, wrong = [("If-Match", tag)], [("If-Match", '"x"')]
        other = [("If-None-Match", '"x"'), ("If-Match", tag)]
        user.ask("show" + Kind, 412, path=path, headers=wrong)
        user.ask("show" + Kind, 200, path=path, headers=right)
        user.ask("update" + Kind, 412, path=path, body={}, headers=wrong)
        user.ask("update" + Kind, 200, path=path, body={}, headers=other)
        for verb in ("disable", "enable"):
            user.ask(verb + Kind, 412, path=path, headers=wrong)
            tag = user.ask(verb + Kind, 200, path=path, headers=[
                ("If-Match", tag), other[0]]).headers["ETag"]
        for verb in ("patch", "tag") if Kind == "Thing" else ("patch",):
            user.ask(verb + Kind, 412, path=path, body={}, headers=wrong)
            tag = user.ask(verb + Kind, 200, path=path, body={"tags": [verb]},
                           headers=[("If-Match", tag), other[0]]
                           ).headers["ETag"]
        wrong, other = [("If-Match", '"x"')], [other[0], ("If-Match", tag)]
        if Kind == "Thing":
            user.ask("changeThingKey", 412, path=path, body={"key": "k"},
                     headers=wrong)
            tag = user.ask("changeThingKey", 200, path=path,
                           body={"key": path["id"]},
                           headers=other).headers["ETag"]
        user.ask("remove" + Kind, 412, path=path, headers=wrong)
        user.ask("remove" + Kind, 204, path=path, headers=[
            ("If-Match", tag), ("If-None-Match", '"x"')])
    pair = {"channel": user.channel, "thing": user.thing}
    is_so, is_not = [("If-Match", "*")], [("If-None-Match", "*")]
    user.ask("connect", 412, path=pair, headers=is_not)
    user.ask("connect", 200, path=pair, headers=is_so)
    user.ask("disconnect", 412, path=pair, headers=is_not)
    user.ask("disconnect", 204, path=pair, headers=is_so)
    user.ask("connect", 412, path=pair, headers=is_so)
    user.ask("connect", 200, path=pair, headers=is_not)
    user.ask("connect", 200, path=pair, query=[("direction", "publish")])
    user.ask("connect", 400, path=pair, query=[("direction", "none")])
    user.ask("disconnect", 204, path=pair,
             headers=is_so + [("If-None-Match", '"x"')])
    user.ask("disconnect", 412, path=pair, headers=is_so)
    tag = user.ask("showDocument", 200, token=None).headers["ETag"]
    user.ask("showDocument", 304, token=None,
             headers=[("If-None-Match", tag)])
    user.ask("showDocument", 412, token=None, headers=[("If-Match", '"x"')])
    user.ask("showDocument", 200, token=None, headers=[("If-Match", tag)])


def nowhere(user):
    other = User()
    for name in document.operations:
        o = document.operations[name]
        if 404 not in o.responses or "{" not in o.path:
            continue
        request = user.request(name)
        for p in request["path"]:
            for id in (NOBODY, "x", getattr(other, p, other.thing)):
                user.ask(name, 404, **{**request, "path": {
                    **request["path"], p: id}})
    user.ask("createCert", 404, body={"thing_id": NOBODY})
    user.ask("createCert", 404, body={"thing_id": other.thing})
    user.ask("connectAll", 404, body={
        "channel_ids": [user.channel], "thing_ids": [NOBODY]})
    pair = {"channel": user.channel, "thing": user.thing}
    user.ask("disconnect", 204, path=pair)
    user.ask("disconnect", 404, path=pair)
    user.ask("identify", 403, token=None, body={"token": "x"})
    user.ask("decideAccess", 403, token=None, path={"id": user.channel},
             body={"token": user.key})
    user.ask("decideAccessByKey", 403, token=None,
             path={"id": user.channel}, body={"token": user.key})
    user.ask("decideAccessById", 403, token=None,
             path={"id": user.channel}, body={"thing_id": user.thing})
    user.ask("listMessages", 403, token=user.key, path={"id": user.channel})


def clashes(user):
    user.ask("createUser", 409, token=None, body=user.account)
    user.ask("removeUser", 409)
    user.ask("createThing", 422, body={"key": user.key})
    user.ask("createThings", 422, body=[{"key": "a"}, {"key": user.key}])
    user.ask("changeThingKey", 422, path={"id": user.made("Thing")},
             body={"key": user.key})
    user.ask("createThing", 400, body={"metadata": []})
    user.ask("createThing", 201, body={"name": None, "key": "é" * 2048})
    user.ask("logIn", 403, token=None,
             body={"email": user.email, "password": "wrong horse"})
    user.ask("updateUser", 400, body={"metadata": []})
    user.ask("updateUser", 200, body={"metadata": None})
    user.ask("showUser", 200)
    user.ask("changePassword", 403, body={
        "old_password": "wrong horse", "password": PASSWORD})
    document.call(CLOSED, "createUser", 403, body={
        "email": "closed@example.com", "password": PASSWORD})
    for _ in range(1000 - user.ask("listKeys", 200).json["total"]):
        user.issue(["keys:read"])
    user.ask("createKey", 409, body={"scope": "keys:read"})


def too_often(user):
    """LIMITED is of the same home."""
    def until(name, status, **more):
        for _ in range(100):
            o = document.operations[name]
            answer = send(LIMITED, o.method, o.path, more.pop("headers", [
                ("Authorization", user.token),
                ("Content-Type", "application/json")]),
                json.dumps(more["body"]).encode())
            document.check(o, answer)
            if answer.status == status:
                return
        raise AssertionError(f"{name} is never {status}")

    wrong = {"email": user.email, "password": "wrong horse"}
    until("logIn", 429, body=wrong)
    until("changePassword", 429, body={
        "old_password": "wrong horse", "password": PASSWORD})
    until("createUser", 429, body=user.account)
    until("createCert", 429, body={"thing_id": user.thing})
    serial = user.ask("listSerials", 200, path={"id": user.thing}).json[
        "certs"][0]["cert_serial"]
    o = document.operations["renewCert"]
    answer = send(LIMITED, "POST", place(o, {"path": {"id": serial}}),
                  [("Authorization", user.token)], None)
    document.check(o, answer)
    assert answer.status == 429
    for name in ("bootstrap", "bootstrapSecurely"):
        o = document.operations[name]
        for _ in range(5):
            answer = send(LIMITED, "GET", place(o, user.request(name)), [
                ("Authorization", proof("x", "x"))], None)
            document.check(o, answer)
        assert answer.status == 429


def streams(user):
    """As many as one may have, and one more."""
    held = []

    def hold(n, path, headers):
        for _ in range(n):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.settimeout(60)
            s.connect(("127.0.0.1", port))
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n"
                      .encode())
            assert s.recv(12) == b"HTTP/1.1 200"
            held.append(s)

    hold(16, "/events", f"Authorization: {user.token}\r\n")
    user.ask("streamEvents", 429)
    hold(8, f"/channels/{CHANNEL}/messages",
         f"Authorization: {KEY}\r\nAccept: text/csv\r\n")
    user.ask("listMessages", 429, token=KEY, path={"id": CHANNEL},
             headers=[("Accept", "text/csv")])
    for s in held:
        s.close()


def events(user):
    for type in ("application/x-ndjson", "text/event-stream"):
        answer = user.ask("streamEvents", 200, headers=[("Accept", type)],
                          query=[("follow", "false"), ("from", "start")])
        assert answer.headers["Content-Type"] == type
        assert "thing.create" in answer.text
    user.ask("streamEvents", 200, headers=[("Last-Event-ID", "1")],
             query=[("follow", "0")])
    user.ask("streamEvents", 400, query=[("from", "never")])


def lost():
    """Without a registry: 503 of all that needs it."""
    user = User(LOST)
    requests = {name: user.request(name) for name in document.operations}
    os.rename(os.environ["LOST_HOME"] + "/registry.db",
              os.environ["LOST_HOME"] + "/away")
    until(lambda: send(LOST, "GET", "/users", [("Authorization", user.token)],
                       None).status == 503, "503")
    for name, o in document.operations.items():
        if 503 in o.responses:
            if not o.schemes:
                requests[name]["token"] = None
            user.ask(name, 503, **requests[name])


# ---- another user's ids, and hostile texts, everywhere ----

def send_any(o, user, request):
    """Whatever it is answered, it is in the document; no failure of ours."""
    token = request.get("token", user.token if "token" in o.schemes else None)
    where, body = place(o, request), request.get("body")
    headers = list(request.get("headers", ()))
    if token:
        headers.append(("Authorization", token))
    if body is not None:
        headers.append(("Content-Type",
                        request.get("type") or "application/json"))
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
    answer = send(port, o.method, where, headers, body)
    document.check(o, answer)
    assert answer.status < 500, f"{o} {where} {body}: {answer}"
    return answer


def replaced(request, old, new):
    """The same request with another id; equal when it isn't in there."""
    request = dict(request)
    request["path"] = {name: value.replace(old, new) for name, value in
                       request.get("path", {}).items()}
    request["query"] = [(name, value.replace(old, new)) for name, value in
                        request.get("query", ())]
    body = request.get("body")
    if isinstance(body, bytes):
        request["body"] = body.replace(old.encode(), new.encode())
    elif body is not None:
        request["body"] = json.loads(json.dumps(body).replace(old, new))
    return request


def all_of(user):
    """What a user has, and all that ever happened to it."""
    more = [("limit", "100")]
    return [user.ask(name, 200, **request).text for name, request in (
        ("listThings", dict(query=more)), ("listChannels", dict(query=more)),
        ("listConfigs", dict(query=[("cursor", "")])),
        ("listGroups", dict(query=more)),
        ("listThingsOfChannel", user.request("listThingsOfChannel")),
        ("listKeys", {}), ("showUser", {}),
        ("streamEvents", user.request("streamEvents")))]


def isolation():
    """An id of another user's is as one that nobody has, in each place."""
    ann, bob = User(), User()
    before, places = all_of(ann), 0
    pair = lines({"channel": bob.channel, "thing": bob.thing})
    requests = [(name, bob.request(name)) for name in document.operations]
    requests += [
        ("removeThings", lines({"id": bob.thing})),
        ("removeThings", dict(body=[{"id": bob.thing}],
                              query=[("if_exists", "true")])),
        ("removeChannels", lines({"id": bob.channel})),
        ("connectAll", pair), ("disconnectAll", pair),
        ("disconnectAll", dict(body={"channel_ids": [bob.channel],
                                     "thing_ids": [bob.thing]})),
        ("createConfig", dict(body={**bob.new_device(),
                                    "thing_id": bob.thing})),
        ("createConfigs", lines({**bob.new_device(),
                                 "channels": [bob.channel]})),
        ("removeConfigs", lines({"thing_id": bob.thing}))]
    for name, request in requests:
        o = document.operations[name]
        for what in ("thing", "channel", "lasting", "group"):
            mine, hers = getattr(bob, what), getattr(ann, what)
            other = replaced(request, mine, hers)
            if other == replaced(request, mine, mine):
                continue
            places += 1
            got = send_any(o, bob, other)
            nobody = send_any(o, bob, replaced(request, mine, NOBODY))
            assert got.status == nobody.status and \
                got.text.replace(hers, NOBODY) == nobody.text, \
                f"{o}: {got}, and for nobody's {nobody}"
            assert ann.email not in got.text and ann.key not in got.text
    assert places >= 30, places
    assert all_of(ann) == before


def slots(o, request):
    """Each place where a text goes, as a function that puts it there."""
    def put(kind, name):
        def to(text):
            new = dict(request)
            if kind == "path":
                new["path"] = {**request["path"], name: text}
            elif kind == "query":
                new["query"] = [x for x in request.get("query", ())
                                if x[0] != name] + [(name, text)]
            elif kind == "header":
                plain = "".join(c for c in text if " " <= c <= "~")
                new["headers"] = [(name, plain)]
            elif isinstance(request["body"], list):
                new["body"] = [{**request["body"][0], name: text}]
            elif isinstance(request["body"], bytes):
                line = (request["body"].splitlines() or [b"{}"])[0]
                new["body"] = json.dumps(
                    {**json.loads(line), name: text}).encode()
            else:
                new["body"] = {**request["body"], name: text}
            return new
        return to

    for kind, name in o.parameters:
        # it would not come to an end
        if name != "follow":
            yield put(kind, name)
    if o.body:
        for media in o.body["content"].values():
            schema = document.refer(media.get("x-line", media["schema"]))
            schema = document.refer(schema.get("items", schema))
            for name in schema.get("properties", ()):
                yield put("body", name)


def hostile():
    """SQL and worse in each parameter and member, one at a time."""
    ann = User()
    before, n = all_of(ann), 0
    for name, o in document.operations.items():
        bob = User()
        for put in slots(o, bob.request(name)):
            for text in HOSTILE:
                send_any(o, bob, put(text))
                n += 1
    assert n > 4000, n
    assert all_of(ann) == before
    # and all goes on
    assert User().ask("listThings", 200).json["total"] == 1


def walk():
    user = User()
    for o in document.operations.values():
        in_every_form(o, user)
        with_scope(o, user)
        refuses_all(o, user)
        in_order(o, user)
    pages(user)
    configs(user)
    grants(user)
    certs(user)
    groups(User())
    many(User())
    tags(user)
    events(user)
    messages(document, port, CHANNEL, KEY)
    streams(user)
    nowhere(User())
    clashes(User())
    too_often(User())
    lost()
    assert not document.unmet(), document.unmet()
    assert not document.ungiven(), document.ungiven()


{"walk": walk, "isolation": isolation, "hostile": hostile}[sys.argv[2]]()
