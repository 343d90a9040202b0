# SPDX-License-Identifier: Apache-2.0
"""Certificates, for api_openapi.py: every form of the request."""
import os

# of a device that made its key by itself
CSR = os.environ.get("CSR")


def certs(user):
    for body in ({"key_type": "rsa", "key_bits": 2048, "valid": "90s"},
                 {"key_type": "ed25519", "ttl": "2d"}, {"csr": CSR}):
        made = user.ask("createCert", 201, body={
            "thing_id": user.thing, **body}).json
        assert ("client_key" in made) == ("csr" not in body)
    page = user.ask("listSerials", 200, path={"id": user.thing}, query=[
        ("offset", "1"), ("limit", "1")]).json
    assert page["total"] >= 3 and len(page["certs"]) == 1
    user.ask("listSerials", 400, path={"id": user.thing},
             query=[("limit", "101")])
    user.ask("revokeCert", 400, path={"id": user.thing},
             query=[("reason", "x")])
    user.ask("revokeCert", 200, path={"id": user.thing},
             query=[("reason", "superseded")])
    user.ask("revokeCert", 404, path={"id": user.thing})
    for wrong in ({"ttl": "30s"}, {"ttl": "x"}, {"key_type": "dsa"},
                  {"key_type": "rsa", "key_bits": 1024}, {"csr": "x"},
                  {"csr": CSR, "key_type": "ec"}, {"thing_id": "x"}):
        user.ask("createCert", 400, body={"thing_id": user.thing, **wrong})
