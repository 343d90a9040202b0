#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lines that are hard to read, to each filter: filters_hostile.py

Each line of the table comes between two sound ones.  Every filter has to end
by itself with the documented status, to pass on what is sound, to take or
refuse the line as all others do, and to name the place of a refused one and
hand it to --rejects as it came.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

TIME = 1700000000
MAX = 1048576       # of a line, its newline included
MEMORY = 256 << 10  # KiB of any filter
TAKEN, REFUSED = "taken", "refused"


def record(*, name='"n":"a"', value='"v":1', time=f'"t":{TIME}', more=""):
    return "{" + ",".join(x for x in (name, value, time, more) if x) + "}"


def padded(n, kind):
    """a line of n bytes with its newline"""
    head, tail = {
        "space": ('{"n":"a","v":1,' + f'"t":{TIME}', "}"),
        "text": ('{"n":"a","vs":"', f'","t":{TIME}}}'),
        "label": ('{"n":"a","v":1,"x":"', f'","t":{TIME}}}'),
    }[kind]
    fill = " " if kind == "space" else "x"
    return head + fill * (n - 1 - len(head) - len(tail)) + tail


def pack(n, one=None, first=None):
    one = one or '{"n":"a","v":1}'
    return "[" + ",".join([first or one] + [one] * (n - 1)) + "]"


def nested(n, how):
    return record(more={
        "array": '"x":' + "[" * n + "]" * n,
        "object": '"x":' + '{"a":' * n + "1" + "}" * n,
    }[how])


# name, the line (bytes, or text of ASCII), what becomes of it
LINES = [
    ("sound", record(), TAKEN),
    ("sound pack", f'[{{"received":{TIME},"n":"a","v":1}}]', TAKEN),
    ("empty", "", TAKEN),
    ("CR at the end", record() + "\r", TAKEN),
    ("CR alone", "\r", TAKEN),
    ("CR as white space", '{"n":"a",\r"v":1,' + f'"t":{TIME}}}', TAKEN),
    ("CR in a text", '{"n":"a\rb","v":1}', REFUSED),
    ("two CR", record() + "\r\r", TAKEN),
    # other things than messages
    ("text", "hello", REFUSED),
    ("number", "1", REFUSED),
    ("string", '"x"', REFUSED),
    ("null", "null", REFUSED),
    ("white space", "  ", REFUSED),
    ("white space in front", " " + record(), TAKEN),
    ("NUL alone", b"\0", REFUSED),
    ("NUL in front", b"\0" + record().encode(), REFUSED),
    ("NUL at the end", record().encode() + b"\0", REFUSED),
    ("NUL in a text", b'{"n":"a\0b","v":1}', REFUSED),
    ("NUL as an escape", record(value='"vs":"a\\u0000b"'), TAKEN),
    ("BOM", b"\xef\xbb\xbf" + record().encode(), REFUSED),
    ("BOM of UTF-16", b"\xff\xfe" + record().encode("utf-16-le"), REFUSED),
    ("BOM in a text", record(value='"vs":"\\ufeff"'), TAKEN),
    ("form feed", record() + "\f", REFUSED),
    ("no-break space", record().encode() + b"\xc2\xa0", REFUSED),
    # torn
    *((f"torn at {i}", record()[:i], REFUSED)
      for i in (1, 2, 4, 7, 10, 14, -2, -1)),
    ("torn pack", '[{"n":"a","v":1}', REFUSED),
    ("torn after a comma", '[{"n":"a","v":1},', REFUSED),
    ("two records", record() + record(), REFUSED),
    ("more after it", record() + "x", REFUSED),
    ("comma after it", record() + ",", REFUSED),
    ("brackets crossed", '[{"n":"a","v":1]}', REFUSED),
    ("comma too many", '{"n":"a","v":1,}', REFUSED),
    ("comma too few", '{"n":"a" "v":1}', REFUSED),
    ("single quotes", "{'n':'a','v':1}", REFUSED),
    ("no quotes", "{n:1}", REFUSED),
    ("a comment", '{"n":"a",/**/"v":1}', REFUSED),
    # lengths
    *((f"{n - MAX:+} bytes, {kind}", padded(n, kind),
       TAKEN if n <= MAX else REFUSED)
      for n in (MAX, MAX + 1, MAX + 2) for kind in ("space", "label")),
    ("much too long", padded(4 * MAX, "label"), REFUSED),
    ("a text of 900 KB", padded(900000, "text"), TAKEN),
    # nesting
    *((f"{n} {how}s", nested(n, how), None)
      for n in (60, 64) for how in ("array", "object")),
    *((f"{n} {how}s", nested(n, how), REFUSED)
      for n in (1000, 100000) for how in ("array", "object")),
    ("open brackets", "[" * (MAX - 1), REFUSED),
    ("open braces", '{"a":' * 200000, REFUSED),
    ("pack in a pack", '[[{"n":"a","v":1}]]', REFUSED),
    # members
    ("a name twice", '{"n":"a","n":"b","v":1}', REFUSED),
    ("a value twice", '{"n":"a","v":1,"v":2}', REFUSED),
    ("a name twice, escaped", '{"n":"a","\\u006e":"b","v":1}', REFUSED),
    ("a label twice", '{"channel":"c","channel":"d","n":"a","v":1}', REFUSED),
    ("unknown twice", record(more='"x":1,"x":2'), None),
    ("two values", '{"n":"a","v":1,"vs":"x"}', REFUSED),
    ("no value", '{"n":"a"}', REFUSED),
    ("no name", '{"v":1}', REFUSED),
    ("an empty object", "{}", REFUSED),
    ("an empty pack", "[]", None),
    ("name of no text", '{"n":1,"v":1}', REFUSED),
    ("value of no number", '{"n":"a","v":"1"}', REFUSED),
    ("value null", '{"n":"a","v":null}', REFUSED),
    ("must be understood", record(more='"x_":1'), REFUSED),
    ("a name of bad letters", record(name='"n":"a b"'), REFUSED),
    ("a name of controls", record(name='"n":"\\u001b[2J"'), REFUSED),
    ("a name of 100 KB", record(name='"n":"' + "a" * 100000 + '"'), None),
    # texts
    ("half a surrogate", record(value='"vs":"\\ud800"'), REFUSED),
    ("the other half", record(value='"vs":"\\udc00"'), REFUSED),
    ("halves crossed", record(value='"vs":"\\udc00\\ud800"'), REFUSED),
    ("half and a letter", record(value='"vs":"\\ud800x"'), REFUSED),
    ("a pair", record(value='"vs":"\\ud83d\\ude00"'), TAKEN),
    ("surrogate as UTF-8", b'{"n":"a","vs":"\xed\xa0\x80"}', REFUSED),
    ("overlong", b'{"n":"a","vs":"\xc0\xaf"}', REFUSED),
    ("beyond U+10FFFF", b'{"n":"a","vs":"\xf4\x90\x80\x80"}', REFUSED),
    ("lone byte", b'{"n":"a","vs":"\x80"}', REFUSED),
    ("cut UTF-8", b'{"n":"a","vs":"\xe2\x82"}', REFUSED),
    ("a tab in a text", '{"n":"a","vs":"\t"}', REFUSED),
    ("a bad escape", '{"n":"a","vs":"\\x41"}', REFUSED),
    ("a short escape", '{"n":"a","vs":"\\u12"}', REFUSED),
    ("controls as escapes", record(value='"vs":"\\u001b]0;x\\u0007"'), TAKEN),
    ("bidi", record(value='"vs":"\\u202e"'), TAKEN),
    # numbers
    *((f"number {v}", record(value=f'"v":{v}'), TAKEN)
      for v in ("0", "-0", "0.0", "1e308", "-1e308", "5e-324",
                "9007199254740993", "1.7976931348623157e308",
                "0." + "0" * 300 + "1", "1e+2", "1E2")),
    *((f"number {v[:12]}, {len(v)}", record(value=f'"v":{v}'), None)
      for v in ("1e309", "-1e309", "1e999999999", "1e-999999999",
                "1" * 400, "9" * 100000, "1e" + "9" * 1000)),
    *((f"number {v}", f'{{"n":"a","v":{v}}}', REFUSED)
      for v in ("01", "1.", ".1", "+1", "1e", "1e+", "-", "NaN", "Infinity",
                "-Infinity", "0x1", "1_0", "--1", "1,5")),
    *((f"time {v[:12]}", record(time=f'"t":{v}'), None)
      for v in ("1e308", "-1e308", "253402300799", "253402300800",
                "9223372036.854775807", "9223372037", "-9223372037",
                "268435456", "268435455.999", "1e-400", "9" * 400)),
    ("time of no number", record(time='"t":"now"'), REFUSED),
    *((f"seq {v}", record(more=f'"seq":{v}'), REFUSED)
      for v in ("-1", "1.5", '"7"', "99999999999999999999", "true")),
    # packs
    ("60,000 records", pack(60000, first=f'{{"received":{TIME},"bt":{TIME},'
                            '"n":"a","v":1}'), TAKEN),
    ("340,000 empty records", pack(340000, "{}"), REFUSED),
    ("10^6 commas", "[" + "," * 1000000 + "]", REFUSED),
    ("10^6 records", pack(1000000, "{}"), REFUSED),
    ("10^6 numbers", pack(500000, "1"), REFUSED),
    ("names that double", pack(900, '{"n":"b","v":1}', '{"bn":"' + "x" * 60000
                               + f'","bt":{TIME},"n":"a","v":1}}'), None),
]

FIRST = f'{{"n":"first","v":1,"t":{TIME}}}'
LAST = f'{{"n":"last","v":2,"t":{TIME + 1}}}'

# each: command, whether it has --rejects, what shows the sound lines
FILTERS = {
    "normalize": ["mfx-normalize"],
    "encode": ["mfx-encode"],
    "grep": ["mfx-grep"],
    "fmt": ["mfx-fmt", "-t", "tsv"],
    "csv": ["mfx-fmt", "-t", "csv"],
    "plot": ["mfx-plot", "-t", "svg"],
    "pub": ["mfx-pub", "hostile"],
    "sqlite": ["mfx-write-sqlite", "hostile.db"],
    "check": ["mfx-check"],
}
failed = 0


def fault(*words):
    global failed
    failed += 1
    print(*words, file=sys.stderr)


def run(command, data):
    """status, stdout, stderr, KiB"""
    with open("in", "wb") as f:
        f.write(data)
    with open("in") as i, open("out", "wb") as o, open("err", "wb") as e:
        p = subprocess.Popen(command, stdin=i, stdout=o, stderr=e)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    return (p.returncode, pathlib.Path("out").read_bytes(),
            pathlib.Path("err").read_bytes(), usage.ru_maxrss)


def lines(*command):
    return subprocess.run(command, check=True, capture_output=True).stdout


def shown(name, out):
    """the names of the sound lines that have come through"""
    if name == "sqlite":
        out = lines("mfx-read-sqlite", "hostile.db")
    if name == "pub":
        out = lines("mfx-sub", "--no-follow", "hostile")
    if name in ("plot", "check"):
        return None
    return b"first" in out, b"last" in out


def fresh():
    for p in pathlib.Path(".").glob("hostile.db*"):
        p.unlink()
    shutil.rmtree(pathlib.Path(os.environ["MFX_HOME"]) / "bus" / "hostile",
                  ignore_errors=True)


def try_line(name, what, line, want):
    fresh()
    data = f"{FIRST}\n".encode() + line + f"\n{LAST}\n".encode()
    rejects = pathlib.Path("rejects")
    rejects.unlink(missing_ok=True)
    command = list(FILTERS[name])
    if name not in ("check", "plot"):
        command[1:1] = ["--rejects", "rejects"]
    status, out, err, size = run(command, data)
    if status not in (0, 65):
        fault(name, what, "status", status, err[:300])
        return None
    got = REFUSED if status == 65 else TAKEN
    if size > MEMORY:
        fault(name, what, size, "KiB")
    if shown(name, out) not in (None, (True, True)):
        fault(name, what, "sound lines are missing")
    if want is not None and got != want and name != "pub":
        fault(name, what, got, "not", want, err[:200])
    if got == REFUSED and b":2:" not in err + (out if name == "check" else
                                               b""):
        fault(name, what, "no place:", err[:200])
    if got == REFUSED and "rejects" in command and line[:1000] not in (
            rejects.read_bytes() if rejects.exists() else b""):
        fault(name, what, "not among the rejects")
    return got


def main():
    chosen = sys.argv[1:] or list(FILTERS)
    for what, line, want in LINES:
        data = line if isinstance(line, bytes) else line.encode()
        got = {name: try_line(name, what, data, want) for name in chosen}
        # it reads labels alone, and leaves room for a position
        got.pop("pub", None)
        # times of a pack are relative below 2^28 (RFC 8428 4.5.3)
        if what.startswith(("time 268435455.", "time 1e-400")):
            got.pop("encode", None)
        if len(set(got.values())) > 1:
            fault(what, json.dumps(got))
    sys.exit(failed > 0)


main()
