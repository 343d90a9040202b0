# SPDX-License-Identifier: Apache-2.0
"""What api_openapi.py asks of groups."""
import json

from api_client import NOBODY
from api_configs import lines


def requests(user):
    """What makes each operation succeed."""
    group = {"id": user.group}
    place = {"group": user.group, "thing": user.thing}
    members = {"type": "things", "members": [user.thing]}
    return {
        "createGroup": dict(body={"name": "g", "description": "d",
                                  "metadata": {"a": 1}, "parent_id": None}),
        "createGroups": lines({"name": "g"}),
        "updateGroups": lines({"id": user.group, "name": "m"}),
        "removeGroups": lines(),
        "assignMany": lines(place),
        "unassignMany": lines(place),
        "showGroup": dict(path=group),
        "updateGroup": dict(path=group, body={
            "name": "n", "description": "d", "metadata": {}}),
        "patchGroup": dict(path=group, body={"description": "e"}),
        "removeGroup": dict(path={"id": NOBODY}),
        "listChildren": dict(path=group),
        "listParents": dict(path=group),
        "listMembers": dict(path=group),
        "assign": dict(path=group, body=members),
        "unassign": dict(path=group, body=members),
    }


def all_pages(user, name, **more):
    """The ids of a list, by cursor; and it is the same by offset."""
    key = "members" if name == "listMembers" else "groups"
    query = more.pop("query", [])
    page, ids = {"next": ""}, []
    while "next" in page:
        page = user.ask(name, 200, **more, query=query + [
            ("cursor", page["next"]), ("limit", "2")]).json
        ids += [x["id"] for x in page[key]]
    by_offset = user.ask(name, 200, **more, query=query + [
        ("limit", "100")]).json
    assert [x["id"] for x in by_offset[key]] == ids, (name, ids, by_offset)
    assert by_offset["total"] == len(ids)
    assert [x["id"] for x in user.ask(name, 200, **more, query=query + [
        ("offset", "1"), ("limit", "3")]).json[key]] == ids[1:4]
    return ids


def lists(user, chain, rooms):
    """A chain of groups, the first of which is above some rooms."""
    path = {"id": chain[0]}
    assert all_pages(user, "listGroups") == [user.group] + chain + rooms
    assert all_pages(user, "listGroups", query=[("parent", chain[0])]) == \
        all_pages(user, "listChildren", path=path) == [chain[1]] + rooms
    assert all_pages(user, "listGroups", query=[("parent", "")]) == \
        [user.group, chain[0]]
    assert all_pages(user, "listGroups", query=[("shared", "true")]) == []
    assert all_pages(user, "listGroups", query=[("tree", chain[0])]) == \
        chain + rooms
    assert all_pages(user, "listGroups", query=[("level", "1")]) == \
        [chain[0], user.group]
    assert all_pages(user, "listGroups", query=[
        ("tree", ""), ("level", "2")]) == \
        [chain[0], chain[1]] + rooms + [user.group]
    assert all_pages(user, "listGroups", query=[("group", chain[-1])]) == \
        all_pages(user, "listParents", path={"id": chain[-1]}) == \
        chain[-2::-1]
    for kind, id in (("thing", user.thing), ("channel", user.channel)):
        assert all_pages(user, "listGroups", query=[(kind, id)]) == \
            [chain[3], chain[2], chain[1], chain[0]]
        assert all_pages(user, "listGroups", query=[(kind, NOBODY)]) == []
    for query, want in (([("glob", "1?")], 7), ([("metadata", '{"a":1}')], 1)):
        for name, more in (("listGroups", {}),
                           ("listParents", dict(path={"id": chain[-1]})),
                           ("listChildren", dict(path=path))):
            got = user.ask(name, 200, query=query, **more).json
            assert name != "listGroups" or got["total"] == want, got
    for name, more in (("listGroups", {}), ("listParents", dict(path=path)),
                       ("listChildren", dict(path=path))):
        for wrong in (("limit", "0"), ("limit", "101"), ("offset", "x"),
                      ("cursor", "x"), ("glob", "["), ("metadata", "[]")):
            user.ask(name, 400, query=[wrong], **more)
    for wrong in ([("level", "0")], [("level", "17")], [("thing", "")],
                  [("parent", ""), ("tree", "")],
                  [("parent", ""), ("level", "2")]):
        user.ask("listGroups", 400, query=wrong)


def members(user, chain):
    path, deep = {"id": chain[3]}, [("recursive", "true")]
    for kind, id in (("things", user.thing), ("channels", user.channel)):
        body = {"type": kind, "members": [id]}
        for _ in range(2):
            user.ask("assign", 200, path=path, body=body)
        type = [("type", kind)]
        assert all_pages(user, "listMembers", path=path, query=type) == [id]
        top = {"id": chain[0]}
        assert all_pages(user, "listMembers", path=top, query=type) == []
        assert all_pages(user, "listMembers", path=top,
                         query=type + deep) == [id]
        Kind = "list" + kind.capitalize()
        for name, more in ((Kind, {}), (
                "listThingsOfChannel" if kind == "things" else
                "listChannelsOfThing", dict(path={
                    "id": user.channel if kind == "things" else user.thing}))):
            for query, n in (([("group", chain[0])], 0),
                             ([("group", chain[0])] + deep, 1),
                             ([("group", chain[3])], 1),
                             ([("group", NOBODY)] + deep, 0)):
                got = user.ask(name, 200, query=query, **more).json
                assert got["total"] == n, (name, query, got)
    user.ask("listMembers", 200, path=path, query=[
        ("name", "x"), ("glob", "*"), ("metadata", "{}"), ("order", "id"),
        ("dir", "desc"), ("status", "enabled"), ("tag", "a"), ("tags", "b")])
    for wrong in (("type", "users"), ("limit", "0"), ("cursor", "x")):
        user.ask("listMembers", 400, path=path, query=[wrong])
    for wrong in ({"members": []}, {"members": [1]}, {"type": "things"},
                  {"type": "users", "members": [user.thing]}):
        for name in ("assign", "unassign"):
            user.ask(name, 400, path=path, body=wrong)
    for name in ("assign", "unassign"):
        user.ask(name, 404, path=path, body={"members": [NOBODY]})
        user.ask(name + "Many", 404, **lines(
            {"group": NOBODY, "channel": user.channel}))
        user.ask(name + "Many", 200, body=[
            {"group": chain[5], "channel": user.channel}])
        user.ask(name + "Many", 400, body=[{"group": chain[5]}])


def crowded(user):
    """A thing in 32 groups, and in one more."""
    answer = user.ask("createGroups", 201, **lines(*[{"name": "c"}] * 33))
    ids = [json.loads(x)["id"] for x in answer.text.splitlines()]
    thing = user.made("Thing")
    places = [{"group": id, "thing": thing} for id in ids]
    user.ask("assignMany", 422, **lines(*places))
    user.ask("assignMany", 200, **lines(*places[:32]))
    user.ask("assign", 409, path={"id": ids[32]}, body={
        "type": None, "members": [thing]})
    user.ask("removeGroups", 200, **lines(*({"id": id} for id in ids)))


def conflicts(user, chain):
    user.ask("createGroup", 404, body={"name": "g", "parent_id": NOBODY})
    user.ask("createGroup", 409, body={"name": "g", "parent_id": chain[15]})
    user.ask("createGroup", 400, body={"name": ""})
    for name in ("updateGroup", "patchGroup"):
        body = {"name": "g", "parent_id": chain[5]}
        user.ask(name, 409, path={"id": chain[0]}, body=body)
        user.ask(name, 404, path={"id": chain[0]}, body={
            "parent_id": NOBODY})
    user.ask("patchGroup", 400, path={"id": chain[0]}, body={})
    user.ask("removeGroup", 409, path={"id": chain[0]})
    line = {"id": chain[0], "name": "g", "parent": None, "description": "",
            "metadata": {}}
    user.ask("createGroups", 422, **lines(line))
    user.ask("createGroups", 404, **lines({"parent": NOBODY}))
    user.ask("updateGroups", 404, **lines({"id": NOBODY, "name": "g"}))
    user.ask("updateGroups", 422, **lines({"id": chain[0]}))
    user.ask("removeGroups", 404, **lines({"id": NOBODY}))
    user.ask("removeGroups", 422, **lines(line))
    deep = [("recursive", "true")]
    dry = user.ask("removeGroups", 200, **lines(line), query=deep + [
        ("dry_run", "true")])
    assert len(dry.text.splitlines()) == 18
    user.ask("updateGroups", 200, **lines(line))
    user.ask("removeGroups", 200, **lines({"id": NOBODY}),
             query=[("if_exists", "1")])
    user.ask("removeGroup", 204, path={"id": chain[8]}, query=deep)
    user.ask("showGroup", 404, path={"id": chain[15]})


def groups(user):
    chain = [user.made("Group", name="01")]
    for i in range(2, 17):
        chain.append(user.made("Group", name=f"{i:02}",
                               parent_id=chain[-1]))
    rooms = [user.made("Group", name="room", parent_id=chain[0],
                       metadata={"a": i}) for i in (1, 2)]
    shown = user.ask("showGroup", 200, path={"id": chain[3]}).json
    assert shown["level"] == 4 and shown["parent_id"] == chain[2]
    assert shown["path"] == ".".join(chain[:4])
    user.ask("connect", 200, path={"channel": user.channel,
                                   "thing": user.thing})
    members(user, chain)
    lists(user, chain, rooms)
    conflicts(user, chain)
    crowded(user)
