#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# scripts/deploy/nginx in front of what it is for: mfx-api, the adapters for
# HTTP and WebSocket, and mosquitto as scripts/deploy has it.  Only paths,
# ports and the user are changed.
load setup
load site
load tls

DEPLOY=$ROOT/scripts/deploy
PACK='[{"n":"dev:t","v":1}]'

# nginx ends its workers, and `run` what it has started; a kill -9 would
# leave these
teardown() {
	local pid
	for pid in ${NGINX:-} ${RUN:-}; do
		kill -TERM "$pid" 2>/dev/null || true
		await 30 gone "$pid" || true
	done
	for pid in "${PIDS[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

setup_suite_test() {
	make_site
	free_port API HTTP WS MQTT MQTT_WS MQTT_TLS MQTT_CERT \
	    N_TLS N_CERT N_CLEAR N_MQTT N_MQTTS N_MQTT_CERT
	authority ca
	certificate server ca /CN=localhost DNS:127.0.0.1,IP:127.0.0.1 serverAuth
	OUT=https://127.0.0.1:$N_TLS
	CERT=https://127.0.0.1:$N_CERT
	MESSAGES=channels/$CHANNEL/messages
}

# here FILE…: with what is so here
here() {
	local user=(-e "s,^user .*,user $(id -un);,")
	((EUID == 0)) || user=(-e '/^user /d')
	sed -i "${user[@]}" -e "s,/etc/nginx/mfx,$PWD/mfx," \
	    -e "s,/etc/mfx/tls,$PWD," -e "s,/var/log/nginx,$PWD," \
	    -e "s,/run/nginx.pid,$PWD/nginx.pid," -e '/listen \[::\]:/d' \
	    -e "s,^http {,&$(printf ' %s_temp_path tmp;' client_body proxy \
	    fastcgi uwsgi scgi)," \
	    -e "s,listen 443 ,listen 127.0.0.1:$N_TLS ," \
	    -e "s,listen 8443 ,listen 127.0.0.1:$N_CERT ," \
	    -e "s,listen 80 ,listen 127.0.0.1:$N_CLEAR ," \
	    -e "s,listen 1883 ,listen 127.0.0.1:$N_MQTT ," \
	    -e "s,listen 8883 ,listen 127.0.0.1:$N_MQTTS ," \
	    -e "s,listen 8884 ,listen 127.0.0.1:$N_MQTT_CERT ," \
	    -e "s,127.0.0.1:8182;,127.0.0.1:$API;," \
	    -e "s,127.0.0.1:8185;,127.0.0.1:$HTTP;," \
	    -e "s,127.0.0.1:8186;,127.0.0.1:$WS;," \
	    -e "s,127.0.0.1:8083;,127.0.0.1:$MQTT_WS;," \
	    -e "s,127.0.0.1:11883;,127.0.0.1:$MQTT;," \
	    -e "s,127.0.0.1:18884;,127.0.0.1:$MQTT_CERT;," "$@"
}

configuration() {
	cp "$DEPLOY/nginx/nginx.conf" .
	cp -R "$DEPLOY/nginx/mfx" .
	here nginx.conf mfx/*.conf mfx/clear/*.conf
}

serve_nginx() {
	configuration
	start /usr/sbin/nginx -p "$PWD" -c "$PWD/nginx.conf" -g 'daemon off;'
	NGINX=$PID NGINX_ERR=$PID_ERR
	await 40 eval '! kill -0 "$NGINX" || : <>"/dev/tcp/127.0.0.1/$N_TLS"'
	kill -0 "$NGINX" || { cat "$NGINX_ERR"; false; }
}

serve_things() {
	start_ready mfx-adapt-http -l "127.0.0.1:$HTTP" -o raw
	start_ready mfx-adapt-ws -l "127.0.0.1:$WS" -i raw -o raw
	WS_PID=$PID
	serve_nginx
}

# mosquitto.conf with the change that the README has for it
serve_broker() {
	mkdir -p "$MFX_HOME/mqtt/tls"
	cp ca.crt server.crt server.key "$MFX_HOME/mqtt/tls"
	sed -n "s/^    sed -i \('.*'\) .*/\1/p" "$DEPLOY/nginx/README.md" |
		xargs -I EDIT sed EDIT "$DEPLOY/mosquitto/mosquitto.conf" |
		sed "s,^listener 11883 127,listener $MQTT 127,
		    s,^listener 18883 127,listener $MQTT_TLS 127,
		    s,^listener 18884 127,listener $MQTT_CERT 127," >broker.conf
	MFX_MQTT_WS_PORT=$MQTT_WS MFX_PLUGIN=$BIN/mfx_mosquitto.so \
	    start "$DEPLOY/mosquitto/run" "$PWD/broker.conf"
	RUN=$PID
	await 40 mosquitto_pub -h 127.0.0.1 -p "$MQTT" -u '' -P "$KEY" -t none -n -q 0 || {
		cat "$PID_ERR"
		return 1
	}
}

# ask STATUS URL [ARGUMENT…]: STATUS is a pattern; curl with
# these arguments, trusting our authority
ask() {
	local want=$1 got
	shift
	got=$(curl -sS -m 40 --path-as-is --cacert ca.crt -o answer \
	    -D headers -w '%{http_code}' "$@" 2>curl.err) || true
	[[ $got == $want ]] || {
		echo "$got, not $want: $*"
		cat answer curl.err mfx-error.log
		return 1
	}
}

# with NAME: curl's options for that certificate
with() {
	echo --cert "$1.crt" --key "$1.key"
}

# of what is on the stream, a member
raw() {
	cat "$MFX_HOME"/bus/raw/*.ndjson | jq -r ".[0].$1"
}

# talk URL ARGUMENT…
talk() {
	timeout 120 "$ROOT/tests/ws_talk.py" "$1" -A ca.crt "${@:2}" 3>&-
}

fails() {
	if "$@"; then
		echo "did not fail: $*" >&2
		return 1
	fi
}

# made NAME AUTHORITY SUBJECT: whose parts are taken as they are
made() {
	new_key "$1"
	openssl req -new -utf8 -multivalue-rdn -key "$1.key" -subj "$3" \
	    -out "$1.csr"
	openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -days 2 \
	    -extfile <(echo extendedKeyUsage=clientAuth) -out "$1.crt" \
	    2>/dev/null
}

@test "the configuration is without errors and warnings, with and without clear text" {
	configuration
	/usr/sbin/nginx -t -p "$PWD" -c "$PWD/nginx.conf" 2>said || {
		cat said
		false
	}
	rm -R mfx/clear
	/usr/sbin/nginx -t -p "$PWD" -c "$PWD/nginx.conf" 2>>said
	cat said
	fails grep -vE 'syntax is ok$|test is successful$' said
	# nothing is served in clear text that nobody asked for
	fails grep -E 'listen .*:('"$N_CLEAR|$N_MQTT"') ' nginx.conf
}

@test "the API: a login, a thing, and what is not for outside" {
	start_ready mfx-api -l "127.0.0.1:$API"
	serve_nginx
	local path json='Content-Type: application/json'
	ask 201 "$OUT/tokens" -H "$json" \
	    -d '{"email":"ann@example.com","password":"correct horse"}'
	(umask 077; jq -r '"Authorization: Bearer " + .token' answer >token)
	ask 201 "$OUT/things" -H @token -H "$json" -d '{"name":"pump"}'
	path=$(sed -n 's/^[Ll]ocation: \(.*\)\r$/\1/p' headers)
	[[ $path == /things/* ]]
	ask 200 "$OUT$path" -H @token
	[[ $(jq -r .name answer) == pump ]]
	ask 403 "$OUT$path"
	ask 200 "$OUT/version"
	ask 200 "$OUT/openapi.json"
	# more than a message may have, for many things at once
	jq -cn '[range(20000) | {name: ("a thing with quite a name \(.)" +
	    "." * 60)}]' >many
	(($(wc -c <many) > 1100000))
	ask 201 "$OUT/things/bulk" -H @token -H "$json" -d @many
	# from a page
	ask 200 "$OUT/things" -X OPTIONS -H 'Origin: https://example.com'
	grep -qi '^access-control-allow-origin: \*' headers
	ask 403 "$OUT/things" -H 'Origin: https://example.com'
	grep -qi '^access-control-allow-origin: \*' headers
	# what asks for health gets what is good and bad
	ask 200 "$OUT/health"
	jq -e '.status == "pass"' answer
	for path in / /metrics /identify "/channels/$CHANNEL/access" \
	    "/channels/$CHANNEL/access-by-key" \
	    "/channels/$CHANNEL/access-by-id" \
	    "/channels/$CHANNEL/acces%73" /channels/../metrics \
	    "/channels/$CHANNEL%2Faccess" //health /things/..%2fmetrics \
	    /openapi /http/version /ws/version /http/health /mqtt/x; do
		ask 404 "$OUT$path"
		ask 404 "$OUT$path" -H @token -H "$json" -d "{\"token\":\"$KEY\"}"
	done
	for path in / /things /tokens /version /mqtt; do
		ask 403 "$CERT$path"
	done
	# events come as they happen
	curl -sSN -m 100 --cacert ca.crt -H @token "$OUT/events?from=end" \
	    >events 2>&1 3>&- &
	PIDS+=($!)
	await 40 eval 'ask 201 "$OUT/things" -H @token -H "$json" \
	    -d "{\"name\":\"seen\"}" && grep -q seen events'
	fails grep -qF "$KEY" mfx-access.log mfx-error.log
}

@test "the commands through --url, a bulk and events too" {
	start_ready mfx-api -l "127.0.0.1:$API"
	serve_nginx
	export MFX_URL=$OUT MFX_CACERT=ca.crt
	mfx-token login "$MFX_USER" --password-file - <<<'correct horse'
	mfx-things list | jq -e --arg id "$THING" '.id == $id'
	start_ready mfx-events --follow --from end
	seq 20000 | sed 's/.*/{"name":"a thing with quite a name, number &"}/' |
		mfx-things create -f - >made
	(($(wc -l <made) == 20000))
	await 60 eval '(($(wc -l <"$PID_OUT") == 20000))'
	mfx-things list --name '*7777' | jq -r .name | grep -c 7777 | grep -qx 2
	mfx-things remove -f made
	[[ $(mfx-things list | jq -r .id) == "$THING" ]]
	mfx-channels disconnect "$CHANNEL" "$THING"
	status 1 mfx-can "$THING" publish "$CHANNEL"
	mfx-channels connect "$CHANNEL" "$THING"
	mfx-can "$THING" publish "$CHANNEL"
	# what asks for a key alone is for this machine only
	status 69 mfx-can --key-file - publish "$CHANNEL" <<<"$KEY" 2>said
	grep -q "answered with 404" said
	mfx-token logout
}

@test "passwords: an address that tries too many is held back" {
	start_ready mfx-api -l "127.0.0.1:$API" --attempts 100000
	serve_nginx
	# with 60 at once and two in a second: 400 are too many, unless they
	# take minutes
	curl -sS -m 200 --cacert ca.crt -o answer -w '%{http_code}\n' \
	    -H 'Content-Type: application/json' -d '{}' \
	    "$OUT/tokens?[1-400]" | sort | uniq -c >said
	cat said
	grep -q ' 400$' said
	grep -q ' 429$' said
	(($(wc -l <said) == 2))
	# nobody else, and nothing else
	ask 403 "$OUT/things"
	ask 403 "$OUT/users"
}

# tried URL OPTION…: a wrong password for another account each time, until
# mfx-api itself says that these are too many; nginx does so without JSON
tried() {
	local i
	for i in {1..100}; do
		curl -sS -m 40 --cacert ca.crt -o answer -w '%{http_code}' \
		    -H 'Content-Type: application/json' "${@:2}" -d \
		    "{\"email\":\"a$RANDOM.$i@example.com\",\"password\":\"x\"}" \
		    "$1" >got
		[[ $(<got) == [24]* ]]
		if [[ $(<got) == 429 ]] && jq -e '.status == 429' answer; then
			return
		fi
	done >/dev/null 2>&1
	echo "never too many: $*"
	return 1
}

@test "each client behind nginx has limits of its own" {
	local wrong='{"email":"ann@example.com","password":"wrong"}'
	local json='Content-Type: application/json'
	# ten of one address
	start_ready mfx-api -l "127.0.0.1:$API" --attempts 1 \
	    --trusted-proxy 127.0.0.1
	serve_nginx
	tried "$OUT/tokens" --interface 127.0.0.1
	ask 403 "$OUT/tokens" --interface 127.0.0.2 -H "$json" -d "$wrong"
	jq -e '.status == 403' answer
	# whatever a client says of itself
	tried "$OUT/tokens" --interface 127.0.0.3 -H 'X-Forwarded-For: 192.0.2.1'
	ask 403 "$OUT/tokens" --interface 127.0.0.4 \
	    -H 'X-Forwarded-For: 127.0.0.3' -H "$json" -d "${wrong/ann/bob}"
	# a client that connects to the port without nginx is not a proxy
	tried "http://127.0.0.1:$API/tokens" --interface 127.0.0.5 \
	    -H 'X-Forwarded-For: 192.0.2.9'
	ask 403 "$OUT/tokens" --interface 127.0.0.6 -H "$json" -d "${wrong/ann/eve}"
}

@test "messages: over HTTP and WebSocket, with a key" {
	serve_things
	ask 202 "$OUT/http/$MESSAGES/a/b" -H "Authorization: $KEY" -d "$PACK"
	ask 202 "$OUT/http/$MESSAGES/c%2Fd" -H "Authorization: Thing $KEY" -d x
	ask 202 "http://127.0.0.1:$N_CLEAR/http/$MESSAGES" \
	    -H "Authorization: $KEY" -d x
	[[ $(raw subtopic | xargs) == 'a.b c.d null' ]]
	ask 403 "$OUT/http/$MESSAGES" -d "$PACK"
	ask 403 "$OUT/http/$MESSAGES" -H 'Authorization: wrong' -d "$PACK"
	ask 400 "$OUT/http/$MESSAGES/%3E" -H "Authorization: $KEY" -d x
	head -c 1100000 /dev/zero >big
	ask 413 "$OUT/http/$MESSAGES" -H "Authorization: $KEY" \
	    --data-binary @big
	ask 404 "$OUT/http/x/../$MESSAGES" -H "Authorization: $KEY" -d x
	ask 405 "$OUT/http/$MESSAGES" -H "Authorization: $KEY"
	[[ $(raw publisher | sort | uniq -c | xargs) == "3 $THING" ]]
	# what is stored is read again
	start_ready mfx-api -l "127.0.0.1:$API"
	store_all "$MFX_HOME/messages.db"
	ask 200 "$OUT/$MESSAGES" -H "Authorization: $KEY" \
	    -H 'Accept: application/x-ndjson'
	[[ $(jq -r .subtopic answer | sort | xargs) == 'a.b c.d null' ]]
	ask 403 "$OUT/$MESSAGES"
	local wss=wss://127.0.0.1:$N_TLS/ws/$MESSAGES
	[[ $(talk "$wss/a/%3E" -H "Authorization:$KEY" quiet) == quiet ]]
	[[ $(talk "$wss" -H "Authorization:$KEY" "send:$PACK" recv) == \
	    "text $PACK" ]]
	[[ $(talk "$wss?authorization=$KEY" send:hi recv) == 'text hi' ]]
	[[ $(talk "$wss") == 'refused 403' ]]
	ask 426 "$OUT/ws/$MESSAGES" -H "Authorization: $KEY"
	fails grep -qF "$KEY" mfx-access.log mfx-error.log
	# nor when nothing answers nginx
	kill "$WS_PID"
	wait "$WS_PID" || true
	ask 502 "$OUT/ws/$MESSAGES?authorization=$KEY"
	await 30 grep -q ' 502 ' mfx-access.log
	fails grep -qF "$KEY" mfx-access.log mfx-error.log "$NGINX_ERR"
}

@test "certificates: the key is that of a verified one, and nothing else" {
	local c other other_key
	other=$(mfx-things create --name other)
	other_key=$(jq -r .key <<<"$other")
	mfx-channels connect "$CHANNEL" "$(jq -r .id <<<"$other")"
	authority evil
	made thing ca "/CN=$KEY"
	made named ca "/O=plant/OU=CNC 1/CN=$KEY/L=here"
	made escaped ca "/O=plant, 1/CN=$KEY"
	made untrusted evil "/CN=$KEY"
	made unknown ca /CN=nobody
	made nameless ca /O=plant
	made two ca "/CN=$KEY/CN=$other_key"
	made within ca "/O=x,CN=$KEY"
	made beside ca "/O=CN=$KEY/CN=$other_key"
	made joined ca "/CN=$KEY+OU=x"
	certificate server-only ca "/CN=$KEY" '' serverAuth
	certificate old ca "/CN=$KEY" '' clientAuth 0
	serve_things
	local url=$CERT/http/$MESSAGES
	ask 202 "$url" -d x $(with thing)
	ask 202 "$url" -d x $(with thing) -H "Authorization: $KEY"
	ask 202 "$url" -d x $(with thing) -H "Authorization: Thing $KEY"
	ask 202 "$url" -d x $(with named)
	# nobody becomes another, by header or query
	ask 403 "$url" -d x $(with thing) -H "Authorization: $other_key"
	ask 403 "$url" -d x $(with thing) -H "Authorization: $KEY|"
	ask 400 "$url" -d x $(with thing) -H "Authorization: $KEY" \
	    -H "Authorization: $other_key"
	ask 403 "$url" -d x $(with unknown) -H "Authorization: $KEY"
	ask 403 "$url" -d x $(with nameless) -H "Authorization: $KEY"
	ask 403 "$url" -d x -H "Authorization: $KEY"
	ask 403 "$url" -d x -H "Authorization: Thing $KEY" \
	    -H 'ssl-client-verify: SUCCESS' -H "ssl-client-s-dn: CN=$KEY"
	# a comma in a name is escaped, and what is escaped is not taken
	for c in escaped untrusted unknown nameless two within beside joined \
	    server-only old; do
		ask 403 "$url" -d x $(with "$c")
		ask 403 "$url" -d x $(with "$c") -H "Authorization: $KEY"
	done
	ask 000 "$url" -d x $(with thing) --tls-max 1.2
	grep -q 'SSL routines' curl.err
	[[ $(raw publisher | sort | uniq -c | xargs) == "4 $THING" ]]
	# where one may be shown or not, as Mainflux's documents have it
	url=$OUT/http/$MESSAGES
	ask 202 "$url" -d x $(with thing)
	ask 202 "$url" -d x $(with named) -H "Authorization: $KEY"
	ask 202 "$url" -d x -H "Authorization: $KEY"
	ask 403 "$url" -d x
	ask 403 "$url" -d x $(with thing) -H "Authorization: $other_key"
	ask 403 "$url" -d x $(with thing) -H 'Authorization: wrong'
	for c in escaped untrusted unknown nameless two within beside joined \
	    server-only old; do
		ask 403 "$url" -d x $(with "$c")
		ask 403 "$url" -d x $(with "$c") -H "Authorization: $KEY"
	done
	ask 403 "$url" -d x $(with thing) --tls-max 1.2
	ask 202 "$url" -d x -H "Authorization: $KEY" --tls-max 1.2
	[[ $(talk "${OUT/https/wss}/ws/$MESSAGES" -C thing.crt thing.key \
	    send:443 recv) == 'text 443' ]]
	[[ $(talk "${OUT/https/wss}/ws/$MESSAGES?authorization=$other_key" \
	    -C two.crt two.key) == 'refused 403' ]]
	[[ $(raw publisher | sort | uniq -c | xargs) == "9 $THING" ]]
	local wss=wss://127.0.0.1:$N_CERT/ws/$MESSAGES
	[[ $(talk "$wss" -C thing.crt thing.key "send:$PACK" recv) == \
	    "text $PACK" ]]
	[[ $(talk "$wss?authorization=$other_key" -C thing.crt thing.key \
	    send:me recv) == 'text me' ]]
	[[ $(talk "$wss" -C two.crt two.key) == 'refused 403' ]]
	[[ $(talk "$wss" -H "Authorization:$KEY") == 'refused 403' ]]
	[[ $(raw publisher | sort | uniq -c | xargs) == "11 $THING" ]]
}

@test "one client's wrong keys lock nobody out, by any protocol" {
	serve_broker
	serve_things
	start_ready mfx-api -l "127.0.0.1:$API" --trusted-proxy 127.0.0.1
	local i wss=${OUT/https/wss}/ws/$MESSAGES json='Content-Type: application/json'
	local account='{"email":"ann@example.com","password":"correct horse"}'
	for i in {1..30}; do
		ask 403 "$OUT/http/$MESSAGES" -d x --interface 127.0.0.4 \
		    -H "Authorization: wrong$i"
		ask 403 "$OUT/ws/$MESSAGES" --interface 127.0.0.4 -H 'Upgrade: websocket' \
		    -H 'Connection: upgrade' -H 'Sec-WebSocket-Version: 13' \
		    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
		    --http1.1 -H "Authorization: wrong$i"
		ask 403 "$OUT/$MESSAGES" --interface 127.0.0.4 \
		    -H "Authorization: wrong$i"
		ask '4[02][39]' "$OUT/tokens" --interface 127.0.0.4 -H "$json" \
		    -d "${account/correct/wrong}"
		fails timeout 60 mosquitto_pub -h 127.0.0.1 -p "$N_MQTTS" \
		    -A 127.0.0.4 --cafile ca.crt -u '' -P "wrong$i" -q 1 \
		    -t "$MESSAGES" -m x 2>/dev/null
	done
	# the others, and the same with what is right
	for i in 127.0.0.4 127.0.0.5; do
		ask 202 "$OUT/http/$MESSAGES" -d x --interface "$i" \
		    -H "Authorization: $KEY"
		timeout 60 mosquitto_pub -h 127.0.0.1 -p "$N_MQTTS" -A "$i" \
		    --cafile ca.crt -u '' -P "$KEY" -q 1 -t "$MESSAGES" -m x
	done
	[[ $(talk "$wss" -H "Authorization:$KEY" send:hi recv) == 'text hi' ]]
	# a password is another matter where it was tried; a try comes back
	# every 6 seconds
	for i in {1..10}; do
		ask '4[02][39]' "$OUT/tokens" --interface 127.0.0.4 -H "$json" \
		    -d "${account/correct/wrong}"
	done
	ask 429 "$OUT/tokens" --interface 127.0.0.4 -H "$json" -d "$account"
	ask 201 "$OUT/tokens" --interface 127.0.0.5 -H "$json" -d "$account"
}

# publish PORT MESSAGE OPTION…
publish() {
	timeout 60 mosquitto_pub -h 127.0.0.1 -p "$1" -q 1 \
	    -t "$MESSAGES/mqtt" -m "$2" "${@:3}"
}

# over_ws PORT KEY MESSAGE
over_ws() {
	KEY=$2 timeout 60 /usr/bin/python3 - "$1" "$MESSAGES/mqtt" "$3" <<-'END'
	import os, sys
	import paho.mqtt.publish as p
	p.single(sys.argv[2], sys.argv[3], qos=1, hostname="127.0.0.1",
	         port=int(sys.argv[1]), transport="websockets",
	         tls={"ca_certs": "ca.crt"},
	         auth={"username": "x", "password": os.environ["KEY"]})
	END
}

@test "MQTT: over TLS, over WebSocket, with a certificate" {
	certificate id ca /CN=meter "URI:urn:uuid:$THING"
	certificate key ca "/CN=$KEY" ''
	authority evil
	certificate untrusted evil "/CN=$KEY" ''
	serve_broker
	serve_things
	local tls=(--cafile ca.crt) key=(-u '' -P "$KEY")
	# a subscriber of the same way
	local reader
	reader=$(mfx-things create --name wall)
	mfx-channels connect "$CHANNEL" "$(jq -r .id <<<"$reader")"
	reader=$(jq -r .key <<<"$reader")
	subscribe() {
		timeout 100 mosquitto_sub -h 127.0.0.1 -p "$N_MQTTS" \
		    "${tls[@]}" -V 5 -c -x 3600 -i wall -q 1 -u '' \
		    -P "$reader" -t "$MESSAGES/#" "$@"
	}
	subscribe -E
	publish "$N_MQTTS" mqtts "${tls[@]}" "${key[@]}"
	publish "$N_MQTT" clear "${key[@]}"
	over_ws "$N_TLS" "$KEY" ws
	publish "$N_MQTT_CERT" by-id "${tls[@]}" --cert id.crt --key id.key
	publish "$N_MQTT_CERT" by-key "${tls[@]}" --cert key.crt --key key.key
	ask 202 "$OUT/http/$MESSAGES/mqtt" -H "Authorization: $KEY" -d http
	subscribe -C 6 -W 60 -F %p | sort >got
	diff - <(xargs <got) <<<'by-id by-key clear http mqtts ws'
	[[ $(raw publisher | sort | uniq -c | xargs) == "6 $THING" ]]
	fails publish "$N_MQTTS" x "${tls[@]}" -u '' -P wrong 2>/dev/null
	fails publish "$N_MQTTS" x "${tls[@]}" --cert key.crt \
	    --key key.key 2>/dev/null
	fails publish "$N_MQTTS" x "${key[@]}" 2>/dev/null
	fails over_ws "$N_TLS" wrong x 2>/dev/null
	fails publish "$N_MQTT_CERT" x "${tls[@]}" "${key[@]}" 2>/dev/null
	fails publish "$N_MQTT_CERT" x "${tls[@]}" "${key[@]}" \
	    --cert untrusted.crt --key untrusted.key 2>/dev/null
	[[ $(raw publisher | wc -l) == 6 ]]
	# what is behind is for this machine only
	local port
	for port in "$MQTT" "$MQTT_WS" "$MQTT_TLS" "$MQTT_CERT"; do
		fails eval ': <>"/dev/tcp/127.0.0.2/$port"' 2>/dev/null
	done
}

@test "MQTT: one client with wrong keys locks nobody else out" {
	serve_broker
	serve_things
	local tls=(--cafile ca.crt) i
	# to the broker all have the proxy's address
	for i in $(seq 30); do
		fails publish "$N_MQTTS" x "${tls[@]}" -u '' -P wrong 2>/dev/null
		if ((i % 10 == 0)); then
			publish "$N_MQTTS" right "${tls[@]}" -u '' -P "$KEY"
			fails over_ws "$N_TLS" wrong x 2>/dev/null
			over_ws "$N_TLS" "$KEY" right
		fi
	done
	[[ $(raw publisher | wc -l) == 6 ]]
}
