#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seeded streams for tests/encode.bats.
#   encode.py inverse FORMAT [lines]  what is encoded resolves to the same
#   encode.py acknowledge             seq is exact wherever a sink cuts
import decimal, json, random, subprocess, sys

decimal.getcontext().prec = 60
NOW = "1700000000"

# ---- hostile records ----

NAMES = ["a", "ab", "abc", "abc:", "abc:d", "abc:d:e", "abc:f", "b", "0",
    "urn:dev:ow:10e2073a01080063", "urn:dev:ow:10e2073a01080063:temp",
    "urn:dev:ow:10e2073a01080063:hum", "urn:dev:ow:10e2073a01080064:temp",
    "x/1", "x/10", "x/2", "x/2_-.:", "z" * 300, "z" * 299 + "y"]
UNITS = [None, None, "", "Cel", "Cel", "%RH", "V", "\u00e9", '<&>"\'\\',
    "a b", "tab\tcr\rlf\n", "u" * 300, "\U0001f600"]
WILD = ["\0", "a\x01b", "\x1f\x7f\x80", "\ufffe\uffff"]
TEXTS = ["", "on", '<&>"\'\\', "tab\tcr\rlf\n", " sp ", "]]>", "&amp;",
    "\u00e9\u2028\U0001f600", "x" * 400, "\x7f\x80"]
NUMBERS = ["0", "-0", "0.0", "1", "-1", "21.50", "21.5", "0.1", "1e5",
    "1E+5", "1.5e-7", "100", "1e2", "255", "256", "65536", "-24", "-25",
    "4294967296", "9007199254740991", "9007199254740993",
    "18446744073709551615", "-18446744073709551615", "1844674407370955161e1",
    "0.12345678901234567", "12345678901234567", "1234567890.1234567",
    "-9.8765432109876543e-12", "1.7976931348623157e308", "5e-324",
    "2.2250738585072014e-308", "1e22", "1e23", "123456789e-30",
    "0.30000000000000004", "1.0000000000000001", "65504", "65505.5",
    "0.00006103515625", "5.960464477539063e-8", "1e-400", "33554433.5",
    "99999999999999999999", "3.14159265358979323846264338327950288",
    "1" + "0" * 300, "0." + "0" * 50 + "1"]
TYPES = [None, "text/plain", "text/plain", "60", "application/cbor",
    'text/csv;header="a<b"@gzip']


def number(rnd):
    if rnd.random() < 0.5:
        return rnd.choice(NUMBERS)
    digits = str(rnd.randrange(10 ** rnd.randrange(1, 19)))
    if rnd.random() < 0.7:
        digits += "." + str(rnd.randrange(10 ** rnd.randrange(1, 6)))
    if rnd.random() < 0.2:
        digits += "e%d" % rnd.randrange(-30, 30)
    return rnd.choice(["", "-"]) + digits


def time(rnd, last):
    how = rnd.randrange(8)
    if how < 3:
        return last
    if how < 5:
        return last + rnd.randrange(-3, 9) * 10 ** 9
    if how == 5:
        return last + rnd.randrange(10 ** rnd.randrange(1, 12))
    if how == 6:
        return rnd.choice([268435456 * 10 ** 9, 268435456 * 10 ** 9 + 1,
            9223372036854775807, 1700000000123456789])
    return 1700000000 * 10 ** 9 + rnd.randrange(1000) * 10 ** 7


def record(rnd, t, wild):
    r = [("n", json.dumps(rnd.choice(NAMES)))]
    unit = rnd.choice(UNITS + (WILD if wild else []))
    if unit is not None:
        r.append(("u", json.dumps(unit)))
    kind = rnd.randrange(7)
    if kind < 3:
        r.append(("v", number(rnd)))
    elif kind == 3:
        r.append(("vs", json.dumps(rnd.choice(TEXTS +
            (WILD if wild else [])))))
    elif kind == 4:
        r.append(("vb", rnd.choice(["true", "false"])))
    elif kind == 5:
        r.append(("vd", json.dumps(rnd.choice(["", "AA", "AAEC", "_-8",
            "A" * 400]))))
        ct = rnd.choice(TYPES)
        if ct is not None:
            r.append(("ct", json.dumps(ct)))
    if kind == 6 or rnd.random() < 0.1:
        r.append(("s", number(rnd)))
    r.append(("t", "%d.%09d" % divmod(t, 10 ** 9)))
    if rnd.random() < 0.1:
        r.append(("ut", number(rnd)))
    return r


def line(labels, r):
    return "{%s}" % ",".join('"%s":%s' % m for m in labels + r)


# a base pack, so that sums and relative times come in too
def pack(rnd, labels):
    first = labels + [("received", NOW), ("bn", '"abc"'),
        ("bt", rnd.choice(["0", "1700000000.25", "-5"])), ("bv", "0.1"),
        ("bu", '"Cel"'), ("v", number(rnd) if rnd.random() < 0.5 else "1")]
    return "[%s,%s,%s]" % (line([], first), '{"n":":x","v":0.2,"t":-1.5}',
        '{"n":":y","u":"","vs":"s","bs":3,"s":0.7,"t":0.000000001}')


def stream(rnd, routes, versions, wild):
    t = 1700000000 * 10 ** 9
    out = []
    for _ in range(rnd.randrange(1, 120)):
        labels = rnd.choice(routes)
        if rnd.random() < 0.1:
            out.append(pack(rnd, labels))
            continue
        t = min(max(time(rnd, t), 268435456 * 10 ** 9), 2 ** 63 - 1)
        version = rnd.choice(versions)
        out.append(line(labels + ([("bver", version)] if version else []),
            record(rnd, t, wild)))
    return out


# ---- equal as SenML ----

class Number(str):
    def exact(self):
        d = decimal.Decimal(self).normalize(decimal.Context(prec=400))
        sign, digits, exponent = d.as_tuple()
        return (sign, int("".join(map(str, digits))), exponent) if d else 0

    def __eq__(self, got):
        e = self.exact()
        # more than 64 bits, and next to nothing, may become what the
        # nearest double says
        return isinstance(got, Number) and (e == got.exact() or e and
            (e[1] >= 2 ** 64 or abs(float(self)) < sys.float_info.min) and
            float(self) == float(got))

    __hash__ = str.__hash__


def resolved(lines):
    groups = {}
    for text in lines:
        r = json.loads(text, parse_float=Number, parse_int=Number)
        key = tuple(r.pop(k, None) for k in
            ("channel", "publisher", "protocol", "subtopic"))
        groups.setdefault((key, r.get("bver")), []).append(r)
    return groups


def run(*args, given):
    p = subprocess.run(args, input=given, stdout=-1, stderr=-1)
    assert p.returncode == 0, (args, p.stderr[:500])
    return p.stdout


def inverse(form, lines):
    routes = [[]]
    decode = "lines" if lines else form
    if lines:
        routes = [[], [("channel", '"c"')], [("channel", '"c"'),
            ("publisher", '"p"'), ("subtopic", '"\\u00e9.b"')]]
    for seed in range(80):
        rnd = random.Random(seed)
        versions = [None, "26", "5"] if form[:6] != "sensml" else \
            [rnd.choice([None, "26"])]
        text = stream(rnd, routes, versions, form != "xml")
        # a pack has no version of ours
        if form[:6] == "sensml" and versions[0]:
            text = [l for l in text if l[0] == "{"]
        given = ("\n".join(text) + "\n").encode()
        args = ["-t", form]
        if form[:6] != "sensml":
            args += ["-n", str(rnd.choice([1, 2, 7, 1000])), "--max-bytes",
                str(rnd.choice([900, 2000, 1000000]) * (5 if form == "xml"
                else 1)), "--lines" if lines else "--payload"]
        out = run("mfx-encode", *args, given=given)
        back = run("mfx-normalize", "-t", decode, "--input-order", given=out)
        want = resolved(run("mfx-normalize", given=given).splitlines())
        got = resolved(back.splitlines())
        assert want.keys() == got.keys(), (seed, args)
        for key, records in want.items():
            assert len(records) == len(got[key]), (seed, args, key)
            for w, g in zip(records, got[key]):
                assert w == g, (seed, args, key, w, g)


# ---- acknowledgement ----

# where a line without a part is: after all parts
END = 1 << 31


# messages as lines, and (position, id) of each record
def messages(rnd):
    lines, ids, seq = [], [], 0
    for i in range(rnd.randrange(1, 80)):
        seq += rnd.randrange(1, 9)
        form = rnd.randrange(7)
        if form == 0:
            lines.append('{"seq":%d}' % seq)
            continue
        if form == 1 and rnd.random() < 0.5:
            lines.append('{"seq":%d,"n":"a","v":1,"t":-1690000000}' % seq)
            continue
        names = ["%d.%d" % (i, k) for k in range(rnd.randrange(1, 5))]
        channel = "c%d" % rnd.randrange(4)
        rs = [{"n": x, "v": 1, "t": 1700000000} for x in names]
        if form == 2:
            rs[0] = {"channel": channel, "seq": seq, **rs[0]}
            lines.append(json.dumps(rs, separators=(",", ":")))
            ids += [((seq, END), x) for x in names]
            continue
        for k, r in enumerate(rs):
            labels, place = {"channel": channel}, END
            if form >= 4 or k == len(rs) - 1:
                labels["seq"] = seq
            if form >= 4 and k < len(rs) - 1:
                labels["part"] = place = k + 1
            # as grep leaves some out, the end too
            if form == 6 and rnd.random() < 0.5:
                continue
            ids.append(((seq, place), r["n"]))
            lines.append(json.dumps({**labels, **r}, separators=(",", ":")))
    lines.append('{"seq":%d}' % (seq + 1))
    return lines, ids, (seq + 1, END)


def feed(args, text, rnd):
    p = subprocess.Popen(args, stdin=-1, stdout=-1, stderr=-3)
    # little at a time: all of it fits into the pipes
    while text:
        n = rnd.choice([1, 20, 100, 1000])
        p.stdin.write(text[:n])
        p.stdin.flush()
        text = text[n:]
    return p.communicate()[0]


def acknowledge():
    cuts = 0
    for seed in range(120):
        rnd = random.Random(seed)
        lines, ids, last = messages(rnd)
        args = ["mfx-encode", "-n", str(rnd.choice([1, 2, 5, 1000])),
            "--every", rnd.choice(["0", "1ms", "1h"]),
            "--max-bytes", rnd.choice(["150", "1000", "1M"]), "--lines",
            "-t", rnd.choice(["json", "cbor", "xml"])]
        out = feed(args, ("\n".join(lines) + "\n").encode(), rnd)
        back = run("mfx-normalize", "--input-order", given=out)
        seen, told = [], (0, 0)
        for text in back.decode().splitlines():
            r = json.loads(text)
            if "n" in r:
                seen.append(r["n"])
            if "seq" in r:
                place = (r["seq"], r.get("part", END))
                assert place > told, (seed, text, out)
                told = place
                cuts += 1
                assert sorted(seen) == sorted(x for s, x in ids
                    if s <= told), (seed, args, text)
        assert told == last, (seed, told, last)
        assert len(seen) == len(ids)
    assert cuts > 500, cuts


if sys.argv[1] == "inverse":
    inverse(sys.argv[2], len(sys.argv) > 3)
else:
    acknowledge()
