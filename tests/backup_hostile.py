#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""backup_hostile.py TAR DIR: tars that are not what mfx-site makes, and in
DIR/list, with a tab between, what is said of each."""
import hashlib
import io
import json
import os
import sys
import tarfile

source, to = sys.argv[1:]
os.mkdir(to)
listed = open(os.path.join(to, "list"), "w", encoding="ascii")
with tarfile.open(source) as t:
    members = [(m, t.extractfile(m).read()) for m in t]
whole = open(source, "rb").read()
head, *files, manifest = members


def put(name, what, data):
    with open(os.path.join(to, name), "wb") as f:
        f.write(data)
    listed.write(f"{name}\t{what}\n")


def tar(parts, fmt=tarfile.USTAR_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as t:
        for info, data in parts:
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def member(name, data=b"x", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    info.type = kind
    info.linkname = link
    return info, data


def signed(change):
    """The manifest with lines changed, and a sum that is right."""
    lines = [json.loads(x) for x in manifest[1].decode().splitlines()[:-1]]
    lines = change(lines) or lines
    text = "".join(json.dumps(x, separators=(",", ":")) + "\n" for x in lines)
    found = [x for x in lines if "file" in x]
    end = {"files": len(found), "bytes": sum(x["size"] for x in found),
           "sum": hashlib.blake2b(text.encode(), digest_size=32).hexdigest()}
    text += json.dumps(end, separators=(",", ":")) + "\n"
    return member("manifest", text.encode())


for name in ("/escaped", "../escaped", "site/../../escaped", "site//escaped",
             "site/./escaped", "site/a\x01b", "site/"):
    put(f"name{len(os.listdir(to))}.tar", "not a name below the backup",
        tar([head, member(name)]))
for kind, what in ((tarfile.SYMTYPE, "sym"), (tarfile.LNKTYPE, "hard"),
                   (tarfile.CHRTYPE, "chr"), (tarfile.FIFOTYPE, "fifo"),
                   (tarfile.DIRTYPE, "dir")):
    put(f"{what}.tar", "member 2, byte 1536: a link, device or directory",
        tar([head, member("site/x", b"", kind, "/etc/passwd")]))
put("gnu.tar", "a kind of member that no backup has",
    tar([head, member("site/" + "x/" * 200 + "x")], tarfile.GNU_FORMAT))
put("pax.tar", "a pax header that no backup has",
    tar([head, member("site/" + "../" * 100 + "x")], tarfile.PAX_FORMAT))
huge = member("site/x", b"")[0]
huge.size = (1 << 33) - 1
put("huge.tar", "cut off", tar([head]).rstrip(b"\0").ljust(1024, b"\0") +
    huge.tobuf(tarfile.USTAR_FORMAT))
put("twice.tar", "it is there twice", tar([head, files[0], files[0]]))
put("order.tar", "it begins otherwise", tar([files[0], head]))
put("late.tar", "after the manifest", tar([*members, files[0]]))
put("end.tar", "bytes after the end", whole.rstrip(b"\0") + b"\0" * 2048 + b"x")
put("none.tar", "missing: it is cut off", tar(members[:-1]))
put("lost.tar", "missing", tar([*members[:3], *members[4:]]))
put("more.tar", "not in the manifest",
    tar([*members[:-1], member("site/more"), manifest]))
put("stray.tar", "not a file of a backup",
    tar([*members[:-1], member("more"), manifest]))
put("bytes.tar", "not what the manifest says",
    tar([head, (files[0][0], files[0][1][:-1] + b"!"), *members[2:]]))
put("sum.tar", "the sum of the manifest is wrong",
    tar([*members[:-1], member("manifest", manifest[1].replace(
        b'"mode":"600"', b'"mode":"400"', 1))]))
put("other.tar", "of another backup",
    tar([member("mfx-backup", head[1].replace(b"Z\"", b"Z\" ", 1)),
         *members[1:]]))
put("json.tar", "manifest, line 2: ",
    tar([*members[:-1], member("manifest", manifest[1].replace(
        b"\n", b"\n[1]\n", 1))]))
put("climb.tar", "not a name below the site", tar([*members[:-1], signed(
    lambda x: x[-1].update(file="../../escaped"))]))
put("dup.tar", "a file that is there already", tar([*members[:-1], signed(
    lambda x: x + x[-1:])]))
put("newer.tar", "made by a newer version", tar([*members[:-1], signed(
    lambda x: x[0].update({"mfx-backup": 2}))]))
for at in (0, 1, 511, 512, 1000, 1537, len(whole) // 2, len(whole) - 1024,
           len(whole) - 512):
    put(f"cut{at}.tar", "", whole[:at])
put("sumhead.tar", "a header whose sum is wrong",
    whole[:1] + b"X" + whole[2:])
put("text.tar", "not a tar", b"hello\n" * 200)
listed.close()
