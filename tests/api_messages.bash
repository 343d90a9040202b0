# SPDX-License-Identifier: Apache-2.0
# For the suites that read messages through mfx-api.  STORES holds the options
# that name its stores.

setup_suite_test() {
	PORT= STORES=()
	make_site
	export KEY CHANNEL THING STORE=$MFX_HOME/messages.db
}

# readings FROM COUNT [CHANNEL]: resolved lines, every second one with a
# subtopic
readings() {
	awk -v from="$1" -v n="$2" -v channel="${3:-$CHANNEL}" -v thing="$THING" '
	    BEGIN { for (i = from; i < from + n; i++)
		printf "{\"channel\":\"%s\",\"publisher\":\"%s\"," \
		    "\"protocol\":\"http\",%s\"n\":\"d:t\",\"u\":\"Cel\"," \
		    "\"v\":%d,\"t\":%d}\n", channel, thing, \
		    i % 2 ? "" : "\"subtopic\":\"a.b\",", i, 1700000000 + i }'
}

serve_api() {
	free_port PORT
	URL=http://127.0.0.1:$PORT
	start_ready mfx-api -l "127.0.0.1:$PORT" "${STORES[@]}" "$@"
	export API_PID=$PID
}

the_case() {
	timeout 240 /usr/bin/python3 "$ROOT/tests/api_messages.py" "$PORT" "$1"
	kill "$API_PID"
	status 0 wait "$API_PID"
	silent "$PID_ERR"
}

# read_some CASE: runs it on 101 readings
read_some() {
	readings 0 101 | mfx-write-sqlite "$STORE"
	serve_api
	the_case "$1"
}

ask() {
	local want=$1 got
	shift
	got=$(curl -sS -m 60 -o answer -w '%{http_code}' -H "Authorization: $KEY" "$@")
	[[ $got == "$want" ]] || { echo "$got, not $want: $*"; cat answer; return 1; }
}
