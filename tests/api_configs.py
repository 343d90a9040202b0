# SPDX-License-Identifier: Apache-2.0
"""What api_openapi.py asks of configurations of devices."""
import json

from api_client import NOBODY


def lines(*items):
    """A body of these."""
    return dict(type="application/x-ndjson",
                body="".join(json.dumps(x) + "\n" for x in items).encode())


def configs(user):
    """Of devices."""
    for query in ([("offset", "1"), ("limit", "1000")], [("limit", "0")],
                  [("state", "0"), ("name", "n"), ("external_id", "x")],
                  [("mainflux_id", user.thing), ("mainflux_key", user.key)],
                  [("keys", "false")]):
        user.ask("listConfigs", 200, query=query)
    page = user.ask("listConfigs", 200, query=[("cursor", ""),
                                               ("limit", "1")]).json
    while "next" in page:
        page = user.ask("listConfigs", 200, query=[
            ("cursor", page["next"]), ("limit", "1")]).json
    user.ask("showConfig", 200, path={"id": user.thing},
             query=[("keys", "false")])
    user.ask("createConfig", 409, body=user.device)
    user.ask("createConfig", 404, body={**user.new_device(),
                                        "thing_id": NOBODY})
    user.ask("patchConfig", 409, path={"id": user.thing}, body={
        "external_id": type(user)().device["external_id"]})
    user.ask("createConfigs", 409, **lines(user.device))
    user.ask("createConfigs", 404, body=[{**user.new_device(),
                                          "channels": [NOBODY]}])
    user.ask("updateConfigs", 409, **lines(
        {"thing_id": user.thing,
         "external_id": type(user)().device["external_id"]}))
    for name in ("updateConfigs", "removeConfigs"):
        user.ask(name, 404, **lines({"thing_id": NOBODY, "name": "n"}))
    user.ask("removeConfigs", 200, query=[("if_exists", "true")],
             **lines({"thing_id": NOBODY}))
    user.ask("listUnknownDevices", 200, query=[("offset", "0"),
                                               ("limit", "5")])
