#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api_tokens.py PORT CASE: who gets in, for how long and to what; each case
is a function, which api.bats names."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import sys
import threading
import time

from api_client import Client, NOBODY, PASSWORD
from waiting import until

port = int(sys.argv[1])
ann, bob = Client(port), Client(port)
ANN, BOB = "ann@example.com", "bob@example.com"


def both():
    ann.sign_up(ANN)
    bob.sign_up(BOB)


# ---- tokens ----

def b64(data):
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token_forged():
    """Every way to get in with a token that we did not give out."""
    ann.sign_up(ANN)
    head, claims, signature = ann.token.split(".")
    assert json.loads(unb64(head)) == {"alg": "HS256", "typ": "JWT"}
    said = json.loads(unb64(claims))
    assert said["iss"] == "mainflux" and said["sub"] == ANN
    assert said["exp"] - said["iat"] == 36000
    bad = [head + "." + claims + ".", head + "." + claims, claims,
           "." + claims + "." + signature, head + ".." + signature, "..",
           ann.token + ".", ann.token + "x", ann.token[:-1], "x" + ann.token,
           ann.token + "=", ann.token.replace(".", "..", 1), "x" * 5000]
    # another header, with and without a signature of its own
    for alg in ("none", "None", "HS512", "RS256", ""):
        other = b64({"alg": alg, "typ": "JWT"})
        bad += [f"{other}.{claims}.", f"{other}.{claims}.{signature}"]
    for key in (b"", b"users", b"secret", bytes(32)):
        mac = hmac.new(key, f"{head}.{claims}".encode(), hashlib.sha256)
        bad.append(f"{head}.{claims}.{b64(mac.digest())}")
    # every claim changed, under the old signature
    for name, value in (("sub", BOB), ("exp", said["exp"] + 1), ("ver", 2),
                        ("uid", NOBODY), ("jti", "x"), ("iss", "x")):
        bad.append(f"{head}.{b64(dict(said, **{name: value}))}.{signature}")
    # every character of the signature, and the bits that base64 leaves over
    for i in range(len(signature)):
        for c in "AQgw":
            if c != signature[i]:
                bad.append(f"{head}.{claims}.{signature[:i]}{c}"
                           f"{signature[i + 1:]}")
    for token in bad:
        ann.want(403, "GET", "/things", token=token)
    ann.want(200, "GET", "/things")


def token_signed():
    """Tokens with a good signature, but not (any more) for this."""
    both()
    home = os.environ["MFX_HOME"]
    master = open(f"{home}/master.key", "rb").read()
    # libsodium's crypto_kdf_derive_from_key: BLAKE2b, the number as salt
    key = hashlib.blake2b(key=master, digest_size=32, person=b"mfx-keys",
                          salt=(3).to_bytes(8, "little")).digest()
    head, claims, signature = ann.token.split(".")
    good = json.loads(unb64(claims))

    def sign(claims):
        text = head + "." + b64(claims)
        mac = hmac.new(key, text.encode(), hashlib.sha256).digest()
        return text + "." + b64(mac)

    ann.want(200, "GET", "/things", token=sign(good))
    now = int(time.time())
    other = json.loads(unb64(bob.token.split(".")[1]))
    for change in ({"exp": now - 1}, {"exp": now}, {"exp": 0}, {"exp": "x"},
                   {"exp": -1}, {"exp": 1e300}, {"exp": None},
                   {"iat": now + 1000}, {"iat": None}, {"iat": "1"},
                   {"iss": "other"}, {"iss": None}, {"sub": BOB},
                   {"sub": None}, {"sub": ANN.upper()},
                   {"uid": other["uid"]}, {"uid": NOBODY}, {"uid": None},
                   {"ver": 0}, {"ver": 2}, {"ver": None}, {"jti": ""},
                   {"jti": None}, {"jti": "x" * 37}, {"auth_time": None},
                   {"scope": "things:read"}):
        ann.want(403, "GET", "/things", token=sign(dict(good, **change)))
    for name in good:
        less = {k: v for k, v in good.items() if k != name}
        ann.want(403, "GET", "/things", token=sign(less))
    for claims in (b"", b"{}", b"[]", b"null", b"{", b'{"exp":1}x',
                   b"\xff" * 40, b"{" * 1000):
        ann.want(403, "GET", "/things", token=sign(claims))
    # exactly until its end
    soon = sign(dict(good, exp=int(time.time()) + 6))
    ann.want(200, "GET", "/things", token=soon)
    until(lambda: ann.call("GET", "/things", token=soon).status != 200,
          "the end of a token")
    # and no longer than 30 days after the login, however often renewed
    old = dict(good, auth_time=now - 30 * 86400 + 100)
    token = ann.want(201, "POST", "/tokens/refresh",
                     token=sign(old)).json["token"]
    said = json.loads(unb64(token.split(".")[1]))
    assert said["exp"] == old["auth_time"] + 30 * 86400, said
    ann.want(403, "POST", "/tokens/refresh",
             token=sign(dict(good, auth_time=now - 30 * 86400 - 1)))


def token_ends():
    both()
    # refreshed: both are good
    ann.made("/things", {})
    first = ann.token
    second = ann.want(201, "POST", "/tokens/refresh").json["token"]
    assert second != first
    for token in (first, second):
        ann.want(200, "GET", "/things", token=token)
    # revoked: this one, and no other
    ann.want(204, "DELETE", "/tokens", token=first)
    ann.want(403, "GET", "/things", token=first)
    ann.want(403, "POST", "/tokens/refresh", token=first)
    ann.want(403, "DELETE", "/tokens", token=first)
    ann.want(200, "GET", "/things", token=second)
    bob.want(200, "GET", "/things")
    # all
    third = ann.log_in(ANN)
    ann.want(204, "DELETE", "/tokens?all=true", token=second)
    for token in (second, third):
        ann.want(403, "GET", "/things", token=token)
    # a new password
    ann.token = ann.log_in(ANN)
    lasting = ann.want(201, "POST", "/keys",
                       {"scope": "things:read"}).json["value"]
    ann.want(200, "GET", "/things", token=lasting)
    change = {"old_password": PASSWORD, "password": "battery staple"}
    ann.want(403, "PATCH", "/password", dict(change, old_password="wrong"))
    ann.want(403, "PATCH", "/password", {"password": "battery staple"})
    ann.want(400, "PATCH", "/password", dict(change, password="short"))
    ann.want(403, "PATCH", "/password", change, token=None)
    ann.want(200, "GET", "/things")
    new = ann.want(201, "PATCH", "/password", change).json["token"]
    ann.want(403, "GET", "/things")
    ann.want(403, "GET", "/things", token=lasting)
    ann.want(200, "GET", "/things", token=new)
    ann.want(403, "POST", "/tokens", {"email": ANN, "password": PASSWORD})
    ann.token = ann.log_in(ANN, "battery staple")
    # the end of the user, and another one of the same address
    ann.want(409, "DELETE", "/users")
    ann.want(204, "DELETE", "/users?all=true")
    ann.want(403, "GET", "/things")
    ann.want(403, "POST", "/tokens", {"email": ANN,
                                      "password": "battery staple"})
    old, ann.token = ann.token, None
    ann.sign_up(ANN)
    ann.want(403, "GET", "/things", token=old)
    assert ann.want(200, "GET", "/things").json["total"] == 0
    assert [e["operation"] for e in ann.events()] == ["user.create"]
    bob.want(200, "GET", "/things")


def token_scopes():
    both()
    t, c = ann.thing(), ann.channel()
    requests = {
        "things:read": [("GET", "/things", None, 200),
                        ("GET", f"/things/{t}", None, 200)],
        "things:write": [("POST", "/things", {}, 201),
                         ("POST", "/things/bulk", [{}], 201),
                         ("PUT", f"/things/{t}", {}, 200),
                         ("PATCH", f"/things/{t}/key", {"key": "k"}, 200),
                         ("DELETE", f"/things/{NOBODY}", None, 204)],
        "channels:read": [("GET", "/channels", None, 200),
                          ("GET", f"/channels/{c}", None, 200)],
        "channels:write": [("POST", "/channels", {}, 201),
                           ("PUT", f"/channels/{c}", {}, 200),
                           ("PUT", f"/channels/{c}/things/{t}", None, 200),
                           ("POST", "/connect", {"channel_ids": [c],
                                                 "thing_ids": [t]}, 200),
                           ("DELETE", f"/channels/{NOBODY}", None, 204)],
        "events:read": [("GET", "/events?follow=false", None, 200)],
        "account": [("DELETE", "/users", None, 409),
                    ("POST", "/tokens/refresh", None, 201),
                    ("DELETE", "/tokens?all=true", None, None),
                    ("PATCH", "/password", {"password": PASSWORD}, None),
                    ("POST", "/keys", {"scope": "things:read"}, 201),
                    ("GET", "/keys", None, 200),
                    ("GET", f"/keys/{NOBODY}", None, 404),
                    ("DELETE", f"/keys/{NOBODY}", None, 204)],
        "both": [("GET", f"/channels/{c}/things", None, 200),
                 ("GET", f"/things/{t}/channels", None, 200)],
    }
    session = ann.token
    scopes = [s for s in requests if ":" in s]
    for scope in scopes + ["keys:read", " ".join(scopes)]:
        made = ann.want(201, "POST", "/keys", {"scope": scope, "name": "p"})
        assert made.headers["Location"] == "/keys/" + made.json["id"]
        assert made.json["scope"] == scope and made.json["name"] == "p"
        for needed, calls in requests.items():
            for method, path, body, status in calls:
                allowed = needed in scope.split() or (
                    needed == "both" and
                    {"things:read", "channels:read"} <= set(scope.split()))
                if status is None:
                    allowed, status = False, 403
                ann.want(status if allowed else 403, method, path, body,
                         token=made.json["value"])
        # a lasting token can end itself, and that is all
        ann.want(200, "GET", "/users", token=made.json["value"])
        ann.want(204, "DELETE", "/tokens", token=made.json["value"])
        ann.want(403, "GET", "/users", token=made.json["value"])
    for method, path, body, status in sum(requests.values(), []):
        if status is not None:
            ann.want(status, method, path, body, token=session)
    # keys of things are shown to users that may see them
    for scope, seen in (("things:read", ""), ("things:read keys:read", "k")):
        token = ann.want(201, "POST", "/keys", {"scope": scope}).json["value"]
        for x in (ann.want(200, "GET", f"/things/{t}", token=token).json,
                  ann.want(200, "GET", "/things?limit=1",
                           token=token).json["things"][0]):
            assert x["key"] == seen, x


def token_lasting():
    both()
    for body in ({}, {"scope": ""}, {"scope": "all"}, {"scope": " "},
                 {"scope": "things:read x"}, {"scope": "account"},
                 {"scope": "things:read", "duration": 0},
                 {"scope": "things:read", "duration": -1},
                 {"scope": "things:read", "duration": 1.5},
                 {"scope": "things:read", "duration": 1e12},
                 {"scope": "things:read", "name": "x" * 257}):
        ann.want(400, "POST", "/keys", body)
    made = ann.want(201, "POST", "/keys", {"scope": "things:read",
                                           "duration": 6}).json
    token = made["value"]
    assert made["expires_at"] > made["issued_at"]
    ann.want(200, "GET", "/things", token=token)
    page = ann.want(200, "GET", "/keys").json
    assert page["total"] == 1 and page["keys"][0]["id"] == made["id"]
    assert token not in ann.call("GET", "/keys").text
    ann.want(200, "GET", f"/keys/{made['id']}")
    bob.want(404, "GET", f"/keys/{made['id']}")
    bob.want(204, "DELETE", f"/keys/{made['id']}")
    ann.want(200, "GET", f"/keys/{made['id']}")
    assert bob.want(200, "GET", "/keys").json == {"total": 0, "keys": []}
    until(lambda: ann.call("GET", "/things", token=token).status != 200,
          "the end of a key")
    other = ann.want(201, "POST", "/keys", {"scope": "things:read"}).json
    assert "expires_at" not in other
    ann.want(204, "DELETE", f"/keys/{other['id']}")
    ann.want(403, "GET", "/things", token=other["value"])
    ann.want(404, "GET", f"/keys/{other['id']}")


def schemes():
    ann.sign_up(ANN)
    token = ann.token
    for form in (token, "Bearer " + token, "bearer " + token,
                 "BEARER   " + token, "  " + token + " "):
        ann.want(200, "GET", "/things", token=form)
    for form in ("Basic " + token, "Bearer", "Bearer ", "Bearer" + token,
                 token + " x", "Bearer Bearer " + token):
        ann.want(403, "GET", "/things", token=form)


# ---- logging in ----

def attempts():
    """The server allows 1 a minute, and 10 from one address."""
    both()
    body = {"email": ANN, "password": "wrong horse"}
    good = dict(body, password=PASSWORD)
    for _ in range(20):
        ann.want(201, "POST", "/tokens", good)
    ann.want(403, "POST", "/tokens", body)
    reply = ann.want(429, "POST", "/tokens", body)
    assert 0 < int(reply.headers["Retry-After"]) <= 61
    # whatever the password, and however the address is written
    ann.want(429, "POST", "/tokens", good)
    ann.want(429, "POST", "/tokens", dict(good, email=ANN.upper()))
    ann.want(200, "GET", "/things")
    bob.want(201, "POST", "/tokens", dict(good, email=BOB))
    # one that isn't there is no different
    ann.want(403, "POST", "/tokens", dict(body, email="eve@e.com"))
    ann.want(429, "POST", "/tokens", dict(body, email="eve@e.com"))
    # ten times as many from one address, with what comes back meanwhile
    got = [ann.call("POST", "/tokens", dict(body, email=f"u{i}@e.com")).status
           for i in range(40)]
    assert set(got) == {403, 429} and got.index(429) >= 8, got
    while ann.call("POST", "/tokens", dict(
            body, email=f"v{len(got)}@e.com")).status != 429:
        got.append(403)
        assert len(got) < 200
    ann.want(429, "POST", "/users", {"email": "new@e.com",
                                     "password": PASSWORD})


def strangers():
    """The server allows 10 a minute: whoever fails elsewhere keeps nobody
    out, by logging in or by changing the password."""
    ann.sign_up(ANN)
    eve = Client(port, address="127.0.0.2").sign_up("eve@example.com")
    wrong = {"email": ANN, "password": "wrong horse"}
    right = dict(wrong, password=PASSWORD)
    for _ in range(40):
        if eve.call("POST", "/tokens", wrong).status == 429:
            break
    else:
        raise AssertionError("never too many")
    change = {"old_password": "wrong horse", "password": "battery staple"}
    for _ in range(40):
        if eve.call("PATCH", "/password", change,
                    token=ann.token).status == 429:
            break
    for i in range(20):
        eve.call("POST", "/tokens", wrong)
        ann.want(201, "POST", "/tokens", right)
    # not even of the right one, where too many were wrong
    eve.want(429, "POST", "/tokens", right)
    ann.want(403, "PATCH", "/password", change)
    ann.token = ann.want(201, "PATCH", "/password", dict(
        change, old_password=PASSWORD)).json["token"]
    ann.want(200, "GET", "/things")


def registrations():
    """Thirty new users of an address, and no more in this hour."""
    eve = Client(port, address="127.0.0.2")
    account = {"email": "", "password": PASSWORD}
    got = [eve.call("POST", "/users", dict(account, email=f"u{i}@e.com")
                    ).status for i in range(60)]
    # one comes back each two minutes
    assert set(got) == {201, 429} and 30 <= got.count(201) < 40, got
    reply = eve.want(429, "POST", "/users", dict(account, email="x@e.com"))
    assert 0 < int(reply.headers["Retry-After"]) <= 121
    # those who are there already are counted, as they can be guessed so
    eve.want(429, "POST", "/users", dict(account, email="u0@e.com"))
    eve.want(201, "POST", "/tokens", dict(account, email="u0@e.com"))
    ann.sign_up(ANN)


def turns():
    """Many who register hold nobody up who logs in, of the same address or
    another: the login waits for those in hand, not for all."""
    ann.sign_up(ANN)
    good = {"email": ANN, "password": PASSWORD}
    done = []

    def register(i):
        done.append(Client(port).call("POST", "/users", {
            "email": f"u{i}@e.com", "password": PASSWORD}).status)

    for address in ("127.0.0.1", "127.0.0.2"):
        del done[:]
        me = Client(port, address=address)
        threads = [threading.Thread(target=register, args=[f"{address}{i}"])
                   for i in range(40)]
        for t in threads:
            t.start()
        until(lambda: done, "an answer")
        begin = len(done)
        me.want(201, "POST", "/tokens", good)
        meanwhile = len(done) - begin
        for t in threads:
            t.join()
        assert set(done) == {201}, set(done)
        assert meanwhile < 20, meanwhile


def behind_proxy():
    """1 a minute, 10 from one address; 127.0.0.1 and 10.0.0.0/8 are
    proxies that are trusted."""
    ann.sign_up(ANN)

    def ask(*forwarded):
        """A wrong password, with these lines of X-Forwarded-For."""
        ask.n += 1
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        c.putrequest("POST", "/tokens")
        body = json.dumps({"email": f"u{ask.n}@e.com",
                           "password": "wrong horse"}).encode()
        for line in forwarded:
            c.putheader("X-Forwarded-For", line)
        c.putheader("Content-Type", "application/json")
        c.putheader("Content-Length", str(len(body)))
        c.endheaders(body)
        r = c.getresponse()
        r.read()
        c.close()
        assert r.status in (403, 429), r.status
        return r.status

    ask.n = 0

    def limited(*forwarded):
        """It gets more than 10, and then no more."""
        got = 0
        while ask(*forwarded) == 403:
            got += 1
            assert got < 200
        return got >= 10

    assert limited("192.0.2.1")
    # others are not
    for other in ("192.0.2.2", "2001:db8::1", "10.0.0.9, 192.0.2.3",
                  "192.0.2.1, 192.0.2.4", "192.0.2.5:1234"):
        assert ask(other) == 403, other
    # the same one, whatever stands in front of it or how it comes
    n = iter(range(1000))
    while ask(f"198.51.100.{next(n) % 250}, 192.0.2.1") == 403:
        assert next(n) < 400
    while ask(f"198.51.100.{next(n) % 250}", "192.0.2.1") == 403:
        assert next(n) < 400
    while ask(f"198.51.100.{next(n) % 250}, 192.0.2.1:80 ,10.1.2.3") == 403:
        assert next(n) < 400
    # of IPv6 a network is one
    assert limited("2001:db8:1:2::1")
    while ask(f"2001:db8:1:2:{next(n):x}::") == 403:
        assert next(n) < 900
    assert ask("2001:db8:1:3::1") == 403
    # what is not an address is the proxy's own fault: all of these are one
    assert limited("unknown")
    while ask(f"198.51.100.{next(n) % 250}, _odd{next(n)}") == 403:
        assert next(n) < 990
    assert ask("192.0.2.77") == 403


def forged():
    """The same limits, and nobody is trusted."""
    ann.sign_up(ANN)
    for i in range(200):
        status = ann.call("POST", "/tokens", {
            "email": f"u{i}@e.com", "password": "wrong horse"},
            headers={"X-Forwarded-For": f"192.0.2.{i}"}).status
        if status == 429:
            return
        assert status == 403
    raise AssertionError("the header was believed")


def storm():
    """Logins from many at once: the rest goes on as if there were none."""
    ann.sign_up(ANN)
    id = ann.thing(name="n")
    stop, done = threading.Event(), []

    def log_in():
        c = Client(port)
        while not stop.is_set():
            done.append(c.call("POST", "/tokens", {
                "email": ANN, "password": PASSWORD}).status)

    threads = [threading.Thread(target=log_in) for _ in range(40)]
    for t in threads:
        t.start()
    until(lambda: len(done) >= 10, "ten answers")
    begin = len(done)
    for _ in range(200):
        ann.want(200, "GET", f"/things/{id}")
    meanwhile = len(done) - begin
    stop.set()
    for t in threads:
        t.join()
    assert set(done) <= {201, 503}, set(done)
    # in the loop, each would have waited for about 40 of them, however busy
    # this machine is
    assert meanwhile < 1000, meanwhile


globals()[sys.argv[2]](*sys.argv[3:])
