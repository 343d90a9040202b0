#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api_conditions.py PORT CASE: preconditions, and what can't be read; each
case is a function, which api_conditions.bats names."""
import http.client
import json
import sys

from api_client import Client, NOBODY, PASSWORD

port = int(sys.argv[1])
ann = Client(port).sign_up("ann@example.com")


def ask(method, path, *headers, body=None, token=0):
    """The status and the body, with these pairs of headers as they are."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    c._validate_path = lambda url: None		# control characters too
    c.putrequest(method, path, skip_accept_encoding=True)
    if token is not None:
        c.putheader("Authorization", token or ann.token)
    for name, value in headers:
        c.putheader(name, value)
    if body is not None:
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if not any(name == "Content-Type" for name, _ in headers):
            c.putheader("Content-Type", "application/json")
        c.putheader("Content-Length", str(len(body)))
    c.endheaders(body)
    r = c.getresponse()
    text = r.read().decode()
    c.close()
    return r.status, text, r.headers


def want(status, method, path, *headers, **more):
    got = ask(method, path, *headers, **more)
    assert got[0] == status, (method, path, headers, more, got[:2])
    return got


def places():
    """Each resource with an entity tag: its path, its tag, what changes it."""
    t, c = ann.thing(name="t"), ann.channel(name="c")
    for path, changes in (
            (f"/things/{t}", [("PUT", f"/things/{t}", {"name": "n"}),
                              ("PATCH", f"/things/{t}/key", {"key": "k"}),
                              ("DELETE", f"/things/{t}", None)]),
            (f"/channels/{c}", [("PUT", f"/channels/{c}", {"name": "n"}),
                                ("DELETE", f"/channels/{c}", None)]),
            ("/openapi.json", [])):
        tag = want(200, "GET", path)[2]["ETag"]
        assert tag[0] == tag[-1] == '"', tag
        yield path, tag, changes


def is_as_it_was(path, tag):
    assert want(200, "GET", path)[2]["ETag"] == tag, path


def if_match():
    for path, tag, changes in places():
        false = ['"x"', "W/" + tag, f'"x", W/{tag}', '""',
                 f'"{tag[1:-1]} x"'.replace(" ", "-")]
        for field in false:
            for method in ("GET", "HEAD"):
                want(412, method, path, ("If-Match", field))
            for method, to, body in changes:
                got = want(412, method, to, ("If-Match", field), body=body)
                assert json.loads(got[1])["status"] == 412
        is_as_it_was(path, tag)
        for field in (tag, "*", f'"x", {tag}', f'W/"x",,{tag} ,"y"', " * "):
            for method, to, body in [("GET", path, None),
                                     ("HEAD", path, None)] + changes[:-1]:
                now = want(200, "GET", path)[2]["ETag"]
                want(200, method, to, ("If-Match", field.replace(tag, now)),
                     body=body)
        if changes:
            now = want(200, "GET", path)[2]["ETag"]
            want(204, "DELETE", path, ("If-Match", now))
            # nothing is there: * is false as any other
            for field in ("*", now):
                want(412, "DELETE", path, ("If-Match", field))
            want(204, "DELETE", path)


def if_none_match():
    for path, tag, changes in places():
        for field in (tag, "W/" + tag, "*", f'"x" , W/{tag}', f',{tag}'):
            for method in ("GET", "HEAD"):
                got = want(304, method, path, ("If-None-Match", field))
                # 15.4.5
                assert got[1] == "" and got[2]["ETag"] == tag, got
            for method, to, body in changes:
                want(412, method, to, ("If-None-Match", field), body=body)
        is_as_it_was(path, tag)
        for field in ('"x"', 'W/"x", "y"', f'"{tag[1:-1]}x"'):
            want(200, "GET", path, ("If-None-Match", field))
            for method, to, body in changes[:-1]:
                want(200, method, to, ("If-None-Match", field), body=body)
        if changes:
            want(204, "DELETE", path, ("If-None-Match", '"x"'))
            # nothing is there, which is what * asks for
            want(204, "DELETE", path, ("If-None-Match", "*"))


def precedence():
    past, future = ("Thu, 01 Jan 1970 00:00:00 GMT",
                    "Fri, 31 Dec 2100 23:59:59 GMT")
    for path, tag, changes in places():
        for match, none_match, get, put in (
                ('"x"', '"x"', 412, 412), ('"x"', tag, 412, 412),
                (tag, tag, 304, 412), ("*", "*", 304, 412),
                (tag, '"x"', 200, 200)):
            both = [("If-None-Match", none_match), ("If-Match", match)]
            want(get, "GET", path, *both)
            for method, to, body in changes[:1]:
                want(put, method, to, *both, body=body)
                tag = want(200, "GET", path)[2]["ETag"]
        # nothing here has a date: 13.1.3, 13.1.4, 13.1.5
        for date in (past, future, "yesterday"):
            for name in ("If-Modified-Since", "If-Unmodified-Since",
                         "If-Range"):
                want(200, "GET", path, (name, date))
                for method, to, body in changes[:1]:
                    want(200, method, to, (name, date), body=body)
                tag = want(200, "GET", path)[2]["ETag"]


def several_lines():
    for path, tag, changes in places():
        for field in ("If-Match", "If-None-Match"):
            lines = [(field, '"x"'), (field, tag)]
            true = field == "If-Match"
            want(200 if true else 304, "GET", path, *lines)
            for method, to, body in changes[:1]:
                want(200 if true else 412, method, to, *lines, body=body)
                tag = want(200, "GET", path)[2]["ETag"]
        # in any case of the name
        want(304, "GET", path, ("if-none-match", '"x"'),
             ("IF-NONE-MATCH", tag))
        want(400, "GET", path, ("If-None-Match", tag),
             ("If-None-Match", "*"))


def malformed_tags():
    for path, tag, changes in places():
        bare = tag[1:-1]
        for field in ("", " ", ",", bare, f'"{bare}', f'{bare}"',
                      f"w/{tag}", f"W/{bare}", f"W/ {tag}", f"*, {tag}",
                      f"{tag} {tag}", f"{tag};", f"'{bare}'", "**",
                      f'{tag}, "', '"a b"'):
            for name in ("If-Match", "If-None-Match"):
                got = want(400, "GET", path, (name, field))
                assert name in json.loads(got[1])["detail"], got
                for method, to, body in changes:
                    want(400, method, to, (name, field), body=body)
        is_as_it_was(path, tag)


def after_checks():
    for path, tag, changes in places():
        if not changes:
            continue
        for header in (("If-Match", '"x"'), ("If-None-Match", "*"),
                       ("If-None-Match", tag)):
            want(403, "GET", path, header, token=None)
            want(403, "GET", path, header, token="wrong")
            want(404, "GET", path.replace(path[-36:], NOBODY), header)
            for method, to, body in changes:
                want(403, method, to, header, body=body, token="wrong")
                if body is not None:
                    want(400, method, to, header, body=b"{")
                    want(415, method, to, header, ("Content-Type", "text/x"),
                         body=body)
        is_as_it_was(path, tag)


def untagged():
    t, c = ann.thing(), ann.channel()
    key = ann.want(201, "POST", "/keys", {"scope": "things:read"}).json["id"]
    for path in ("/users", "/things", "/channels", "/keys", f"/keys/{key}",
                 f"/things/{t}/channels", f"/channels/{c}/things",
                 f"/things/{t}/access?channel={c}", "/version", "/health",
                 "/events?follow=false"):
        want(200, "GET", path, ("If-Match", "*"))
        want(412, "GET", path, ("If-Match", '"x"'))
        want(304, "GET", path, ("If-None-Match", "*"))
        want(200, "GET", path, ("If-None-Match", '"x"'))
    before = ann.events()
    for method, path, body in (
            ("POST", "/things", {}), ("POST", "/channels/bulk", [{}]),
            ("POST", "/keys", {"scope": "things:read"}),
            ("DELETE", f"/keys/{key}", None), ("DELETE", "/users", None),
            ("DELETE", "/tokens", None), ("POST", "/tokens", {
                "email": "ann@example.com", "password": PASSWORD}),
            ("PATCH", "/password", {"password": "another one",
                                    "old_password": PASSWORD}),
            ("POST", "/users", {"email": "x@example.com",
                                "password": PASSWORD}),
            ("POST", "/connect", {"channel_ids": [c], "thing_ids": [t]})):
        want(412, method, path, ("If-Match", '"x"'), body=body)
        want(412, method, path, ("If-None-Match", "*"), body=body)
    assert ann.events() == before
    # a connection is there or it is not
    pair = f"/channels/{c}/things/{t}"
    want(412, "PUT", pair, ("If-Match", "*"))
    want(200, "PUT", pair, ("If-None-Match", "*"))
    want(412, "PUT", pair, ("If-None-Match", "*"))
    want(412, "DELETE", pair, ("If-None-Match", "*"))
    want(412, "DELETE", pair, ("If-Match", '"x"'))
    want(204, "DELETE", pair, ("If-Match", "*"))
    want(412, "DELETE", f"/keys/{NOBODY}", ("If-Match", "*"))
    want(204, "DELETE", f"/keys/{key}", ("If-Match", "*"))


# ---- what can't be read ----

def reads():
    t, c = ann.thing(key="k"), ann.channel()
    ann.connect(c, t)
    return ["/things", "/channels", f"/things/{t}/channels",
            f"/channels/{c}/things", f"/things/{t}", f"/channels/{c}",
            f"/things/{t}/access?channel={c}", "/users", "/keys",
            "/events?follow=false", "/openapi.json", "/version"]


def with_query(path, query):
    return path + ("&" if "?" in path else "?") + query


def query_unreadable():
    bad = ["x=%zz", "x=%", "x=%4", "%zz=1", "x=%00", "%00=1", "x=a%00",
           "x=%ff", "x=%c0%af", "x=%ed%a0%80", "%ff=1", "x=%zz" + "a" * 99]
    for path in reads():
        for query in bad:
            detail = json.loads(want(400, "GET",
                                     with_query(path, query))[1])["detail"]
            assert "the request target " in detail, detail
        # with what would be good without it, before and after
        for query in ("keys=false&x=%zz", "x=%zz&keys=false"):
            want(400, "GET", with_query(path, query))
    for query in ("x=\x01", "x=\x7f", "\x02=1", "x=" + "a" * 17000):
        assert ask("GET", "/things?" + query)[0] in (400, 414, 431), query
    for query in ("limit=5%00x", "metadata=%00", "cursor=%00", "name=%ff"):
        want(400, "GET", "/things?" + query)
    want(400, "GET", "/events?from=%00&follow=false")
    # changes too
    t = ann.thing(name="stays")
    for method, path, body in (
            ("PUT", f"/things/{t}", {}), ("DELETE", f"/things/{t}", None),
            ("POST", "/things", {}), ("DELETE", "/users?all=true", None),
            ("DELETE", "/tokens?all=true", None),
            ("POST", "/things/bulk/remove?if_exists=true", [{"id": NOBODY}])):
        want(400, method, with_query(path, "x=%zz"), body=body)
    assert ann.want(200, "GET", f"/things/{t}").json["name"] == "stays"
    want(400, "GET", "/things?" + "&".join(f"x{i}" for i in range(200)))
    # what is well formed
    for query in ("name=%C3%BC+%2b", "", "&&", "x",
                  "name=a=b"):
        want(200, "GET", "/things?" + query)


def query_names():
    for path in ("/things", "/channels"):
        for name, value in (("limit", "5"), ("offset", "0"), ("name", "a"),
                            ("metadata", "{}"), ("glob", "*")):
            want(400, "GET", f"{path}?{name}={value}&{name}={value}")
            want(400, "GET", f"{path}?{name}={value}&x&{name[0]}"
                 f"%{ord(name[1]):02x}{name[2:]}={value}")
    t, c = ann.thing(), ann.channel()
    want(400, "GET", f"/things/{t}?keys=true&keys=false")
    want(400, "GET", "/events?follow=false&from=1&from=2")
    want(400, "GET", "/events?follow=true&follow=false")
    want(400, "DELETE", "/users?all=false&all=true")
    want(400, "GET", f"/things/{t}/access?channel={c}&channel={c}")
    # Mainflux passes over what it does not know; where only we are, a
    # parameter that is not there is a mistake
    for path in ("/things", "/channels", f"/things/{t}", "/users", "/keys",
                 f"/channels/{c}/things", "/version"):
        want(200, "GET", path + "?value=something&value=2")
    for method, path, body in (
            ("GET", "/events?folow=false", None),
            ("DELETE", "/users?al=true", None),
            ("DELETE", "/tokens?All=true", None),
            ("POST", "/things/bulk/remove?ifexists=true", []),
            ("PATCH", "/things/bulk?x=1", [{"id": t, "name": "n"}]),
            ("POST", "/tokens/refresh?x", None),
            ("POST", "/disconnect?force=1", {"channel_ids": [c],
                                             "thing_ids": [t]}),
            ("GET", "/openapi.json?v=3", None),
            ("GET", f"/things/{t}/access?channel={c}&chanel=x", None)):
        got = want(400, method, path, body=body)
        assert "unknown parameter" in got[1], got
    ann.want(200, "GET", "/users")


def query_truth():
    t = ann.thing()
    for path in (f"/things/{t}?keys=", "/things?keys=",
                 "/events?from=end&follow=", "/users?all=", "/tokens?all=",
                 "/things/bulk/remove?if_exists="):
        method = "DELETE" if "all=" in path else \
            "POST" if "if_exists" in path else "GET"
        for value in ("", "yes", "True", "2", "01", "true ", "false,true"):
            want(400, method, path + value.replace(" ", "%20"),
                 body=[] if method == "POST" else None)
    want(400, "GET", "/events?from=end&follow")
    ann.want(200, "GET", "/users")
    for value in ("true", "1", "false", "0"):
        want(200, "GET", f"/things?keys={value}")
    want(200, "GET", "/events?follow=0")


def body_whole():
    t, c = ann.thing(name="stays"), ann.channel()
    objects = [("POST", "/things"), ("POST", "/channels"),
               ("PUT", f"/things/{t}"), ("PUT", f"/channels/{c}"),
               ("POST", "/users"), ("POST", "/tokens"), ("POST", "/keys"),
               ("PATCH", "/password"), ("PATCH", f"/things/{t}/key"),
               ("POST", "/identify"), ("POST", f"/channels/{c}/access"),
               ("POST", "/connect"), ("POST", "/disconnect")]
    arrays = [("POST", "/things/bulk"), ("POST", "/channels/bulk"),
              ("PATCH", "/things/bulk"), ("POST", "/things/bulk/remove")]
    for method, path in objects:
        for more in (b"{}", b" and more", b"]", b",", b"\x01", b"}", b"\n{"):
            want(400, method, path, body=b'{"x":1}' + more)
    for method, path in arrays:
        for more in (b"[]", b"x", b"]", b",", b'{"name":"b"}'):
            want(400, method, path, body=b'[{"name":"a"}]' + more)
            want(400, method, path, body=b"[]" + more)
    for method, path, body in (
            ("PUT", f"/things/{t}", b'{"name":"a","name":"b"}'),
            ("PUT", f"/things/{t}", b'{"name":"a","NAME":"b"}'),
            ("PUT", f"/things/{t}", b'{"name":null,"name":"b"}'),
            ("POST", "/things", b'{"metadata":{},"metadata":{"a":1}}'),
            ("POST", "/things/bulk", b'[{},{"key":"a","key":"b"}]'),
            ("PATCH", f"/things/{t}/key", b'{"key":"a","key":"b"}'),
            ("POST", "/connect", b'{"channel_ids":["%s"],"thing_ids":["%s"],'
             b'"thing_ids":[]}' % (c.encode(), t.encode()))):
        got = want(400, method, path, body=body)
        assert "twice" in got[1], got
    got = want(400, "POST", "/things", body=b'{"name": 1}')
    assert json.loads(got[1])["detail"].startswith("byte 9: "), got
    assert ann.want(200, "GET", f"/things/{t}").json["name"] == "stays"
    # white space is nothing, and unknown members may be what they like
    want(201, "POST", "/things", body=b' \r\n{"x":1,"x":2}\t\r\n')


def header_twice():
    json_type = ("Content-Type", "application/json")
    want(400, "POST", "/things", json_type, ("Content-Type", "text/plain"),
         body={})
    want(400, "POST", "/things", json_type, json_type, body={})
    want(400, "GET", "/events?follow=false", ("Last-Event-ID", "1"),
         ("Last-Event-ID", "2"))
    want(400, "GET", "/things", ("Authorization", ann.token))


def id_too_long():
    key = ann.want(201, "POST", "/keys", {"scope": "things:read"}).json["id"]
    want(204, "DELETE", f"/keys/{key}x")
    want(204, "DELETE", f"/keys/{key}%20")
    want(404, "GET", f"/keys/{key}x")
    want(200, "GET", f"/keys/{key}")
    t = ann.thing()
    want(204, "DELETE", f"/things/{t}x")
    want(404, "PUT", f"/things/{t}x", body={})
    want(200, "GET", f"/things/{t}")


globals()[sys.argv[2]]()
