#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Packs and records at the edges of what mfx-line(5) takes, one a line.

own_output.py SEED N
"""
import json
import random
import sys

r = random.Random(int(sys.argv[1]))
TEXTS = ["", "a", "\u00e9", "\u20ac\U0001f600", "q\"\\/", "\x00", "\x1f\x7f",
         "\u0085\u009f", "\ufffe", "\ufdd0", "\u202e\u2066", "\ufeff",
         "{\"seq\":7,", ",\"t\":5", "x" * 500, "\r", "\t\n"]
NAMES = ["a", "0", "dev:1/", "urn:dev:mac:0024befffe804ff1_", "A-B.c/d:e_f",
         "n" * 400]
UNITS = ["", "Cel", "K", "%RH", "%", "km", "ms", "min", "degF", "dBm", "GB",
         "kWh", "bar", "unknown", "\u00e9\u0085"]
# digits that survive, and the range of a double from both ends
NUMBERS = ["0", "-0", "0.0", "-0.5e-3", "1", "21.50", "1e2", "1E2", "1E+2",
           "9007199254740993", "9223372036854775807", "-9223372036854775808",
           "9223372036854775808", "18446744073709551616", "0.1", "5e-324",
           "1e-400", "1.7976931348623157e308", "-1.7976931348623157e308",
           "1.7e308", "0.%s1" % ("0" * 350), "1" + "0" * 300,
           "123456789012345678901234567890.5"]
TIMES = ["0", "1", "-1", "0.000000001", "-0.5", "268435455",
         "268435455.999999999", "268435456", "1700000000",
         "1700000000.123456789", "9223372036.854775807",
         "-9223372036.854775808", "1.7e9", "-86400.25"]


class Digits(float):
    """a number that is written as its digits are"""


def text(pairs):
    return "{" + ",".join(json.dumps(k, ensure_ascii=r.random() < 0.5) + ":" +
                          v for k, v in pairs) + "}"


def string(s):
    return json.dumps(s, ensure_ascii=r.random() < 0.5)


def value():
    kind = r.choice("vvvvvsbd+")
    if kind == "v":
        return [("v", r.choice(NUMBERS))]
    if kind == "s":
        return [("vs", string(r.choice(TEXTS)))]
    if kind == "b":
        return [("vb", r.choice(["true", "false"]))]
    if kind == "d":
        return [("vd", string(r.choice(["", "AQID", "_-8"])))] + r.choice(
            [[], [("ct", '"text/plain"')], [("ct", '"60"')],
             [("ct", '"application/json;x=\\"a b\\"@deflate"')]])
    return [("s", r.choice(NUMBERS))]


def route():
    return [("channel", string(r.choice("CD"))), ("publisher", '"T"')] + \
        r.choice([[], [("protocol", '"http"')]]) + \
        r.choice([[], [("subtopic", string(r.choice(["a", "a.b", "\u00e9"])))]])


def record(times):
    u = r.choice(UNITS)
    return [("n", string(r.choice(NAMES)))] + \
        ([("u", string(u))] if u else []) + value() + \
        [("t", r.choice(times))] + \
        ([("ut", r.choice(["0", "60", "1.5"]))] if r.random() < 0.1 else [])


for i in range(int(sys.argv[2])):
    if r.random() < 0.5:
        v = [("bver", "26")] if r.random() < 0.3 else []
        print(text(route() + v + record(TIMES)))
        continue
    # relative times stay within what 64 bits hold, from 2023 on
    times = [t for t in TIMES if abs(float(t)) < 3e9]
    first = route() + [("received", "1700000000.5")]
    if r.random() < 0.3:
        first.append(("bver", "26"))
    if r.random() < 0.5:
        first.append(("bn", string(r.choice(NAMES))))
    if r.random() < 0.3:
        first.append(("bu", string(r.choice(UNITS[1:]))))
    if r.random() < 0.2:
        first.append(("bt", "1600000000"))
        times = ["0", "5.25", "-1000"]
    if r.random() < 0.2:
        first.append(("bv", r.choice(["0.1", "-5", "1e300"])))
    print("[" + ",".join([text(first + record(times))] + [
        text(record(times)) for _ in range(r.randrange(5))]) + "]")
