#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-api beyond what Mainflux' own tests ask (api_rows.bats): tokens,
# isolation, hostile input, lists that change, streams, and the process.
load setup

serve_api() {
	[[ ${PORT-} ]] || free_port PORT
	URL=http://127.0.0.1:$PORT
	start_ready mfx-api -l "127.0.0.1:$PORT" "$@"
}

# the_case NAME: of api_cases.py, or of FILE.py; the service is as well
# afterwards
the_case() {
	[[ $PORT ]] || serve_api --attempts 100000
	timeout 280 /usr/bin/python3 "$ROOT/tests/${2:-api_cases}.py" "$PORT" "$1"
	curl -sS -m 20 "$URL/health" | jq -e '.status == "pass"'
	kill "$PID"
	status 0 wait "$PID"
	silent "$PID_ERR"
}

setup_suite_test() {
	PORT=
}

@test "a token that is not ours, in every way" { the_case token_forged api_tokens; }
@test "a token of ours that says something wrong" { the_case token_signed api_tokens; }
@test "tokens end: revoked, a new password, a user that has gone" {
	the_case token_ends api_tokens
}
@test "a lasting token may do what its scope says and no more" {
	the_case token_scopes api_tokens
}
@test "lasting tokens: made, listed, expired, removed" {
	the_case token_lasting api_tokens
}
@test "a token raw and as Bearer" { the_case schemes api_tokens; }
@test "failed logins are limited by account and by address" {
	serve_api --attempts 1
	the_case attempts api_tokens
}
@test "a stranger's wrong passwords keep nobody out" {
	serve_api
	the_case strangers api_tokens
}
@test "new users are limited by address" {
	serve_api
	the_case registrations api_tokens
}
@test "logins and registrations take turns" { the_case turns api_tokens; }
@test "behind a proxy each client has limits of its own" {
	serve_api --attempts 1 --trusted-proxy 10.0.0.0/8 --trusted-proxy 127.0.0.1
	the_case behind_proxy api_tokens
}
@test "X-Forwarded-For of anybody else is not believed" {
	serve_api --attempts 1 --trusted-proxy 127.0.0.2
	the_case forged api_tokens
}
@test "a storm of logins holds nobody else up" { the_case storm api_tokens; }
@test "bulk: all or none" { the_case bulk; }
@test "many connections at once: every pair, all or none" {
	the_case connect_many
}
@test "cursors and offsets, with each filter" { the_case cursors; }
@test "paging while rows come and go: none twice, none left out" {
	the_case paging_while_changing
}
@test "names and metadata are found, whatever is in them" {
	the_case searches
}

@test "names are found whether the index has them yet or not" {
	the_case names_index
}
@test "ETags: what has changed meanwhile is not overwritten" {
	the_case tags
}
@test "nothing of another user's is seen or touched, by any id" {
	the_case isolation
}
@test "SQL and worse in each parameter" { the_case hostile; }
@test "bodies that are not JSON or not UTF-8" { the_case malformed; }
@test "1,000 clients at once" { the_case crowd; }
@test "events as they happen: lines and server-sent" {
	the_case events_stream
}
@test "streams are limited, and end with their clients" {
	the_case streams_limited
}
@test "lines: things and channels made, all or none" { the_case create api_lines; }
@test "lines: changed and removed, all or none" { the_case update api_lines; }
@test "lines: connected and disconnected, all or none" {
	the_case pairs api_lines
}
@test "lines, keys and reasons: what the scope of a token allows" {
	the_case scopes api_lines
}
@test "names by patterns, with both ways of paging" {
	the_case patterns api_lines
}
@test "why a thing may not, for its owner only" { the_case access api_lines; }
@test "a long search holds nobody up" { the_case long_search; }

# ---- over raw sockets ----

# ask STATUS ARGUMENT…: curl with these
ask() {
	local want=$1 got
	shift
	got=$(curl -sS -m 20 --path-as-is -o answer -w '%{http_code}' "$@")
	[[ $got == "$want" ]] || { echo "$got, not $want: $*"; cat answer; return 1; }
}

# a user, and the headers that a request of theirs has
log_in() {
	local account='{"email":"ann@example.com","password":"correct horse"}'
	JSON='Content-Type: application/json'
	ask 201 -H "$JSON" -d "$account" "$URL/users"
	ask 201 -H "$JSON" -d "$account" "$URL/tokens"
	AUTH="Authorization: $(jq -r .token answer)"
}

# request METHOD PATH [BODY]
request() {
	printf '%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n%s\r\n' "$1" "$2" "$AUTH" \
	    "$JSON"
	printf 'Content-Length: %d\r\n\r\n%s' "${#3}" "$3"
}

raw() {
	local command=$1
	shift
	"$ROOT/tests/http_raw.py" "$command" "$PORT" "$@"
}

@test "a request byte by byte, and cut in two at every byte" {
	serve_api
	log_in
	local id
	ask 201 -D head -H "$AUTH" -H "$JSON" -d '{}' "$URL/channels"
	id=$(sed -n 's,^Location: /channels/\(.*\)\r$,\1,p' head)
	request POST /things '{"name":"bytes"}' >whole.201
	[[ $(raw bytes <whole.201) == 201 ]]
	request GET '/things?limit=1&name=%62yte&metadata=%7B%7D' >whole.200
	request PUT "/channels/$id" '{"name":"put","metadata":{"a":[1.50]}}' |
		sed 's/^Host/If-Match: *\r\nHost/' >whole.200.put
	{
		printf 'POST /things HTTP/1.1\r\nHost: a\r\n%s\r\n%s\r\n' "$AUTH" "$JSON"
		printf 'Transfer-Encoding: chunked\r\n\r\n'
		printf '9;x=y\r\n{"name":"\r\n7\r\nchunks"\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n'
	} >whole.201.chunks
	request GET /nowhere/ >whole.404
	PYTHONPATH=$ROOT/tests /usr/bin/python3 - "$PORT" whole.* <<-'EOF'
		import re, socket, sys
		from waiting import read_by_peer, until
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		def answer():
		    got = b""
		    while b"\r\n\r\n" not in got:
		        got += s.recv(65536)
		    head, _, rest = got.partition(b"\r\n\r\n")
		    n = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
		    while len(rest) < n:
		        rest += s.recv(65536)
		    assert len(rest) == n
		    return head
		for name in sys.argv[2:]:
		    whole, status = open(name, "rb").read(), name.split(".")[1]
		    for i in range(1, len(whole)):
		        s.sendall(whole[:i])
		        if i % 50 == 0:
		            until(lambda: read_by_peer(s), "the first half's end")
		        s.sendall(whole[i:])
		        head = answer()
		        assert head.startswith(b"HTTP/1.1 " + status.encode()), \
		            (name, i, head)
	EOF
	ask 200 -H "$AUTH" "$URL/things?name=bytes&limit=1"
	(($(jq .total answer) == $(stat -c %s whole.201)))
	ask 200 -H "$AUTH" "$URL/things?name=chunks&limit=1"
	(($(jq .total answer) == $(stat -c %s whole.201.chunks) - 1))
	ask 200 -H "$AUTH" "$URL/channels/$id"
	jq -e '.name == "put" and .metadata == {a: [1.5]}' answer
}

@test "requests sent at once are answered in order" {
	serve_api
	log_in
	local i
	for ((i = 0; i < 50; i++)); do
		request POST /things '{"name":"a"}'
		request GET /things
		request GET /nowhere
	done >many
	raw send 150 <many | uniq -c | awk '{ print $2 }' | xargs -n 3 |
		sort -u >got
	[[ $(<got) == "201 200 404" ]]
	ask 200 -H "$AUTH" "$URL/things?limit=1"
	jq -e '.total == 50' answer
}

@test "slow ones are cut, and hold nobody up" {
	serve_api --timeout 1s
	log_in
	request POST /things '{"name":"slow"}' >whole
	local i
	for i in 1 2 3 4 5; do
		raw trickle 0.3 <whole >cut.$i 3>&- &
		PIDS+=($!)
	done
	for i in {1..50}; do ask 200 -H "$AUTH" "$URL/things"; done
	for i in 1 2 3 4 5; do
		await 60 test -s cut.$i
		grep -qx cut cut.$i
	done
}

@test "a body over the limit: 413; one of nobody's is refused before it comes" {
	serve_api --max-body 100k
	log_in
	head -c 110000 /dev/zero | tr '\0' ' ' >over
	ask 413 -H "$AUTH" -H "$JSON" --data-binary @over "$URL/things"
	ask 413 -H "$AUTH" -H "$JSON" -H 'Transfer-Encoding: chunked' \
	    --data-binary @over "$URL/things"
	head -c 90000 over >fits
	ask 400 -H "$AUTH" -H "$JSON" --data-binary @fits "$URL/things"
	ask 403 -H "$JSON" --data-binary @fits "$URL/things"
	ask 403 -H 'Authorization: x' -H "$JSON" --data-binary @fits "$URL/things/bulk"
	ask 413 -H "$JSON" --data-binary @fits "$URL/tokens"
	ask 404 -H "$AUTH" -H "$JSON" --data-binary @fits "$URL/nowhere"
}

@test "paths: what there is not is 404, a slash too many is sent on" {
	serve_api
	log_in
	local path method
	for path in / //things /Things /things/x/y /things/x/key/z \
	    //example.com/ /messages; do
		ask 404 -H "$AUTH" "$URL$path"
	done
	for path in /../things /things/../things; do
		ask 400 --path-as-is -H "$AUTH" "$URL$path"
	done
	for method in PUT PATCH TRACE; do
		ask 405 -X "$method" -H "$AUTH" "$URL/things"
	done
	for method in FROB post; do
		ask 501 -X "$method" -H "$AUTH" "$URL/things"
	done
	ask 204 -D head -X OPTIONS "$URL/things"
	grep -qi '^allow: .*GET, HEAD.*OPTIONS' head
	ask 302 -H "$AUTH" "$URL/users/"
	[[ $(curl -sS -o /dev/null -w '%{redirect_url}' "$URL/users/") == "$URL/users" ]]
	ask 400 -H "$AUTH" "$URL/things/"
	ask 400 -H "$AUTH" "$URL/things/%zz"
}

# ---- what it says of itself ----

@test "version, health and metrics" {
	serve_api
	log_in
	ask 201 -H "$AUTH" -H "$JSON" -d '{}' "$URL/things"
	ask 404 -H "$AUTH" "$URL/things/x"
	curl -sS -D head -o answer "$URL/version"
	grep -qi '^content-type: text/plain' head
	jq -e '.service == "things" and (.version | test("^[0-9]+[.]"))' answer
	ask 200 "$URL/health"
	jq -e '.status == "pass"' answer
	ask 200 "$URL/metrics"
	grep -qx 'users_api_request_count{method="register"} 1' answer
	grep -qx 'users_api_request_count{method="login"} 1' answer
	grep -qx 'things_api_request_count{method="add_thing"} 1' answer
	grep -qx 'things_api_request_count{method="view_thing"} 1' answer
	grep -qx 'api_answers_total{code="404"} 1' answer
	# each row of routes.c is on the page
	[[ $(grep -c '^[a-z_]*_api_request_count{' answer) == \
	    $(grep -c '^	{ "[A-Z]*", "/' "$ROOT/lib/api/routes.c") ]]
	grep -q '^process_resident_memory_bytes ' answer
	# seconds: a login takes between a millisecond and ten seconds
	awk '/^users_api_request_latency_seconds_sum{method="login"}/ {
		seen = $2 > 0.001 && $2 < 10 } END { exit !seen }' answer
	# each name has one head, and each line is a number
	[[ -z $(grep '^# TYPE' answer | sort | uniq -d) ]]
	grep -v '^#' answer | refute grep -vE '^[a-z_]+(\{[^}]*\})? [0-9.]+$'
}

@test "--admin: health and metrics are there, and not with the rest" {
	local admin
	free_port admin
	serve_api --admin "127.0.0.1:$admin"
	ask 404 "$URL/health"
	ask 404 "$URL/metrics"
	ask 200 "$URL/version"
	ask 200 "http://127.0.0.1:$admin/health"
	ask 200 "http://127.0.0.1:$admin/metrics"
	ask 404 "http://127.0.0.1:$admin/things"
}

@test "health: another registry, or none, is seen, and gone again" {
	serve_api
	log_in
	mv "$MFX_HOME/registry.db" away
	await 20 ask 503 "$URL/health"
	jq -e '.status == "fail" and (.checks["registry:read"] +
	    .checks["registry:write"] | map(.status) | index("fail"))' answer
	await 20 ask 503 -H "$AUTH" "$URL/things"
	ask 503 -H "$AUTH" -H "$JSON" -d '{}' "$URL/things"
	ask 503 -H "$JSON" -d '{"token":"x"}' "$URL/identify"
	mv away "$MFX_HOME/registry.db"
	await 20 ask 200 "$URL/health"
	await 20 ask 200 -H "$AUTH" "$URL/things"
	ask 201 -H "$AUTH" -H "$JSON" -d '{}' "$URL/things"
}

# with_password EMAIL PASSWORD: a body
with_password() {
	printf '{"email":"%s","password":"%s"}' "$1" "$2"
}

@test "--password-min: Mainflux' provisioning has a password of three" {
	JSON='Content-Type: application/json'
	serve_api
	ask 400 -H "$JSON" -d "$(with_password ann@example.com 123)" "$URL/users"
	jq -e '.detail == "a password must have 8 to 1024 bytes"' answer
	ask 400 -H "$JSON" -d "$(with_password ann@example.com 1234567)" "$URL/users"
	kill "$PID"
	status 0 wait "$PID"
	PORT=
	serve_api --password-min 3
	ask 201 -H "$JSON" -d "$(with_password ann@example.com 123)" "$URL/users"
	ask 400 -H "$JSON" -d "$(with_password bob@example.com 12)" "$URL/users"
	jq -e '.detail == "a password must have 3 to 1024 bytes"' answer
	ask 400 -H "$JSON" -d "$(with_password bob@example.com '')" "$URL/users"
	ask 201 -H "$JSON" -d "$(with_password ann@example.com 123)" "$URL/tokens"
	AUTH="Authorization: $(jq -r .token answer)"
	ask 400 -X PATCH -H "$AUTH" -H "$JSON" "$URL/password" \
	    -d '{"old_password":"123","password":"45"}'
	ask 201 -X PATCH -H "$AUTH" -H "$JSON" "$URL/password" \
	    -d '{"old_password":"123","password":"456"}'
	ask 403 -H "$JSON" -d "$(with_password ann@example.com 123)" "$URL/tokens"
	ask 201 -H "$JSON" -d "$(with_password ann@example.com 456)" "$URL/tokens"
	# a longer one may be asked for too, of new ones only
	kill "$PID"
	status 0 wait "$PID"
	PORT=
	serve_api --password-min 20
	ask 400 -H "$JSON" -d "$(with_password bob@example.com 'correct horse')" "$URL/users"
	ask 201 -H "$JSON" -d "$(with_password ann@example.com 456)" "$URL/tokens"
	status 64 mfx-api --password-min 0
}

@test "--closed: new users are made here only" {
	mfx-users create eve@example.com --password-file - <<<'correct horse'
	serve_api --closed
	JSON='Content-Type: application/json'
	local account='{"email":"ann@example.com","password":"correct horse"}'
	ask 403 -H "$JSON" -d "$account" "$URL/users"
	mfx-users create ann@example.com --password-file - <<<'correct horse'
	ask 201 -H "$JSON" -d "$account" "$URL/tokens"
}

@test "a change by a command is seen, and its end of a user" {
	serve_api
	log_in
	export MFX_USER=ann@example.com
	local id
	id=$(mfx-things create --name 'from here' | jq -r .id)
	ask 200 -H "$AUTH" "$URL/things/$id"
	ask 200 -H "$AUTH" "$URL/things?name=from%20here"
	jq -e '.total == 1' answer
	mfx-things remove "$id"
	ask 404 -H "$AUTH" "$URL/things/$id"
	mfx-users update ann@example.com --password-file - <<<'battery staple'
	ask 403 -H "$AUTH" "$URL/things"
}

@test "no password, token or key in any message" {
	serve_api -v -v
	log_in
	ask 201 -H "$AUTH" -H "$JSON" -d '{"key":"secret-key"}' "$URL/things"
	ask 422 -H "$AUTH" -H "$JSON" -d '{"key":"secret-key"}' "$URL/things"
	ask 403 -H "$JSON" -d '{"token":"secret-key-2"}' "$URL/identify"
	ask 200 -H "$AUTH" "$URL/things?name=secret-name"
	ask 403 -H 'Authorization: secret-token' "$URL/things"
	grep -q 'POST /things 201' "$PID_ERR"
	refute grep -e secret- -e "${AUTH#*: }" -e 'correct horse' "$PID_ERR"
	tr '\0' ' ' <"/proc/$PID/cmdline" >line
	refute grep -q secret line
	grep -E '^Max core file size +0 +0 ' "/proc/$PID/limits"
}

# ---- beginning and end ----

@test "SIGTERM: what was begun is finished, streams end, nothing new" {
	serve_api
	log_in
	curl -sSN -m 60 -H "$AUTH" "$URL/events?from=end" >stream 2>stream.err 3>&- &
	local stream=$! holder
	request POST /things '{"name":"held back"}' >whole
	"$ROOT/tests/http_raw.py" hold "$PORT" <whole >said 3>&- &
	holder=$!
	await 20 grep -q held said
	await 20 eval 'curl -sS "$URL/metrics" | grep -qx "api_event_streams 1"'
	kill "$PID"
	status 0 wait "$stream"
	kill -USR1 "$holder"
	wait "$holder"
	[[ $(xargs <said) == "held 201 closed" ]]
	status 0 wait "$PID"
	export MFX_USER=ann@example.com
	(($(mfx-things list | wc -l) == 1))
}

@test "killed at any moment: what was answered is there, and only once" {
	local i made=0
	export MFX_USER=ann@example.com
	mfx-users create "$MFX_USER" --password-file - <<<'correct horse'
	for i in 1 2 3; do
		PORT=
		serve_api
		ask 201 -H 'Content-Type: application/json' -d \
		    '{"email":"ann@example.com","password":"correct horse"}' \
		    "$URL/tokens"
		jq -r .token answer >token
		/usr/bin/python3 - "$PORT" "$i" >>answered 3>&- <<-'EOF' &
			import sys, threading
			sys.path.insert(0, sys.path[0] or ".")
			import http.client
			token = open("token").read().strip()
			lock = threading.Lock()
			def go(n):
			    c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
			    try:
			        for i in range(100000):
			            name = f"{sys.argv[2]}.{n}.{i}"
			            c.request("POST", "/things", '{"name":"%s"}' % name,
			                {"Authorization": token, "Content-Type": "application/json"})
			            r = c.getresponse()
			            r.read()
			            if r.status != 201: break
			            with lock:
			                print(name, flush=True)
			    except (OSError, http.client.HTTPException):
			        pass
			threads = [threading.Thread(target=go, args=(n,)) for n in range(8)]
			for t in threads: t.start()
			for t in threads: t.join()
		EOF
		local client=$!
		await 30 eval '(($(grep -c "^$i\." answered) > 100))'
		kill -9 "$PID"
		wait "$PID" || true
		wait "$client"
	done
	mfx-things list | jq -r .name | sort >there
	[[ -z $(uniq -d there) ]]
	sort answered | comm -23 - there >lost
	[[ ! -s lost ]] || { head lost; false; }
	# the index of names has them too
	sqlite3 "$MFX_HOME/registry.db" "INSERT INTO thing_names(thing_names)
	    VALUES('integrity-check')"
}

@test "over TLS, with a certificate" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout server.key -out server.crt -days 2 -subj /CN=localhost \
	    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
	serve_api --tls-cert server.crt --tls-key server.key
	URL=https://127.0.0.1:$PORT
	ask 200 --cacert server.crt "$URL/health"
	local account='{"email":"ann@example.com","password":"correct horse"}'
	ask 201 --cacert server.crt -H 'Content-Type: application/json' \
	    -d "$account" "$URL/users"
	ask 201 --cacert server.crt -H 'Content-Type: application/json' \
	    -d "$account" "$URL/tokens"
	AUTH="Authorization: $(jq -r .token answer)"
	ask 200 --cacert server.crt -H "$AUTH" "$URL/events?follow=false"
	ask 201 --cacert server.crt -H "$AUTH" \
	    -H 'Content-Type: application/json' -d '{}' "$URL/things"
}

@test "--require-cert: nobody comes in without a certificate of that authority" {
	local who
	for who in ca other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		    -nodes -keyout $who.key -out $who.crt -days 2 -subj /CN=$who \
		    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		    -keyout $who-client.key -out client.csr -subj /CN=ann 2>/dev/null
		openssl x509 -req -in client.csr -CA $who.crt -CAkey $who.key \
		    -CAcreateserial -days 2 -out $who-client.crt 2>/dev/null
	done
	serve_api --tls-cert ca.crt --tls-key ca.key --tls-ca ca.crt --require-cert
	URL=https://127.0.0.1:$PORT
	ask 403 --cacert ca.crt "$URL/version"
	ask 403 --cacert ca.crt -H 'Content-Type: application/json' \
	    -d '{"email":"ann@example.com","password":"correct horse"}' "$URL/users"
	ask 200 --cacert ca.crt --cert ca-client.crt --key ca-client.key "$URL/version"
	ask 403 --cacert ca.crt --cert other-client.crt --key other-client.key \
	    "$URL/version"
	# a token is needed all the same
	ask 403 --cacert ca.crt --cert ca-client.crt --key ca-client.key "$URL/things"
}

@test "inherited sockets: systemd's, and a connection from inetd" {
	free_port PORT
	start "$ROOT/tests/http_launch.py" systemd "$PORT" -- mfx-api
	await 20 ask 200 "http://127.0.0.1:$PORT/health"
	kill "$PID"
	status 0 wait "$PID"
	free_port PORT
	start "$ROOT/tests/http_launch.py" nowait "$PORT" -- mfx-api -v
	await 20 grep -q listening "$PID_OUT"
	ask 200 "http://127.0.0.1:$PORT/version"
	status 0 wait "$PID"
}

# ---- files of before ----

@test "a registry of before is brought up to date, with all that is in it" {
	export MFX_USER=ann@example.com
	sqlite3 --version >/dev/null
	mkdir -p -m 700 "$MFX_HOME"
	mfx-users create "$MFX_USER" --password-file - <<<'correct horse'
	mfx-users create bob@example.com --password-file - <<<'correct horse'
	mfx-things create --name 'first one' >/dev/null
	mfx-things create --name 'second one' --user bob@example.com >/dev/null
	local c gone
	c=$(mfx-channels create --name chan | jq -r .id)
	mfx-channels connect "$c" "$(mfx-things list | jq -r .id)"
	gone=$(mfx-things create --name gone | jq -r .id)
	mfx-things remove "$gone"
	mfx-events >before
	# back to what version 1 was
	sqlite3 "$MFX_HOME/registry.db" "
	    DROP TABLE guests; DROP TABLE grants;
	    DROP TRIGGER things_id; DROP TRIGGER channels_id;
	    DROP TRIGGER users_id; DROP TABLE group_things;
	    DROP TABLE group_channels; DROP TABLE item_groups;
	    ALTER TABLE users DROP COLUMN item_groups;
	    DROP TABLE bootstrap_channels; DROP TABLE bootstrap;
	    DROP TABLE bootstrap_unknown; DROP TRIGGER things_certificates;
	    DROP TABLE certificates; DROP TABLE authorities;
	    ALTER TABLE connections DROP COLUMN direction;
	    DROP TABLE log; DROP TABLE user_metadata; DROP TABLE removed;
	    DROP TRIGGER users_gone;
	    DROP TRIGGER things_gone; DROP TRIGGER channels_gone;
	    DROP INDEX things_by_name; DROP INDEX things_by_id;
	    DROP INDEX channels_by_name; DROP INDEX channels_by_id;
	    ALTER TABLE things DROP COLUMN tags;
	    ALTER TABLE things DROP COLUMN disabled;
	    ALTER TABLE channels DROP COLUMN tags;
	    ALTER TABLE channels DROP COLUMN disabled;
	    DROP TABLE thing_names; DROP TABLE channel_names;
	    DROP TABLE named;
	    DROP TABLE tokens; DROP TABLE revoked;
	    DROP TRIGGER things_more; DROP TRIGGER things_less;
	    DROP TRIGGER channels_more; DROP TRIGGER channels_less;
	    ALTER TABLE users DROP COLUMN version;
	    ALTER TABLE users DROP COLUMN things;
	    ALTER TABLE users DROP COLUMN channels;
	    ALTER TABLE events DROP COLUMN owner;
	    PRAGMA user_version = 1;"
	mfx-events | diff before -
	serve_api
	ask 201 -H 'Content-Type: application/json' -d \
	    '{"email":"ann@example.com","password":"correct horse"}' "$URL/tokens"
	AUTH="Authorization: $(jq -r .token answer)"
	ask 200 -H "$AUTH" "$URL/things?name=one"
	jq -e '.total == 1 and .things[0].name == "first one"' answer
	ask 200 -H "$AUTH" "$URL/things"
	jq -e '.total == 1' answer
	ask 200 -H "$AUTH" "$URL/channels?name=cha"
	jq -e '.total == 1' answer
	ask 200 -H "$AUTH" "$URL/events?follow=false"
	jq -r .operation answer | diff - <(printf '%s\n' user.create \
	    thing.create channel.create thing.connect thing.create thing.remove)
}
