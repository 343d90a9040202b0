#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# scripts/deploy/compat: what Mainflux's documents say, word for word but for
# the ports, which are taken here; and that it is off unless asked for.
load setup
load tls

COMPAT=$ROOT/scripts/deploy/compat

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

# ask STATUS ARGUMENT…
ask() {
	local want=$1 got
	shift
	got=$(curl -sS -m 40 -k -o answer -D headers -w '%{http_code}' "$@") ||
		true
	[[ $got == "$want" ]] || { echo "$got, not $want: $*"; cat answer; false; }
}

JSON='Content-Type: application/json'

# place: what has just been made
place() {
	sed -n 's/^[Ll]ocation: .*\/\(.*\)\r$/\1/p' headers
}

@test "getting started: a short password, a message, and its reader" {
	local api http ws coap token thing channel key
	free_port api http ws coap
	MFX_HTTP=127.0.0.1:$http MFX_WS=127.0.0.1:$ws MFX_COAP=127.0.0.1:$coap \
	    start "$COMPAT/run" -l "127.0.0.1:$api"
	RUN=$PID
	await 40 grep -q ready "$PID_OUT"
	# what it turns off it says
	grep -q -e '--compat: .*this machine alone' "$PID_ERR"
	ask 201 -X POST -H "$JSON" http://localhost:$api/users \
	    -d '{"email":"john.doe@email.com", "password":"123"}'
	ask 201 -X POST -H "$JSON" http://localhost:$api/tokens \
	    -d '{"email":"john.doe@email.com", "password":"123"}'
	token=$(jq -r .token answer)
	ask 201 -X POST -H "$JSON" -H "Authorization: $token" \
	    http://localhost:$api/things -d '{"name":"weio"}'
	thing=$(place)
	ask 201 -X POST -H "$JSON" -H "Authorization: $token" \
	    http://localhost:$api/channels -d '{"name":"mychan"}'
	channel=$(place)
	ask 200 -X PUT -H "Authorization: $token" \
	    "http://localhost:$api/channels/$channel/things/$thing"
	ask 200 -H "Authorization: $token" "http://localhost:$api/things/$thing"
	key=$(jq -r .key answer)
	await 40 ask 202 -X POST -H 'Content-Type: application/senml+json' \
	    -H "Authorization: $key" \
	    "http://localhost:$http/channels/$channel/messages" -d \
	    '[{"bn":"some-base-name:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2}]'
	await 40 eval 'ask 200 -H "Authorization: '"$key"'" \
	    "http://localhost:'"$api/channels/$channel"'/messages" &&
	    jq -e ".total == 2" answer'
}

# a test bench makes users and logs in, again and again
bench() {
	local i
	for i in {1..80}; do
		ask "$1" -H "$JSON" "$2/users" \
		    -d "{\"email\":\"u$RANDOM.$i@email.com\",\"password\":\"$3\"}" ||
			return 1
	done
}

@test "nginx with limits.conf from here holds no test bench back" {
	local api port cert
	free_port api port cert
	start_ready mfx-api --compat -l "127.0.0.1:$api" \
	    --trusted-proxy 127.0.0.1
	authority ca
	certificate server ca /CN=localhost DNS:localhost serverAuth
	cp -R "$ROOT/scripts/deploy/nginx/mfx" "$ROOT/scripts/deploy/nginx/nginx.conf" .
	cp "$COMPAT/limits.conf" mfx
	rm -R mfx/clear
	local user=(-e "s,^user .*,user $(id -un);,")
	((EUID == 0)) || user=(-e '/^user /d')
	sed -i "${user[@]}" -e "s,/etc/nginx/mfx,$PWD/mfx," \
	    -e "s,/etc/mfx/tls,$PWD," -e "s,/var/log/nginx,$PWD," \
	    -e "s,/run/nginx.pid,$PWD/nginx.pid," -e '/listen \[::\]:/d' \
	    -e "s,^http {,&$(printf ' %s_temp_path tmp;' client_body proxy \
	    fastcgi uwsgi scgi)," \
	    -e "s,listen 8443 ,listen 127.0.0.1:$cert ," \
	    -e "s,listen 443 ,listen 127.0.0.1:$port ," \
	    -e "s,127.0.0.1:8182;,127.0.0.1:$api;," \
	    -e '/^stream {/,$d' nginx.conf mfx/*.conf
	start nginx -p "$PWD" -c "$PWD/nginx.conf" -g 'daemon off;'
	NGINX=$PID
	await 40 eval ": <>/dev/tcp/127.0.0.1/$port"
	bench 201 "https://127.0.0.1:$port" 123
}

@test "without --compat all of it is as delivered" {
	local api
	free_port api
	start_ready mfx-api -l "127.0.0.1:$api"
	ask 400 -H "$JSON" "http://127.0.0.1:$api/users" \
	    -d '{"email":"john.doe@email.com", "password":"123"}'
	refute bench 201 "http://127.0.0.1:$api" 12345678
	silent "$PID_ERR"
}

@test "--compat leaves what is given" {
	local api
	free_port api
	start_ready mfx-api -l "127.0.0.1:$api" --compat --password-min 8 \
	    --registrations 5
	ask 400 -H "$JSON" "http://127.0.0.1:$api/users" \
	    -d '{"email":"john.doe@email.com", "password":"123"}'
	refute bench 201 "http://127.0.0.1:$api" 12345678
}
