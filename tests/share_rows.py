#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""share_rows.py PORT: each operation of /openapi.json, which has every row of
the API, on a thing and a channel of ann's: by her, by users whom she lets see,
use and manage them, or a group that they are in, and by a stranger.  An
operation that is in no table here fails."""
import json
import sys

from api_client import Client

port = int(sys.argv[1])
LINES = "application/x-ndjson"
ROLES = ["owner", "view", "use", "manage", "stranger"]
who = {role: Client(port) for role in ROLES}
for role in ROLES:
    who[role].sign_up(f"{role}@example.com")
ann = who["owner"]

# about users themselves, or about what nobody's thing or channel is named in
OWN = set("""acceptGrant bootstrap bootstrapSecurely changeGrant
changePassword createChannel createChannels createConfigs createGroup
createGroups createKey createThing createThings createUser identify
listCerts listChannels listChildren listConfigs listGrants listGroups
listGuests listKeys
listMembers listParents listThings listUnknownDevices logIn
patchGroup refreshToken removeGrant removeGroup removeGroups removeKey
removeUser renewCert revokeCert revokeToken showCert showDocument showGrant
showGroup showHealth showKey showMetrics showUser showUserById showVersion
streamEvents updateGroup updateGroups updateUser
""".split())
# by the key of a thing, whoever shows it
KEYED = set("decideAccess decideAccessById decideAccessByKey listMessages"
            .split())
# certificates, configurations, and a group (%G) of whoever asks: only the
# owner's own are found, at every level.  There is no CA here.
OWNER = {
    "createConfig": ("/things/configs", {"external_id": "x %s",
                                         "external_key": "k",
                                         "thing_id": "%T"}, 201),
    "showConfig": ("/things/configs/%T", None, 200),
    "updateConfig": ("/things/configs/%T", {"name": "n"}, 200),
    "patchConfig": ("/things/configs/%T", {"name": "n"}, 200),
    "setConfigChannels": ("/things/configs/connections/%T",
                          {"channels": ["%C"]}, 200),
    "setConfigCertificates": ("/things/configs/certs/%T",
                              {"ca_cert": "a"}, 200),
    "setConfigState": ("/things/state/%T", {"state": 0}, 200),
    "updateConfigs": ("/things/configs/bulk", {"thing_id": "%T",
                                               "name": "n"}, 200),
    "createCert": ("/certs", {"thing_id": "%T"}, 503),
    "listSerials": ("/serials/%T", None, 200),
    "assign": ("/groups/%G/members", {"members": ["%T"]}, 200),
    "unassign": ("/groups/%G/members", {"members": ["%T"]}, 204),
    "assignMany": ("/groups/assign", {"group": "%G", "channel": "%C"}, 200),
    "unassignMany": ("/groups/unassign", {"group": "%G", "channel": "%C"},
                     200),
}
MANY = set("assignMany unassignMany updateConfigs removeConfigs".split())
# status by ROLES
ROWS = {}


def both(name, path, body, *statuses, **more):
    """Of things, and the same of channels."""
    for one, many in (("Thing", "things"), ("Channel", "channels")):
        operation = name.replace("Item", one)
        mark = "%T" if one == "Thing" else "%C"
        ROWS[operation] = (path.replace("%i", many).replace("%I", mark), body
                           and json.loads(json.dumps(body)
                                          .replace("%I", mark)),
                           statuses, more)


both("showItem", "/%i/%I", None, 200, 200, 200, 200, 404)
both("updateItem", "/%i/%I", {"name": "a"}, 200, 403, 403, 200, 404)
both("patchItem", "/%i/%I", {"name": "b"}, 200, 403, 403, 200, 404)
both("enableItem", "/%i/%I/enable", None, 200, 403, 403, 200, 404)
both("disableItem", "/%i/%I/disable", None, 200, 403, 403, 200, 404)
both("updateItems", "/%i/bulk", {"id": "%I", "name": "c"},
     200, 403, 403, 200, 404, type=LINES)
both("removeItem", "/%i/%I", None, 204, 403, 403, 403, 204)
both("removeItems", "/%i/bulk/remove", {"id": "%I"},
     200, 403, 403, 403, 404, type=LINES)
ROWS.update({
    "tagThing": ("/things/%T/tags", {"tags": ["a"]},
                 (200, 403, 403, 200, 404), {}),
    "changeThingKey": ("/things/%T/key", {"key": "k %s"},
                       (200, 403, 403, 403, 404), {}),
    "listChannelsOfThing": ("/things/%T/channels?shared=true", None,
                            (200, 200, 200, 200, 200), {}),
    "listThingsOfChannel": ("/channels/%C/things?shared=true", None,
                            (200, 200, 200, 200, 200), {}),
    "explainAccess": ("/things/%T/access?channel=%C", None,
                      (200, 200, 200, 200, 200), {}),
    "connect": ("/channels/%C/things/%T", None,
                (200, 403, 403, 200, 404), {}),
    "disconnect": ("/channels/%C/things/%T", None,
                   (204, 403, 403, 204, 404), {}),
    "connectAll": ("/connect", {"channel_ids": ["%C"], "thing_ids": ["%T"]},
                   (200, 403, 403, 200, 404), {}),
    "disconnectAll": ("/disconnect", {"channel": "%C", "thing": "%T"},
                      (200, 403, 403, 200, 404), {"type": LINES}),
    "createGrant": ("/grants", {"email": "a%s@b.c", "level": "view",
                                "thing_id": "%T"},
                    (201, 403, 403, 403, 404), {}),
})
for operation, (path, body, status) in OWNER.items():
    ROWS[operation] = (path, body, (status, 404, 404, 404, 404),
                       {"type": LINES} if operation in MANY else {})
# what is not there is removed already
ROWS.update({
    "removeConfig": ("/things/configs/%T", None, (204,) * 5, {}),
    "removeConfigs": ("/things/configs/bulk/remove", {"thing_id": "%T"},
                      (200, 404, 404, 404, 404), {"type": LINES}),
})


def shared(grouped):
    """A thing and a channel of ann's, connected, and shared, by themselves or
    with a group above the one that they are in."""
    t, c = ann.thing(name="t"), ann.channel(name="c")
    ann.connect(c, t)
    items = [{"thing_id": t}, {"channel_id": c}]
    if grouped:
        above, group = (ann.want(201, "POST", "/groups", body)
                        .headers["Location"].split("/")[-1]
                        for body in ({"name": "above"}, {"name": "in"}))
        ann.want(200, "PATCH", f"/groups/{group}", {"parent_id": above})
        ann.want(200, "POST", f"/groups/{group}/members", {"members": [t]})
        ann.want(200, "POST", f"/groups/{group}/members",
                 {"type": "channels", "members": [c]})
        items = [{"group_id": above}]
    for level in ("view", "use", "manage"):
        for item in items:
            id = ann.want(201, "POST", "/grants", {
                "email": f"{level}@example.com", "level": level, **item,
            }).json["id"]
            who[level].want(200, "POST", f"/grants/{id}/accept")
    return t, c


def operations():
    paths = ann.want(200, "GET", "/openapi.json", token=None).json["paths"]
    for item in paths.values():
        for method, o in item.items():
            if isinstance(o, dict) and "operationId" in o:
                yield o["operationId"], method.upper()


groups = {role: who[role].want(201, "POST", "/groups", {"name": "g"})
          .headers["Location"].split("/")[-1] for role in ROLES}
seen = set()


def try_all(grouped):
    t, c = shared(grouped)
    for name, method in operations():
        seen.add(name)
        if name in OWN | KEYED:
            continue
        path, body, statuses, more = ROWS[name]
        for i, role in enumerate(reversed(ROLES)):
            want = statuses[ROLES.index(role)]
            if "onnect" in name:
                ann.connect(c, t)
            if "Config" in name and name != "createConfig" and \
                    role == "stranger":
                ann.call("POST", "/things/configs", {
                    "external_id": f"{name} {grouped}",
                    "external_key": "k", "thing_id": t})

            def fill(text):
                return (text.replace("%T", t).replace("%C", c)
                        .replace("%G", groups[role])
                        .replace("%s", f"{name}{i}{grouped}"))
            sent = body and fill(json.dumps(body))
            answer = who[role].call(method, fill(path), sent, **more)
            assert answer.status == want, (name, role, want, answer)
            if name.startswith("removeConfig") and role != "owner":
                ann.want(200, "GET", f"/things/configs/{t}")
            if name == "explainAccess":
                assert answer.json["allowed"] == (role != "stranger"), answer
            if name in ("listThingsOfChannel", "listChannelsOfThing"):
                assert answer.json["total"] == \
                    (role not in ("owner", "stranger")), (role, answer)
            if name == "showThing":
                assert ("key" in answer.json) == (role == "owner"), answer
        if name.startswith("remove") and name in ROWS or \
                name.startswith("disable"):
            t, c = shared(grouped)


try_all(False)
try_all(True)
known = OWN | KEYED | set(ROWS)
assert known == seen, (known - seen, seen - known)
