# SPDX-License-Identifier: Apache-2.0
# What each door answers to $KEY on $CHANNEL, for suites that try all of them
# (serve_all of ws.bash): `load doors`.

# a line each: the status
http_posts() {
	curl -sS -m 20 -o answer -w '%{http_code}\n' -H "Authorization: $KEY" \
	    -H 'Content-Type: application/senml+json' -d '[{"n":"x","v":1}]' \
	    "http://127.0.0.1:$HTTP_PORT/channels/$CHANNEL/messages"
}
api_reads() {
	curl -sS -m 20 -o answer -w '%{http_code}\n' -H "Authorization: $KEY" \
	    "http://127.0.0.1:$API_PORT/channels/$CHANNEL/messages"
}

# is ANSWER COMMAND…: it prints that
is() {
	local got
	got=$("${@:2}")
	[[ $got == "$1" ]] || { echo "$got, not $1: ${*:2}"; return 1; }
}
