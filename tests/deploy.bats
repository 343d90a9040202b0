#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is in scripts/deploy, run by those it is written for.  Only paths,
# ports and the user are changed.
load setup
load site
load ws

PACK='[{"n":"dev:t","v":1}]'
DEPLOY=$ROOT/scripts/deploy

setup_suite_test() {
	make_site
	HTTP=$(free_port)
	WS_PORT=$(free_port)
	API=$(free_port)
}

here() {
	sed "s,/usr/local/bin,$BIN,; s,/var/lib/mfx,$MFX_HOME,
	    s,127.0.0.1:8[12]85,127.0.0.1:$HTTP,
	    s,127.0.0.1:8[12]86,127.0.0.1:$WS_PORT,
	    s,127.0.0.1:8182,127.0.0.1:$API,
	    s, mfx /, $(id -un) /,; s,^User=.*,User=$(id -un)," "$1"
}

posted() {
	MESSAGES=http://127.0.0.1:$HTTP/channels/$CHANNEL/messages
	expect 202 "$PACK"
}

echoed() {
	PORT=$WS_PORT
	at_channel "$CHANNEL"
	[[ $(talk '' "send:$PACK" recv) == "text $PACK" ]]
}

# both serve, and not only once
both_serve() {
	await 20 posted
	await 20 echoed
	posted
	echoed
	[[ $(raw | jq -r '.[0].protocol' | sort -u | xargs) == 'http ws' ]]
}

@test "systemd: the units are in order, and what they start serves" {
	local p port
	for p in http ws; do
		for u in socket service; do
			here "$DEPLOY/systemd/mfx-adapt-$p.$u" >"mfx-adapt-$p.$u"
		done
		systemd-analyze verify --man=no "./mfx-adapt-$p.service" 2>&1 |
			grep "mfx-adapt-$p\.[a-z]*:[0-9]" >wrong || true
		[[ ! -s wrong ]] || { cat wrong; false; }
		port=$(sed -n 's/^ListenStream=127.0.0.1://p' "mfx-adapt-$p.socket")
		start systemd-socket-activate -l "127.0.0.1:$port" -E MFX_HOME \
		    $(sed -n 's/^ExecStart=//p' "mfx-adapt-$p.service")
	done
	both_serve
}

# a login, and a thing with its token
api_serves() {
	curl -fsS -m 20 -H 'Content-Type: application/json' -o login -d \
	    '{"email":"ann@example.com","password":"correct horse"}' \
	    "http://127.0.0.1:$API/tokens" &&
		curl -fsS -m 20 -H "Authorization: $(jq -r .token login)" \
		    "http://127.0.0.1:$API/things" | jq -e '.total == 1' &&
		curl -fsS -m 20 "http://127.0.0.1:$API/health" |
		jq -e '.status == "pass"'
}

@test "systemd: the API's units are in order, and what they start serves" {
	local u
	for u in socket service; do
		here "$DEPLOY/systemd/mfx-api.$u" >"mfx-api.$u"
	done
	systemd-analyze verify --man=no ./mfx-api.service 2>&1 |
		grep 'mfx-api\.[a-z]*:[0-9]' >wrong || true
	[[ ! -s wrong ]] || { cat wrong; false; }
	local reader
	reader=$(free_port)
	[[ $(sed -n 's/^ListenStream=//p' mfx-api.socket | xargs) == \
	    "127.0.0.1:$API 127.0.0.1:8905" ]]
	start systemd-socket-activate -l "127.0.0.1:$API" \
	    -l "127.0.0.1:$reader" -E MFX_HOME \
	    $(sed -n 's/^ExecStart=//p' mfx-api.service)
	await 20 api_serves
	api_serves
	# what Mainflux's command line asks at another port
	curl -fsS -m 20 "http://127.0.0.1:$reader/version"
}

@test "runit: runsv keeps the API" {
	cp -R "$DEPLOY/runit/mfx-api" .
	local reader
	reader=127.0.0.1:$(free_port)
	printf '%s\n' "MFX_HOME=$MFX_HOME user= listen=127.0.0.1:$API" \
	    files=1000 "reader=$reader" >mfx-api/conf
	start runsv mfx-api
	await 20 api_serves
	curl -fsS -m 20 "http://$reader/version"
	local pid
	pid=$(<mfx-api/supervise/pid)
	kill -9 "$pid"
	await 20 api_serves
	await 20 sv -w 10 exit ./mfx-api
	wait "$PID"
}

inetd_with() {
	here "$DEPLOY/inetd/inetd.conf" | grep -v '^#' | grep " $1 " >inetd.conf
	(($(wc -l <inetd.conf) == 2))
	start inetd -i -E inetd.conf
	both_serve
}

no_children() {
	! pgrep -P "$INETD"
}

# inetd keeps what it has started: each is asked to go, then inetd is
end_inetd() {
	local child
	INETD=$PID
	for child in $(pgrep -P "$INETD"); do
		kill "$child" || true
	done
	await 20 no_children
	kill "$INETD"
	wait "$INETD" || true
}

@test "inetd nowait: a process for each connection" {
	inetd_with nowait
	# which has ended with it
	INETD=$PID
	await 20 no_children
	end_inetd
}

@test "inetd wait: one process for all" {
	inetd_with wait
	end_inetd
}

@test "tcpserver: a process for each connection" {
	port=$HTTP start "$DEPLOY/tcpserver/mfx-adapt-http"
	port=$WS_PORT start "$DEPLOY/tcpserver/mfx-adapt-ws"
	both_serve
}

@test "runit: runsv keeps them" {
	local p port runsv
	for p in http ws; do
		cp -R "$DEPLOY/runit/mfx-adapt-$p" .
		port=$HTTP
		[[ $p == http ]] || port=$WS_PORT
		printf '%s\n' "MFX_HOME=$MFX_HOME user= listen=127.0.0.1:$port" \
		    files=1000 >"mfx-adapt-$p/conf"
		start runsv "mfx-adapt-$p"
	done
	both_serve
	# killed, it comes back; asked to go, it goes
	pid=$(<mfx-adapt-ws/supervise/pid)
	kill -9 "$pid"
	await 20 echoed
	for p in http ws; do
		await 20 sv -w 10 exit "./mfx-adapt-$p"
	done
	wait "$PID"
}
