#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""est_bound.py PORT CA THING KEY FILE 1.2|1.3 bound|other: enrolls at EST for
the private key in FILE, over openssl's s_client, with a challenge password that
is the channel binding of that connection, or of another one; prints the status
and what was said."""
import base64
import re
import subprocess
import sys

port, ca, thing, key, file, version, which = sys.argv[1:]


def connect():
    """s_client, and what it says of the connection in base64."""
    p = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", ca,
         "-servername", "localhost", "-tls" + version.replace(".", "_"),
         "-ign_eof", "-msg", "-keymatexport", "EXPORTER-Channel-Binding",
         "-keymatexportlen", "32"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    said = b""
    while b"Verify return code" not in said or b"---\n" not in said[-8:]:
        byte = p.stdout.read1(1)
        assert byte, said
        said += byte
    text = said.decode(errors="replace")
    if version == "1.3":
        value = bytes.fromhex(re.search(
            r"Keying material: ([0-9A-F]+)", text)[1])
    else:
        # the client's Finished, after the head of the handshake message
        message = re.search(r">>> TLS 1.2, Handshake \[length 0010\], Finished"
                            r"\n((?:    .*\n)+)", text)[1]
        value = bytes.fromhex(message.replace("\n", " "))[4:]
        assert len(value) == 12
    return p, base64.b64encode(value).decode()


p, binding = connect()
if which == "other":
    q, binding = connect()
    q.kill()
    q.wait()
request = subprocess.run(
    ["openssl", "req", "-new", "-key", file, "-outform", "der", "-config",
     "/dev/stdin"], input=f"""[req]
prompt=no
distinguished_name=dn
attributes=attributes
[dn]
CN={thing}
[attributes]
challengePassword={binding}
""".encode(), stdout=subprocess.PIPE, check=True).stdout
body = base64.b64encode(request)
basic = base64.b64encode(f"{thing}:{key}".encode()).decode()
p.stdin.write(f"POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: a\r\n"
              f"Authorization: Basic {basic}\r\nConnection: close\r\n"
              f"Content-Type: application/pkcs10\r\n"
              f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
p.stdin.flush()
# what came is shown twice: as bytes, too
said = p.stdout.read().decode(errors="replace")
p.wait()
answer = re.search(r"^(?:.*)HTTP/1.1 (\d+) ", said, re.M)
print(answer[1])
if answer[1] != "200":
    print(re.search(r'"detail":"(.*?)"', said)[1])
