# SPDX-License-Identifier: Apache-2.0
"""The messages of a channel, asked for in every way, for api_openapi.py."""
from openapi import send


def messages(document, port, channel, key):
    def ask(status, *query, accept=None):
        answer = document.call(
            port, "listMessages", status, path={"id": channel}, token=key,
            query=query, headers=[("Accept", accept)] if accept else [])
        assert not accept or status >= 400 or \
            answer.headers["Content-Type"].startswith(accept), answer
        return answer

    for query in ((), (("offset", "2"), ("limit", "1")),
                  (("subtopic", "a.b"), ("subtopic", "")),
                  (("publisher", "x"),), (("protocol", "http"),),
                  (("name", "d:*"), ("unit", "Cel")), (("value", ">20"),),
                  (("v", "3"), ("comparator", "ge")), (("vs", "text"),),
                  (("vb", "true"),), (("vd", "AP8"),),
                  (("aggregation", "MAX"), ("interval", "1h")), (("from", "1700000000"), ("to", "-1h")),
                  (("aggregate", "avg"), ("every", "5m"), ("order", "asc")),
                  (("store", "messages"),)):
        ask(200, *query)
    kinds = {m for x in ask(200, ("limit", "100")).json["messages"]
             for m in x}
    assert kinds == set(document.document["components"]["schemas"]["Message"]
                        ["properties"]), kinds
    for accept in ("application/x-ndjson", "text/csv",
                   "application/senml+json"):
        ask(200, ("limit", "100"), accept=accept)
        ask(200, ("name", "none"), accept=accept)
    # its time is one that a pack can't say
    ask(422, ("name", "old"), accept="application/senml+json")
    for query in (("limit", "0"), ("order", "x"), ("vd", "x"), ("v", "x"),
                  ("interval", "x")):
        answer = send(port, "GET", f"/channels/{channel}/messages?"
                      + "=".join(query), [("Authorization", key)], None)
        assert answer.status == 400
        document.check(document.operations["listMessages"], answer)
