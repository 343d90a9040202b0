#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a store has to answer, worked out without any of our code.

model.py lines SEED N [LACKS]	N resolved lines of all kinds, oldest not first
model.py pairs [LACKS]	lines of series of two numbers each, many of which a
	double can't tell apart
model.py ask LINES PLACE PROGRAM...	asks mfx-read-X each question, and says
	where an answer is not what the lines say
model.py batch LINES PLACE PROGRAM...	the same through one `--batch`
model.py same LINES ANSWER	says where all that a store has is not the lines

LACKS has words: twins (no two readings of one series and time), beyond (not
which one is greater, 2^63 or a whole number of 64 bits that is as near to it
as to be the same double).
"""
import base64
import collections
import functools
import json
import random
import re
import subprocess
import sys
from decimal import Decimal

INT64 = 2 ** 63
ENOUGH = 5      # wrong answers to know a store that is wrong
LABELS = ("channel", "publisher", "protocol", "subtopic")

# ---- the lines ----

TEXTS = ["", "on", "a\tb \"7\"", "line\nbreak\r", "\u0000nul\u0000", "é€😀",
         "'; DROP TABLE readings;--", "$1 `x` \\ %s", "".join(
             chr(i) for i in range(256)), "x" * 5000]
NUMBERS = ["0", "1", "-1", "21.5", "0.1", "0.30000000000000004",
           "9007199254740993", "9223372036854775807", "-9223372036854775808",
           "1e300", "-2.2250738585072014e-308", "1.7976931348623157e308",
           "123456789.01234567", "-0.000012345678901234567", "3"]
CHANNELS = ["c1", "c2", "c3", "a'b\"c", "co,mma =", "new\nline", "$x\\", "é*",
            "[x]"]
UNITS = [None, None, "Cel", "%RH", "km/h", "q'u\"o,te", "°", "a b\n"]


def value(rng, i):
    """members of a record that say what was read"""
    kind = rng.choice("nnnnnsbdSB")
    if kind == "n":
        text = rng.choice(NUMBERS) if rng.random() < .3 else \
            "%d.%d" % (rng.randrange(60), rng.choice((0, 25, 5, 75)))
        return {"v": Decimal(text)}
    if kind == "s":
        return {"vs": rng.choice(TEXTS)}
    if kind == "b":
        return {"vb": rng.random() < .5}
    if kind == "d":
        data = rng.choice((b"", b"\x00\xff", bytes(range(256)), b"x%d" % i))
        out = {"vd": base64.urlsafe_b64encode(data).decode().rstrip("=")}
        if rng.random() < .5:
            out["ct"] = rng.choice(("text/plain", "60", 'text/csv;header="no"'))
        return out
    out = {"s": Decimal("%d.5" % rng.randrange(100))}
    if kind == "B":
        out["v"] = Decimal(rng.randrange(100))
        out["ut"] = Decimal("60.5")
    return out


def dump(o):
    """JSON that keeps the digits of numbers"""
    return "{%s}" % ",".join("%s:%s" % (json.dumps(k), str(v) if isinstance(
        v, Decimal) else json.dumps(v, ensure_ascii=False))
        for k, v in o.items())


def lines(seed, n, lacks=()):
    rng = random.Random(seed)
    taken = set()
    while n > 0:
        o = {"channel": rng.choice(CHANNELS),
             "publisher": "p%d" % rng.randrange(3),
             "protocol": rng.choice(("http", "mqtt"))}
        if rng.random() < .7:
            o["subtopic"] = rng.choice(("a.b", "a.c", "x"))
        if rng.random() < .05:
            o["bver"] = 26
        o["n"] = "dev%d:%s" % (rng.randrange(4), rng.choice(("t", "h/1")))
        unit = rng.choice(UNITS)
        if unit is not None:
            o["u"] = unit
        o.update(value(rng, n))
        ns = rng.choice((rng.randrange(40) * 10 ** 9,
                         rng.randrange(4000 * 10 ** 9)))
        if rng.random() < .01:
            ns -= 1700000000 * 10 ** 9 + 5 * 10 ** 9
        ns += 1700000000 * 10 ** 9
        o["t"] = Decimal(ns).scaleb(-9)
        o["t"] = Decimal(format(o["t"].normalize(), "f"))
        r = Record(o)
        if "twins" in lacks and (r.series, r.ns) in taken:
            continue
        taken.add((r.series, r.ns))
        order = [k for k in ("channel", "publisher", "protocol", "subtopic",
                 "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut",
                             "ct") if k in o]
        print(dump({k: o[k] for k in order}))
        n -= 1


NEAR = ["9007199254740991", "9007199254740992", "9007199254740993",
        "-9007199254740992", "-9007199254740993", "9223372036854774784",
        "9223372036854775806", "9223372036854775807", "9223372036854775808",
        "-9223372036854775807", "-9223372036854775808", "1e19", "0.5"]


def pairs(lacks=()):
    for i, a in enumerate(NEAR):
        for k, b in enumerate(NEAR):
            if "beyond" in lacks and float(a) == float(b) == 2.0 ** 63 and \
                    str(INT64) in (a, b) and a != b:
                continue
            # what is left of a sum of both would be what doubles lose
            if float(a) * float(b) < 0:
                continue
            for t, v in enumerate((a, b)):
                print(dump({"channel": "pair", "publisher": "p%d" % i,
                            "protocol": "http", "n": "dev:%d" % k,
                            "v": Decimal(v), "t": 1700000000 + t}))


# ---- a record ----

def canonical(number):
    """whole numbers of 64 bits as they are, others as the nearest double"""
    d = Decimal(number)
    if d == d.to_integral_value() and -INT64 <= d < INT64:
        return int(d)
    return float(d)


class Record:
    def __init__(self, o):
        self.o = o
        self.ns = int(Decimal(o["t"]).scaleb(9))
        self.labels = {k: o.get(k, "") for k in LABELS}
        self.name, self.unit = o["n"], o.get("u", "")
        self.kind, self.value = next(((k, o[k]) for k in (
            "v", "vs", "vb", "vd") if k in o), ("none", None))
        if self.kind == "v":
            self.value = canonical(self.value)
        self.series = tuple(self.labels.values()) + (
            self.name, self.unit, self.kind, o.get("ct", ""),
            o.get("bver", 10))

    def seen(self):
        """all that it says, to be compared"""
        o = self.o
        return (self.series, self.ns, repr(self.value)) + tuple(
            repr(canonical(o[k])) if k in o else None for k in ("s", "ut"))


def parse(text):
    return Record(json.loads(text, parse_float=Decimal, parse_int=Decimal))


# ---- the questions ----

@functools.cache
def glob_matches(pattern):
    """* ? [a-z] [!a-z]; no escapes"""
    out, i = "", 0
    while i < len(pattern):
        c = pattern[i]
        if c == "[":
            end = pattern.index("]", i + 2)
            inside = pattern[i + 1:end].replace("\\", "\\\\")
            out += "[" + ("^" + inside[1:] if inside[0] in "!^" else
                          inside.replace("^", "\\^")).replace("[", "\\[") + "]"
            i = end
        else:
            out += {"*": ".*", "?": "."}.get(c, re.escape(c))
        i += 1
    return re.compile(out, re.S).fullmatch


def compares(text, r):
    op = next((o for o in ("!=", "<=", ">=", "==", "<", ">", "=")
               if text.startswith(o)), "")
    text = text[len(op):].lstrip(" ")
    op = {"": "=", "==": "="}.get(op, op)
    if re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?", text):
        kind, than = "v", float(text)
    elif text in ("true", "false"):
        kind, than = "vb", text == "true"
    elif text.startswith("vd:"):
        kind, than = "vd", text[3:]
    else:
        kind = "vs"
        than = text[1:-1] if re.fullmatch('".*"', text, re.S) else text
    if r.kind != kind:
        return False
    have = float(r.value) if kind == "v" else r.value
    return {"=": lambda: have == than, "!=": lambda: have != than,
            "<": lambda: have < than, "<=": lambda: have <= than,
            ">": lambda: have > than, ">=": lambda: have >= than}[op]()


def matches(q, r):
    for k in LABELS + ("name",):
        have = r.name if k == "name" else r.labels[k]
        if k in q and not any(glob_matches(g)(have) for g in q[k]):
            return False
    if "unit" in q and r.unit not in q["unit"]:
        return False
    values = q.get("value", ())
    equal = [v for v in values if re.match("=|[^!<>]", v)]
    return (all(compares(v, r) for v in values if v not in equal) and
            (not equal or any(compares(v, r) for v in equal)) and
            q.get("from", -INT64) <= r.ns < q.get("to", INT64))


def aggregated(q, records):
    """{(series, time): value}; the value of `last` is the whole record"""
    every, what = q.get("every"), q["aggregate"]
    groups = collections.defaultdict(list)
    for r in records:
        if what in ("count", "last") or r.kind == "v":
            groups[r.series, r.ns // every * every if every else None
                   ].append(r)
    out = collections.Counter()
    answer = []
    for (series, start), those in groups.items():
        last = max(those, key=lambda r: r.ns)       # the first of these …
        last = [r for r in those if r.ns == last.ns][-1]    # … the newest
        ns = last.ns if start is None else start
        if what == "count":
            series = series[:5] + ("", "v", "", 10)
        values = [r.value for r in those]
        v = {"count": lambda: len(those), "min": lambda: min(values),
             "max": lambda: max(values), "sum": lambda: sum(
                 map(float, values)), "last": lambda: last.seen()[2:],
             "avg": lambda: sum(map(float, values)) / len(values)}[what]()
        if what in ("sum", "avg") and abs(v) == float("inf"):
            continue
        answer.append((series, ns, v))
    return answer


def expected(q, records):
    records = [r for r in records if matches(q, r)]
    if "aggregate" in q:
        return aggregated(q, records)
    return [r.seen() for r in records]


QUESTIONS = [
    {}, {"channel": ["c1"]}, {"channel": ["c[12]", "a'b\"c"]},
    {"channel": ["c[!1]"]}, {"channel": ["[[]x]"]}, {"channel": ["é[*]"]},
    {"channel": ["new\nline", "co,*"]}, {"channel": ["*"]},
    {"channel": ["$x\\"]}, {"channel": ["none"]}, {"channel": ["' OR 1=1"]},
    {"publisher": ["p1"]}, {"publisher": ["?1", "p[0-1]"]},
    {"protocol": ["http"]}, {"protocol": ["m*"]}, {"subtopic": [""]},
    {"subtopic": ["a.*"]}, {"subtopic": ["a.b", ""]}, {"name": ["dev1:t"]},
    {"name": ["*:h/1"]}, {"name": ["dev[1-3]:?"]}, {"unit": ["Cel"]},
    {"unit": [""]}, {"unit": ["q'u\"o,te", "°", "a b\n"]},
    {"value": [">=20"]}, {"value": [">20", "<=30.5"]}, {"value": ["=3", "21.5"]},
    {"value": ["!=3"]}, {"value": ["true"]}, {"value": ["!=true"]},
    {"value": ["=on"]}, {"value": ['="on"', "3"]}, {"value": ["!=on"]},
    {"value": ['=""']}, {"value": ["=vd:AP8"]}, {"value": ["!=vd:AP8"]},
    {"value": ["='; DROP TABLE readings;--"]}, {"value": ["9007199254740993"]},
    {"from": 1700000010 * 10 ** 9}, {"to": 1700000010 * 10 ** 9},
    {"from": 1700000010 * 10 ** 9 + 1, "to": 1700000100 * 10 ** 9},
    {"from": -10 * 10 ** 9, "to": 10 ** 9},
    {"channel": ["c*"], "name": ["*:t"], "value": [">10"], "unit": ["Cel"],
     "from": 1700000000 * 10 ** 9, "to": 1700003000 * 10 ** 9},
]
for aggregate in ("avg", "min", "max", "sum", "count", "last"):
    for more in ({}, {"every": 60 * 10 ** 9}, {"every": 10 ** 9 // 2},
                 {"every": 7 * 10 ** 9, "channel": ["c1"], "value": [">1"]},
                 {"every": 3600 * 10 ** 9, "unit": ["Cel", ""]}):
        QUESTIONS.append(dict(more, aggregate=aggregate))
QUESTIONS += [{"name": ["*:t"], "value": ["<50", ">2"], "aggregate": a}
              for a in ("avg", "last", "count")]
RANGES = [{"limit": 7}, {"offset": 5}, {"limit": 10, "offset": 30},
          {"limit": 0}, {"limit": 3, "offset": 10 ** 6},
          {"limit": 10 ** 9, "offset": 100}]


# ---- how it is asked ----

def time(ns):
    """as an option: seconds before 1970 would be taken for a time ago"""
    if ns >= 0:
        return format(Decimal(ns).scaleb(-9), "f")
    day = 86400 * 10 ** 9
    ns += day
    return "1969-12-31T%02d:%02d:%02d.%09dZ" % (
        ns // (3600 * 10 ** 9), ns // (60 * 10 ** 9) % 60,
        ns // 10 ** 9 % 60, ns % 10 ** 9)


class Options:
    """one program for each question"""

    def __init__(self, command, place):
        self.command, self.place = command, place

    def ask(self, q):
        args = []
        for k, v in q.items():
            for one in v if isinstance(v, list) else [v]:
                if k in ("from", "to"):
                    one = time(one)
                elif k == "every":
                    one = "%dms" % (one // 10 ** 6)
                args.append("--%s" % k if one is True else
                            "--%s=%s" % (k, one))
        p = subprocess.run(self.command + args + [self.place],
                           capture_output=True)
        return p.stdout, p.returncode, p.stderr.decode()


class Batch:
    """one program for all of them"""

    def __init__(self, command, place):
        self.p = subprocess.Popen(command + ["--batch", place],
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)

    def ask(self, q):
        q = {k: Decimal(v).scaleb(-9) if k in ("from", "to") else
             "%dms" % (v // 10 ** 6) if k == "every" else v
             for k, v in q.items()}
        text = "{%s}" % ",".join("%s:%s" % (json.dumps(k), format(
            v, "f") if isinstance(v, Decimal) else json.dumps(v))
            for k, v in q.items())
        self.p.stdin.write(text.encode() + b"\n")
        self.p.stdin.flush()
        out = b""
        while True:
            line = self.p.stdout.readline()
            if line == b"":
                return out, -1, "it ended"
            if line.startswith(b"end "):
                return out, int(line.split()[1]), line.decode()
            out += line


class Wrong(Exception):
    pass


def need(true, what, *more):
    if not true:
        raise Wrong(": ".join(map(str, (what,) + more)))


def records_of(out):
    need(out == b"" or out.endswith(b"\n"), "a line that is torn")
    return [parse(line) for line in out.decode().split("\n")[:-1]]


def difference(got, want):
    got, want = collections.Counter(got), collections.Counter(want)
    return "missing %s, too many %s" % (
        list((want - got).elements())[:2], list((got - want).elements())[:2])


def compare(q, got, want):
    if q.get("aggregate") in ("avg", "sum"):
        key = [(r.series, r.ns) for r in got]
        need(sorted(key) == sorted(w[:2] for w in want), "series and times",
             difference(key, [w[:2] for w in want]))
        by = collections.defaultdict(list)
        for r in got:
            by[r.series, r.ns].append(float(r.value))
        for series, ns, v in want:
            have = by[series, ns].pop()
            need(abs(have - v) <= 1e-9 * max(abs(v), 1), "a number", series,
                 have, v)
    else:
        have = [r.seen() for r in got]
        if "aggregate" in q and q["aggregate"] != "last":
            have = [(r.series, r.ns, r.value) for r in got]
        elif "aggregate" in q:
            have = [(r.series, r.ns, r.seen()[2:]) for r in got]
        need(collections.Counter(have) == collections.Counter(want),
             "records", difference(have, want))


def in_order(q, got, stored):
    """by time; those of one series and time as they were stored"""
    times = [r.ns for r in got]
    need(times == sorted(times), "not by time")
    if "aggregate" in q:
        return
    each = collections.defaultdict(list)
    for r in got:
        each[r.series, r.ns].append(r.seen())
    for key, seen in each.items():
        need(seen == stored[key] or len(seen) < len(stored[key]),
             "one series and time: not as stored", key)


def one(asker, q, records, stored):
    want = expected(q, records)
    out, status, err = asker.ask(q)
    beyond = status == 65 and q.get("aggregate") in ("avg", "sum")
    need(status == (0 if want else 1) or beyond, "status", status, err)
    got = records_of(out)
    compare(q, got, want)
    in_order(q, got, stored)
    back, _, _ = asker.ask(dict(q, order="desc"))
    need(out.splitlines() == back.splitlines()[::-1], "desc is not the reverse")
    n, _, _ = asker.ask(dict(q, count=True))
    need(int(n) == len(got) or beyond, "count", int(n), len(got))
    return out.splitlines(), back.splitlines()


def ranges(asker, q, full, order):
    for more in RANGES:
        begin = more.get("offset", 0)
        want = full[begin:][:more.get("limit", len(full))]
        out, status, err = asker.ask(dict(q, order=order, **more))
        need(out.splitlines() == want, more, order, len(out.splitlines()),
             len(want), err)
        need(status == (0 if want else 1), more, "status", status)
        n, _, _ = asker.ask(dict(q, count=True, **more))
        need(int(n) == len(want), more, "count", int(n), len(want))


def stored_as(path):
    """the records of lines, and of each series and time in their order"""
    with open(path, "rb") as f:
        records = records_of(f.read())
    stored = collections.defaultdict(list)
    for r in records:
        stored[r.series, r.ns].append(r.seen())
    return records, stored


def same(path, answer):
    """all of them, once, by time?"""
    records, stored = stored_as(path)
    with open(answer, "rb") as f:
        got = records_of(f.read())
    try:
        compare({}, got, [r.seen() for r in records])
        in_order({}, got, stored)
    except Wrong as e:
        print(str(e)[:600])
        return 1
    return 0


def ask(asker, path):
    records, stored = stored_as(path)
    bad = 0
    for i, q in enumerate(QUESTIONS):
        try:
            full, back = one(asker, q, records, stored)
            if i % 6 == 0:
                ranges(asker, q, full, "asc")
                ranges(asker, q, back, "desc")
        except Wrong as e:
            bad += 1
            print("%s: %s" % (q, str(e)[:600]))
            if bad == ENOUGH:
                print("and the others are not asked")
                break
    print("%d questions, %d wrong" % (len(QUESTIONS), bad))
    return bad > 0


if __name__ == "__main__":
    if sys.argv[1] == "lines":
        lines(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
    elif sys.argv[1] == "pairs":
        pairs(sys.argv[2:])
    elif sys.argv[1] == "same":
        sys.exit(same(*sys.argv[2:]))
    else:
        how = {"ask": Options, "batch": Batch}[sys.argv[1]]
        sys.exit(ask(how(sys.argv[4:], sys.argv[3]), sys.argv[2]))
