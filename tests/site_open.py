# SPDX-License-Identifier: Apache-2.0
# Opens the secrets of a sealed export by calling libsodium itself: site_open.py
# PRIVATE-KEY FILE prints an object, "kind:id" to the secrets.
import base64, ctypes, ctypes.util, json, sys

sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
sodium.sodium_init()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


private = decode(open(sys.argv[1]).read().strip())
public = ctypes.create_string_buffer(32)
sodium.crypto_scalarmult_base(public, private)
content = ctypes.create_string_buffer(32)
found = {}
for line in open(sys.argv[2]):
    o = json.loads(line)
    if "sealed" not in o:
        continue
    sealed = decode(o["sealed"])
    if o["kind"] == "secrets":
        assert decode(o["for"]) == public.raw
        assert sodium.crypto_box_seal_open(
            content, sealed, ctypes.c_ulonglong(len(sealed)), public, private) == 0
        continue
    of = f"{o['kind']}:{o['id']}".encode()
    plain = ctypes.create_string_buffer(len(sealed))
    n = ctypes.c_ulonglong()
    assert sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, ctypes.byref(n), None, sealed[24:],
        ctypes.c_ulonglong(len(sealed) - 24), of,
        ctypes.c_ulonglong(len(of)), sealed[:24], content) == 0
    found[of.decode()] = json.loads(plain.raw[: n.value])
print(json.dumps(found))
