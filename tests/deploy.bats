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
	free_port HTTP WS_PORT API
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
	free_port reader
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
	free_port reader
	reader=127.0.0.1:$reader
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
	refute pgrep -P "$INETD"
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

# ---- all of them ----

SERVICES='mfx-api mfx-adapt-http mfx-adapt-ws mfx-adapt-coap'

@test "systemd: all services have the same user, limits and restarts" {
	local u
	for u in $SERVICES mfx-pipe@ mfx-store{,-postgres,-influx,-mongo,-cassandra}; do
		sed -n '/^\[Service\]/,/^\[Install\]/p' \
		    "$DEPLOY/systemd/$u.service" |
			sed '/^#/d; /^Exec/d; /^LimitNOFILE=/d; /^Type=/d
			    /^Sockets=/d; /^KillMode=/d; /^Environment=PATH/d
			    /^Environment=MFX_STORE/d; /^LoadCredential/d
			    /^WatchdogSec=/d' >"$u"
		grep -q '^LimitNOFILE=' "$DEPLOY/systemd/$u.service"
		# those with a loop tell that it turns
		[[ $u == mfx-store* || $u == mfx-pipe@ ]] ||
			grep -q '^WatchdogSec=' "$DEPLOY/systemd/$u.service"
		cmp mfx-api "$u"
	done
	(($(wc -l <mfx-api) > 15))
}

@test "systemd: the store and the timer of prune are in order" {
	local u
	for u in mfx-store{,-postgres,-influx,-mongo,-cassandra}.service \
	    mfx-prune{,-store,-postgres,-influx,-mongo,-cassandra}.{service,timer}; do
		here "$DEPLOY/systemd/$u" >"$u"
	done
	systemd-analyze verify --man=no ./mfx-store.service \
	    ./mfx-store-{postgres,influx,mongo,cassandra}.service \
	    ./mfx-prune{,-store,-postgres,-influx,-mongo,-cassandra}.timer \
	    ./mfx-prune-{postgres,influx,mongo,cassandra}.service 2>&1 |
		grep 'mfx-[a-z-]*\.[a-z]*:' >wrong || true
	[[ ! -s wrong ]] || { cat wrong; false; }
	mfx-gen --count 10 | mfx-pub raw
	$(sed -n 's/^ExecStart=//p' mfx-prune.service) | jq -e '.segments == 0'
	mfx-gen --count 10 --start -2d --every 1h | mfx-write-sqlite messages.db
	$(sed -n 's/^ExecStart=//p' mfx-prune-store.service |
		sed "s,/var/lib/mfx,$PWD,g") | jq -e '.readings == 0'
}

@test "systemd: the timer of the backup is in order, and what it runs makes one" {
	local u
	for u in mfx-backup.{service,timer}; do
		here "$DEPLOY/systemd/$u" >"$u"
	done
	systemd-analyze verify --man=no ./mfx-backup.{service,timer} 2>&1 |
		grep 'mfx-[a-z-]*\.[a-z]*:' >wrong || true
	[[ ! -s wrong ]] || { cat wrong; false; }
	mfx-gen --count 10 | mfx-pub raw
	(umask 077; head -c 32 /dev/urandom >key)
	sed -n 's/^ExecStart=//p' mfx-backup.service |
		sed -e "s,/var/backups,$PWD,g" -e 's/\$\$/$/g' >command
	CREDENTIALS_DIRECTORY=$PWD bash command | jq -e '.files > 0'
	mfx-site verify --key key mfx
}

# what each of these does once is done again by cron
certs_are_told_of() {
	mfx-events | jq -se '[.[] | select(.operation ==
	    "certificate.expiring")] | length == 1 and .[0].thing_id == $t' \
	    --arg t "$THING"
	openssl crl -in tls/crl.pem -noout -text | grep -q 'Serial Number'
}

a_ca() {
	mkdir tls
	mfx-certs ca init
	mfx-certs issue --days 9 "$THING" >/dev/null
	mfx-certs server localhost >server.pem
	mfx-certs revoke "$(openssl x509 -in server.pem -noout -serial |
	    sed 's/.*=//')"
}

@test "systemd: the timers of certificates are in order, and what they run" {
	local u
	for u in mfx-certs-{expiring,crl}.{service,timer}; do
		here "$DEPLOY/systemd/$u" | sed "s,/etc/mfx,$PWD," >"$u"
	done
	systemd-analyze verify --man=no ./mfx-certs-*.{service,timer} 2>&1 |
		grep 'mfx-[a-z-]*\.[a-z]*:' >wrong || true
	[[ ! -s wrong ]] || { cat wrong; false; }
	a_ca
	for u in mfx-certs-{expiring,expiring,crl}.service; do
		$(sed -n 's/^ExecStart=//p' "$u")
	done
	certs_are_told_of
}

@test "cron: each line does what it says" {
	local user command
	here "$DEPLOY/cron/mfx" | sed "s,/etc/mfx,$PWD,; s,/var/backups,$PWD,
	    s,nginx -s reload,touch reloaded," | grep '^[0-9]' >lines
	a_ca
	mfx-gen --count 10 --start -2d --every 1h >sent
	mfx-pub raw <sent
	mfx-write-sqlite "$MFX_HOME/messages.db" <sent
	(umask 077; head -c 32 /dev/urandom >backup.key)
	while read -r _ _ _ _ _ user command; do
		[[ $user == mfx || $user == root ]]
		sh -c "$command" || { echo "$command"; false; }
	done <lines
	(($(wc -l <lines) == 5))
	certs_are_told_of
	[[ -e reloaded ]]
	mfx-site verify --key backup.key mfx
}

@test "runit: as the site's user, on loopback alone, with what conf adds" {
	local p want
	mkdir stubs
	printf '#!/bin/sh\necho "$*"\n' >stubs/chpst
	chmod +x stubs/chpst
	want=$(stat -c :%u:%g "$MFX_HOME")
	for p in $SERVICES; do
		cp -R "$DEPLOY/runit/$p" .
		printf 'MFX_HOME=%s OPTIONS="-v -v"\n' "$MFX_HOME" >"$p/conf"
		(cd "$p" && PATH=../stubs:$PATH ./run >../said)
		((EUID != 0)) || grep -q -- "^-u $want " said
		grep -qE -- " $p .*-l 127\.0\.0\.1:[0-9]+ .*-v -v\$" said ||
			{ cat said; false; }
	done
	# a site that listens elsewhere says so in OPTIONS
	echo 'OPTIONS="-l :5683"' >>mfx-adapt-coap/conf
	(cd mfx-adapt-coap && PATH=../stubs:$PATH ./run >../said)
	refute grep 127.0.0.1 said
	# another user's site
	((EUID != 0)) || {
		mkdir other
		chown 4711:4712 other
		echo "MFX_HOME=$PWD/other" >mfx-adapt-coap/conf
		(cd mfx-adapt-coap && PATH=../stubs:$PATH ./run >../said)
		grep -q -- '^-u :4711:4712 ' said
	}
}

@test "runit: each has a log, which makes its directory" {
	local p
	for p in $SERVICES mfx-store mfx-pipe mfx-mosquitto mfx-mqtt-delivery; do
		cp -R "$DEPLOY/runit/$p" .
		echo "$p speaks" >"$p.words"
		PATH=$PATH:/usr/sbin LOG_DIR=$PWD/logs/$p timeout 20 \
		    "$p/log/run" <"$p.words" 2>err
		grep -q "$p speaks" "logs/$p/current"
		cmp "$DEPLOY/runit/mfx-api/finish" "$p/finish"
	done
}

# ---- the store ----

rows() {
	(($(sqlite3 "$MFX_HOME/messages.db" 'SELECT count(*) FROM messages') == $1))
}

more_rows() {
	ROWS=$((ROWS + 3 * $1))
	mfx-gen --count "$1" --seed "$ROWS" | mfx-pub raw
	await 30 rows "$ROWS"
}

# the stages that are children of a process: "PID name" each
stages_of() {
	pgrep -P "$1" -l 'mfx-'
}

all_three() {
	(($(stages_of "$1" | wc -l) == 3))
}

gone() {
	local pid
	for pid; do
		[[ $(cat "/proc/$pid/stat" 2>/dev/null || echo ') Z ') == \
		    *') Z '* ]] || return
	done
}

supervised() {
	[[ -s mfx-store/supervise/pid ]] &&
		read -r SHELL_PID <mfx-store/supervise/pid &&
		all_three "$SHELL_PID"
}

# another one than $1, with all its stages
again() {
	supervised && [[ $SHELL_PID != "$1" ]]
}

@test "runit: the store goes and comes back as a whole, whatever is killed" {
	local stage old pids
	cp -R "$DEPLOY/runit/mfx-store" .
	echo "MFX_HOME=$MFX_HOME" >mfx-store/conf
	ROWS=0
	mfx-pub raw </dev/null
	export LOG_DIR=$PWD/log
	start runsv "$PWD/mfx-store"
	await 30 supervised || { cat log/current "$PID_OUT" "$PID_ERR"; false; }
	more_rows 10
	for stage in mfx-sub mfx-normalize mfx-write-sqlite shell; do
		await 30 supervised
		old=$SHELL_PID
		pids=$(pgrep -P "$old" 'mfx-')
		if [[ $stage == shell ]]; then
			kill -9 "$old"
		else
			kill -9 "$(pgrep -P "$old" "${stage:0:15}")"
		fi
		await 30 gone $old $pids
		await 30 again "$old"
		more_rows 10
	done
	# down is down, and up again loops on nothing
	pids="$SHELL_PID $(pgrep -P "$SHELL_PID" 'mfx-')"
	sv -w 20 down "$PWD/mfx-store"
	gone $pids
	mfx-bus groups raw | jq -e '.lag == 0'
	sv up "$PWD/mfx-store"
	await 30 supervised
	more_rows 10
	mfx-bus groups raw | jq -e '.group == "store"'
	# wrongly configured, it stays down
	echo 'group=raw/../x' >>mfx-store/conf
	sv -w 20 restart "$PWD/mfx-store" || true
	await 30 rests "$PWD/mfx-store"
	await 20 sv -w 10 exit "$PWD/mfx-store"
	wait "$PID"
}

@test "systemd: the store's command ends as a whole, whatever is killed" {
	local stage pids group status=0
	# as systemd reads it
	sed -n "s/^ExecStart=\/bin\/bash -c '\(.*\)'$/\1/p" \
	    "$DEPLOY/systemd/mfx-store.service" | sed 's/\$\$/$/g' >command
	grep -q mfx-write-sqlite command
	ROWS=0
	mfx-pub raw </dev/null
	for stage in mfx-sub mfx-normalize mfx-write-sqlite; do
		start setsid bash command
		await 30 all_three "$PID"
		more_rows 5
		pids=$(pgrep -P "$PID" 'mfx-')
		kill -9 "$(pgrep -P "$PID" "${stage:0:15}")"
		status 75 wait "$PID"
		await 30 gone $pids
	done
	# asked to stop, each of the control group's gets SIGTERM
	start setsid bash command
	await 30 all_three "$PID"
	more_rows 5
	pids=$(pgrep -P "$PID" 'mfx-')
	kill -TERM -- "-$PID"
	await 30 gone $pids
	# what can't get better is said by the status
	sed -i 's,raw/store,raw/../x,g' command
	status 64 bash command
}
