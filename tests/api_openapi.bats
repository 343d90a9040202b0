#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# /openapi.json: that it is an OpenAPI document, and that mfx-api answers as
# it says, each operation in each way.  That it has all routes and no other
# is tests/unit/openapi.c.
load setup
load site

# serve_at NAME OPTION…: NAME is its port then
serve_at() {
	local -n at=$1
	free_port at
	start_ready mfx-api -l "127.0.0.1:$at" "${@:2}"
}

document() {
	curl -fsS -m 20 "http://127.0.0.1:$PORT/openapi.json"
}

@test "the document: its form, its version, and what may keep it" {
	serve_at PORT
	document >document.json
	(cd "$ROOT/tests" && /usr/bin/python3 -c '
import json, sys
from openapi import Form
Form(json.load(sys.stdin))') <document.json
	# a client shows what it has
	curl -sS -m 20 -D head -o /dev/null "http://127.0.0.1:$PORT/openapi.json"
	grep -qi '^cache-control: public, max-age=' head
	local tag
	tag=$(sed -n 's/^ETag: \(".*"\)\r$/\1/p' head)
	[[ $(curl -sS -m 20 -o kept -w '%{http_code}' -H "If-None-Match: W/$tag" \
	    "http://127.0.0.1:$PORT/openapi.json") == 304 && ! -s kept ]]
	[[ $(curl -sS -m 20 -I -o kept -w '%{http_code}' \
	    "http://127.0.0.1:$PORT/openapi.json") == 200 ]]
}

# a test that can't fail would be none
@test "what is wrong with a document is found" {
	serve_at PORT
	document >document.json
	local wrong
	for wrong in '.openapi = "3.0.0"' 'del(.info.title)' '.more = 1' \
	    '.paths["/users"].get.responses["200"]["$ref"] = "#/components/responses/none"' \
	    '.paths["/users"].get.operationId = "createUser"' \
	    '.paths["/keys/{id}"].parameters = []' \
	    '.paths["/x"] = {get: (.paths["/users"].get | del(.responses))}' \
	    '.components.schemas.Unused = {type: "object"}' \
	    '.components.schemas.User.type = "objekt"' \
	    '.paths["/users"].get.security = [{none: []}]'; do
		jq "$wrong" document.json >wrong.json
		(cd "$ROOT/tests" && /usr/bin/python3 -c '
import json, sys
from openapi import Form
try:
    Form(json.load(sys.stdin))
except Exception as e:
    sys.exit(0)
sys.exit(1)') <wrong.json || { echo "not found: $wrong"; false; }
	done
}

# each kind of value, and more than sockets hold, for an answer that goes on
# and on
make_messages() {
	local message="\"channel\":\"$CHANNEL\",\"publisher\":\"$THING\",\"protocol\":\"http\""
	{
		printf '{%s,"subtopic":"a.b","n":"k","u":"Cel","v":21.5,"s":3,"t":1700000000.5,"ut":7}\n' "$message"
		printf '{%s,"n":"k","vs":"text","t":1700000001}\n' "$message"
		printf '{%s,"n":"k","vb":true,"t":1700000002}\n' "$message"
		printf '{%s,"n":"k","vd":"AP8","t":1700000003}\n' "$message"
		printf '{"channel":"%s","received":1000,"n":"old","v":1,"t":-5}\n' "$CHANNEL"
		awk -v message="$message" 'BEGIN { for (i = 0; i < 100000; i++)
		    printf "{%s,\"n\":\"d:t\",\"v\":%d,\"t\":%d}\n",
			message, i, 1600000000 + i }'
	} | mfx-write-sqlite "$MFX_HOME/messages.db"
}

# through CASE: all operations, of the service at PORT
through() {
	export KEY CHANNEL LIMITED CLOSED LOST LOST_HOME
	timeout 400 /usr/bin/python3 "$ROOT/tests/api_openapi.py" "$PORT" "$1"
	silent "$ERRORS"
}

serve_site() {
	make_site
	serve_at PORT --attempts 100000 --max-body 100k
	ERRORS=$PID_ERR
}

@test "every operation, in success and in each failure" {
	serve_site
	make_messages
	serve_at LIMITED --attempts 1
	serve_at CLOSED --closed
	LOST_HOME=$PWD/lost
	mkdir -m 700 "$LOST_HOME"
	MFX_HOME=$LOST_HOME serve_at LOST --attempts 100000
	through walk
}

@test "another user's id is nobody's, in every place of every operation" {
	serve_site
	through isolation
}

@test "SQL and worse in every parameter and member of every operation" {
	serve_site
	mfx-write-sqlite "$MFX_HOME/messages.db" </dev/null
	through hostile
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'PRAGMA integrity_check') == ok ]]
}
