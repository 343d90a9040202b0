#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-ws and what RFC 6455 forbids: tests/ws_hostile.py has the tables.
# Each row is judged by what is answered and by what is on the bus afterwards.
load setup
load site
load ws

setup_suite_test() {
	make_site
}

@test "frames and handshakes: whole, byte by byte, and with one more after it" {
	serve_ws
	timeout 300 "$ROOT/tests/ws_hostile.py" "$PORT" "$CHANNEL" "$KEY" >want
	(($(wc -l <want) > 90))
	raw | python3 -c '
import base64, json, sys
for line in sys.stdin:
    r = json.loads(line)[0]
    vd = r["vd"]
    text = base64.urlsafe_b64decode(vd + "=" * (-len(vd) % 4)).hex()
    print(r["subtopic"], text or "-")' >got
	diff <(sort want) <(sort got)
	kill -0 "$WS_PID"
}
