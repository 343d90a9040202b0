# SPDX-License-Identifier: Apache-2.0
"""What a device without TLS shows, as mfx-bootstrap(1) has it, with another
library."""
import base64
import hashlib
import hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand


def part(b):
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


def derive(salt, id, key):
    """the proof, and the key of the answer"""
    prk = hmac.new(salt, key.encode(), hashlib.sha256).digest()

    def expand(what):
        return HKDFExpand(hashes.SHA256(), 32, b"mfx-bootstrap-1 " + what +
                          b"\0" + id.encode()).derive(prk)

    return expand(b"request"), expand(b"answer")
