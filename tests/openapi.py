# SPDX-License-Identifier: Apache-2.0
"""An OpenAPI 3.1 document: is it one, and does a service do what it says?"""
import copy
import http.client
import json
import re
import urllib.parse

from jsonschema import Draft202012Validator, FormatChecker, RefResolver

METHODS = ("get", "put", "post", "delete", "options", "head", "patch",
           "trace")
# what HTTP itself and a proxy need; the rest has to be in the document
HEADERS = {"date", "connection", "content-length", "content-type",
           "transfer-encoding", "x-accel-buffering"}


# ---- the form of a document, by the tables of the specification ----

# must have, may have
OBJECTS = {
    "document": ("openapi info", "jsonSchemaDialect servers paths webhooks "
                 "components security tags externalDocs"),
    "info": ("title version",
             "summary description termsOfService contact license"),
    "license": ("name", "identifier url"),
    "server": ("url", "description variables"),
    "tag": ("name", "description externalDocs"),
    "components": ("", "schemas responses parameters examples requestBodies "
                   "headers securitySchemes links callbacks pathItems"),
    "path item": ("", "summary description servers parameters "
                  + " ".join(METHODS)),
    # operationId and summary are ours to ask for
    "operation": ("operationId summary tags responses", "description "
                  "externalDocs parameters requestBody callbacks deprecated "
                  "security servers"),
    "parameter": ("name in", "description required deprecated "
                  "allowEmptyValue style explode allowReserved schema "
                  "example examples content"),
    "header": ("", "description required deprecated style explode schema "
               "example examples content"),
    "requestBody": ("content", "description required"),
    "response": ("description", "headers content links"),
    "media type": ("", "schema example examples encoding"),
    "apiKey": ("type name in", "description"),
    "http": ("type scheme", "description bearerFormat"),
}


class Form:
    def __init__(self, document):
        self.document, self.used = document, set()
        d = self.object("document", document, "#")
        assert re.fullmatch(r"3\.1\.\d+", d["openapi"])
        self.info(d["info"])
        for s in d["servers"]:
            self.object("server", s, "servers")
        self.tags = [self.object("tag", t, "tags")["name"]
                     for t in d["tags"]]
        self.components(d["components"])
        self.security(d["security"], "#")
        self.ids, self.shapes = set(), set()
        for path, item in d["paths"].items():
            self.path(path, item)
        for kind, all in d["components"].items():
            for name in all:
                # security schemes are named, not referred to
                assert kind == "securitySchemes" or (kind, name) in \
                    self.used, f"nothing uses {kind}/{name}"

    def object(self, kind, o, at):
        must, may = (x.split() for x in OBJECTS[kind])
        assert isinstance(o, dict), (at, kind)
        for name in must:
            assert name in o, f"{at}: a {kind} has {name}"
        for name in o:
            assert name in must + may or name.startswith("x-"), \
                f"{at}: a {kind} has no {name}"
        return o

    def refer(self, o, kind, at):
        """What a reference to a component of that kind means."""
        if "$ref" not in o:
            return o
        m = re.fullmatch(r"#/components/(\w+)/(\w+)", o["$ref"])
        assert m and m[1] == kind and set(o) == {"$ref"}, (at, o)
        assert m[2] in self.document["components"][kind], (at, o)
        self.used.add((m[1], m[2]))
        return self.document["components"][kind][m[2]]

    def info(self, info):
        self.object("info", info, "info")
        licence = self.object("license", info["license"], "license")
        assert not ("identifier" in licence and "url" in licence)

    def components(self, c):
        self.object("components", c, "components")
        for kind, all in c.items():
            for name, o in all.items():
                at = f"components/{kind}/{name}"
                assert re.fullmatch(r"[\w.-]+", name), at
                assert o.get("$ref") is None, at
                {"schemas": self.schema, "responses": self.response,
                 "parameters": self.parameter, "headers": self.header,
                 "securitySchemes": self.scheme}[kind](o, at)

    def scheme(self, s, at):
        self.object(s["type"], s, at)
        assert s["type"] != "apiKey" or s["in"] in ("query", "header",
                                                    "cookie"), at

    def security(self, all, at):
        for requirement in all:
            for name in requirement:
                assert name in \
                    self.document["components"]["securitySchemes"], at

    def schema(self, s, at):
        Draft202012Validator.check_schema(s)

        def references(o):
            if isinstance(o, dict):
                if isinstance(o.get("$ref"), str):
                    self.refer({"$ref": o["$ref"]}, "schemas", at)
                for x in o.values():
                    references(x)
            elif isinstance(o, list):
                for x in o:
                    references(x)
        references(s)

    def content(self, content, at):
        for type, media in content.items():
            assert re.fullmatch(r"[\w.+*-]+/[\w.+*-]+(; \w+=[\w.-]+)*",
                                type), (at, type)
            self.object("media type", media, at)
            self.schema(media["schema"], at)
            if "x-line" in media:
                self.schema(media["x-line"], at)

    def valued(self, o, at):
        """A schema, or one media type."""
        assert ("schema" in o) != ("content" in o), at
        if "schema" in o:
            self.schema(o["schema"], at)
        else:
            assert len(o["content"]) == 1, at
            self.content(o["content"], at)

    def header(self, h, at):
        h = self.refer(h, "headers", at)
        self.valued(self.object("header", h, at), at)

    def parameter(self, p, at):
        p = self.object("parameter", self.refer(p, "parameters", at), at)
        assert p["in"] in ("query", "header", "path", "cookie"), at
        assert p["in"] != "path" or p["required"] is True, at
        assert p["in"] == "query" or "allowEmptyValue" not in p, at
        # these are not parameters, says the specification
        assert p["in"] != "header" or p["name"].lower() not in (
            "accept", "content-type", "authorization"), at
        self.valued(p, at)
        return p

    def response(self, r, at):
        r = self.object("response", self.refer(r, "responses", at), at)
        for name, h in r.get("headers", {}).items():
            self.header(h, f"{at}/{name}")
        self.content(r.get("content", {}), at)

    def path(self, path, item):
        assert path.startswith("/"), path
        shape = re.sub(r"{\w+}", "{}", path)
        assert shape not in self.shapes, path
        self.shapes.add(shape)
        self.object("path item", item, path)
        for method in METHODS:
            if method in item:
                self.operation(path, item, method)

    def operation(self, path, item, method):
        o, at = item[method], f"{method} {path}"
        self.object("operation", o, at)
        assert o["operationId"] not in self.ids, at
        self.ids.add(o["operationId"])
        assert o["tags"] and set(o["tags"]) <= set(self.tags), at
        self.security(o.get("security", []), at)
        parameters = [self.parameter(p, at) for p in
                      item.get("parameters", []) + o.get("parameters", [])]
        names = [(p["in"], p["name"]) for p in parameters]
        assert len(set(names)) == len(names), at
        assert {n for i, n in names if i == "path"} == \
            set(re.findall(r"{(\w+)}", path)), at
        if "requestBody" in o:
            body = self.object("requestBody", o["requestBody"], at)
            self.content(body["content"], at)
        assert o["responses"], at
        for status, r in o["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d", status), (at, status)
            self.response(r, f"{at} {status}")


# ---- what a service answers ----

def closed(o):
    """The same, where no object has members that it does not name."""
    if isinstance(o, list):
        return [closed(x) for x in o]
    if not isinstance(o, dict):
        return o
    o = {name: closed(x) for name, x in o.items()}
    if o.get("type") == "object" and isinstance(o.get("properties"), dict):
        o.setdefault("additionalProperties", False)
    return o


class Operation:
    def __init__(self, document, path, item, method):
        self.path, self.method = path, method.upper()
        for name, value in item[method].items():
            setattr(self, name, value)
        self.parameters = {
            (p["in"], p["name"]): p for p in map(document.refer, item.get(
                "parameters", []) + item[method].get("parameters", []))}
        self.responses = {int(s): document.refer(r)
                          for s, r in self.responses.items()}
        security = item[method].get("security",
                                    document.document["security"])
        self.schemes = {name for s in security for name in s}
        self.roles = {role for s in security for roles in s.values()
                      for role in roles}
        self.body = getattr(self, "requestBody", None)

    def __repr__(self):
        return f"{self.operationId} ({self.method} {self.path})"


class Document:
    def __init__(self, document):
        Form(document)
        self.document = closed(copy.deepcopy(document))
        self.resolver = RefResolver("", self.document)
        self.operations = {}
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    o = Operation(self, path, item, method)
                    self.operations[o.operationId] = o
        # (operationId, status) and (operationId, in, name) that were met
        self.met, self.given = set(), set()

    def refer(self, o):
        return self.resolver.resolve(o["$ref"])[1] if "$ref" in o else o

    def conforms(self, schema, value, what):
        for e in Draft202012Validator(schema, resolver=self.resolver,
                                      format_checker=FormatChecker()
                                      ).iter_errors(value):
            raise AssertionError(f"{what}: {e.message}, of {value!r:.400}")

    def unmet(self):
        return {(o.operationId, s) for o in self.operations.values()
                for s in o.responses} - self.met

    def ungiven(self):
        return {(o.operationId, *p) for o in self.operations.values()
                for p in o.parameters} - self.given

    # one request

    def call(self, port, name, want, path=None, query=(), headers=(),
             body=None, token=None, type=0, raw=None):
        """Makes the request, and holds the answer against the document;
        `query`: pairs; `raw`: in place of the path."""
        o = self.operations[name]
        query, headers = list(query), list(headers)
        good = want < 400
        where = raw or self.fill(o, path or {}, good)
        for p, value in query:
            self.parameter(o, "query", p, value, good)
        for h, value in headers:
            if ("header", h) in o.parameters:
                self.parameter(o, "header", h, value, good)
        if query:
            where += "?" + urllib.parse.urlencode(query)
        if good and o.body:
            self.check_request(o, type or "application/json", body)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if token is not None:
            headers.append(("Authorization", token))
        if body is not None and type is not None:
            headers.append(("Content-Type", type or "application/json"))
        answer = send(port, o.method, where, headers, body)
        assert answer.status == want, \
            f"{o} {where}: {answer.status}, not {want}: {answer.text}"
        self.check(o, answer)
        return answer

    def check_request(self, o, type, body):
        media = o.body["content"][type]
        if "x-line" not in media:
            self.conforms(media["schema"], body, f"{o}'s body")
            return
        for line in body.decode().splitlines():
            self.conforms(media["x-line"], json.loads(line), f"{o}'s line")

    def fill(self, o, values, good):
        path = o.path
        for name, value in values.items():
            self.parameter(o, "path", name, value, good)
            path = path.replace("{%s}" % name,
                                urllib.parse.quote(value, safe=""))
        assert "{" not in path, (o, path)
        return path

    def parameter(self, o, where, name, value, good):
        assert (where, name) in o.parameters, f"{o} has no {name}"
        p = o.parameters[where, name]
        if not good:
            return
        self.given.add((o.operationId, where, name))
        if "content" in p:
            self.conforms(p["content"]["application/json"]["schema"],
                          json.loads(value), f"{o}'s {name}")
            return
        if p["schema"].get("type") in ("integer", "number", "boolean"):
            value = json.loads(value)
        if p["schema"].get("type") == "array":
            value = [value]
        self.conforms(p["schema"], value, f"{o}'s {name}")

    def check(self, o, answer):
        what = f"{o} {answer.status}"
        assert answer.status in o.responses, f"{what} is not in the document"
        r = o.responses[answer.status]
        self.met.add((o.operationId, answer.status))
        self.check_headers(r.get("headers", {}), answer, what)
        type = answer.headers.get("Content-Type")
        if not r.get("content") or ("x-may-have-no-body" in r and
                                    type is None):
            assert type is None and answer.text == "", f"{what}: {answer}"
            return
        assert type in r["content"], f"{what}: a body of type {type}"
        self.check_body(r["content"][type], type, answer.text, what)

    def check_headers(self, documented, answer, what):
        for name, h in documented.items():
            h, value = self.refer(h), answer.headers.get(name)
            assert value is not None or not h.get("required"), \
                f"{what}: no {name}"
            if value is not None:
                if h["schema"].get("type") == "integer":
                    value = int(value)
                self.conforms(h["schema"], value, f"{what}'s {name}")
        known = HEADERS | {x.lower() for x in documented}
        for name in answer.headers:
            assert name.lower() in known, f"{what}: header {name}"

    def check_body(self, media, type, text, what):
        schema = media["schema"]
        if re.search("[/+]json$", type):
            self.conforms(schema, json.loads(text), what)
            return
        self.conforms(schema, text, what)
        if "contentSchema" in schema:
            self.conforms(schema["contentSchema"], json.loads(text), what)
        for line in text.splitlines():
            if type == "text/event-stream":
                field, _, line = line.partition(":")
                if field != "data":
                    assert field in ("id", ""), line
                    continue
            if "x-line" in media and line.strip():
                self.conforms(media["x-line"], json.loads(line), what)


class Answer:
    def __init__(self, r):
        self.status, self.headers = r.status, r.headers
        # what is sealed is no text
        self.text = r.read().decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.text[:400]!r}"


def send(port, method, path, headers, body):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    c.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers:
        c.putheader(name, value)
    if body is not None:
        c.putheader("Content-Length", str(len(body)))
    c.endheaders(body)
    answer = Answer(c.getresponse())
    c.close()
    return answer
