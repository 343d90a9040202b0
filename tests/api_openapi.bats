#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# /openapi.json: that it is an OpenAPI document, and that mfx-api answers as
# it says, each operation in each way.  That it has all routes and no other
# is tests/unit/openapi.c.
load setup
load site
load tls

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

# get STATUS [CURL-OPTION…]: its head is in `head`, its body in `body`
get() {
	local got
	: >body
	got=$(curl -sS -m 20 -D head.crlf -o body -w '%{http_code}' "${@:2}" \
	    "http://127.0.0.1:$PORT/openapi.json")
	tr -d '\r' <head.crlf >head
	[[ $got == "$1" ]] || { echo "$got, not $1: $*"; cat head; return 1; }
}

# field NAME: its value in the last answer
field() {
	sed -n "s/^$1: //Ip" head
}

@test "the document, compressed for those who take that" {
	local plain zipped coding
	serve_at PORT
	document >document.json
	get 200 -H 'Accept-Encoding:'
	plain=$(field etag)
	[[ ! $(field content-encoding) && $(field vary) == Accept-Encoding ]]
	cmp document.json body
	for coding in gzip 'br, x-gzip;q=0.5' 'GZIP' '*' 'identity;q=0, gzip'; do
		get 200 -H "Accept-Encoding: $coding"
		[[ $(field content-encoding) == gzip ]]
		[[ $(field vary) == Accept-Encoding ]]
		gzip -dc body | cmp - document.json
		(($(field content-length) == $(stat -c %s body)))
		(($(stat -c %s body) * 4 < $(stat -c %s document.json)))
	done
	zipped=$(field etag)
	[[ $zipped == '"'*'"' && $zipped != "$plain" ]]
	for coding in 'gzip;q=0' 'br' 'identity, gzip;q=0.9' 'gzip;q=9' ''; do
		get 200 -H "Accept-Encoding: $coding"
		[[ ! $(field content-encoding) && $(field etag) == "$plain" ]]
	done
	get 406 -H 'Accept-Encoding: br, *;q=0'
	# each form has a tag of its own, by which it is kept
	get 304 -H 'Accept-Encoding: gzip' -H "If-None-Match: \"x\", W/$zipped"
	[[ $(field etag) == "$zipped" && $(field vary) == Accept-Encoding ]]
	[[ $(field cache-control) && $(field date) && ! -s body ]]
	get 200 -H 'Accept-Encoding: gzip' -H "If-None-Match: $plain"
	get 412 -H "If-Match: $zipped"
	get 200 -H "If-Match: $plain"
	# as a client has it that was not written here
	/usr/bin/python3 -c '
import gzip, json, sys, urllib.request
r = urllib.request.Request(sys.argv[1], headers={"Accept-Encoding": "gzip"})
with urllib.request.urlopen(r, timeout=20) as a:
    assert json.loads(gzip.decompress(a.read()))["openapi"]' \
	    "http://127.0.0.1:$PORT/openapi.json"
}

@test "the document, in parts" {
	local size tag
	serve_at PORT
	document >document.json
	size=$(stat -c %s document.json)
	get 200
	tag=$(field etag)
	[[ $(field accept-ranges) == bytes ]]
	get 206 -r 10-19
	[[ $(field content-range) == "bytes 10-19/$size" ]]
	[[ $(field content-length) == 10 && $(field etag) == "$tag" ]]
	[[ $(field cache-control) && $(field date) ]]
	tail -c +11 document.json | head -c 10 | cmp - body
	get 206 -r -7
	[[ $(field content-range) == "bytes $((size - 7))-$((size - 1))/$size" ]]
	tail -c 7 document.json | cmp - body
	# put together by curl, from what it had
	head -c 1000 document.json >resumed
	curl -sS -m 20 -C - -o resumed "http://127.0.0.1:$PORT/openapi.json"
	cmp document.json resumed
	get 416 -r "$size-"
	[[ $(field content-range) == "bytes */$size" ]]
	# anything but one range of bytes gets all of it
	local range
	for range in 'bytes=0-1,5-6' 'bytes=2-1' 'lines=0-1' 'bytes=x'; do
		get 200 -H "Range: $range"
		cmp document.json body
	done
	get 200 -I -H 'Range: bytes=0-1'
	[[ $(field content-length) == "$size" && ! $(field content-range) ]]
	get 206 -r 0-1 -H "If-Range: $tag"
	get 200 -r 0-1 -H "If-Range: W/$tag"
	get 200 -r 0-1 -H 'If-Range: "x"'
	get 200 -r 0-1 -H 'If-Range: Sun, 06 Nov 1994 08:49:37 GMT'
	get 200 -H "If-Range: $tag"
	get 304 -r 0-1 -H "If-None-Match: $tag"
	get 206 -H 'Accept-Encoding: gzip' -r 0-1
	[[ $(od -An -tx1 body) == ' 1f 8b' ]]
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
	export KEY CHANNEL LIMITED CLOSED LOST LOST_HOME CSR
	timeout 400 /usr/bin/python3 "$ROOT/tests/api_openapi.py" "$PORT" "$1"
	silent "$ERRORS"
}

serve_site() {
	make_site
	mfx-certs ca init
	new_key device
	CSR=$(openssl req -new -key device.key -subj /CN=device)
	# user0 is the first one of each case
	serve_at PORT --attempts 100000 --max-body 100k \
	    --administrator user0@example.com
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
	MFX_USER= MFX_HOME=$LOST_HOME mfx-certs ca init
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
