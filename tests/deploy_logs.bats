#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# scripts/deploy/logs with real agents: what a server says arrives, each field
# under its name.  Nothing but paths and ports is changed.
load setup
load site

DIR=$ROOT/scripts/deploy/logs

# says FORMAT [WRAPPER…]: a server that refuses a client and then, with SIGUSR1,
# tells of a request: on stderr in that form
says() {
	make_site
	export MFX_LOG=$1
	serve -o raw
	KEY=wrong expect 403 '[]'
	kill -USR1 "$PID"
	expect 202 '[{"n":"t","v":1}]'
	await 10 grep -q 'POST' "$PID_ERR"
	unset MFX_LOG
}

# the two messages, by the names of the page, in JSON: [level, program, thing,
# channel, status, bytes] and whether there is a peer
WANTED() {
	printf '["warning","mfx-adapt-http","","%s","403","2",true]\n' "$CHANNEL"
	printf '["info","mfx-adapt-http","%s","%s","202","17",true]\n' "$THING" "$CHANNEL"
}

# ---- rsyslog ----

@test "rsyslog: messages of units arrive at Elasticsearch's bulk interface with their fields" {
	says json
	sed 's/^/<28>Nov 30 05:06:07 mfx-adapt-http[7]: /' "$PID_ERR" >lines
	free_port ELASTIC
	start python3 -u "$ROOT/tests/deploy_logs.py" "$ELASTIC"
	mkdir work
	cat >rsyslog.conf <<-END
		global(workDirectory="$PWD/work")
		module(load="imuxsock" SysSock.Use="off")
		input(type="imuxsock" Socket="$PWD/log")
		$(sed "s/serverport=\"9200\"/serverport=\"$ELASTIC\"/" "$DIR/rsyslog.conf")
		*.* action(type="omfile" file="$PWD/other")
	END
	rsyslogd -N1 -f rsyslog.conf 2>err || { cat err; false; }
	python=$PID_OUT
	start rsyslogd -n -f rsyslog.conf -i "$PWD/pid"
	await 20 test -S log
	while IFS= read -r line; do
		python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("log")
s.send(sys.argv[1].encode())' "$line"
	done < <(cat lines; echo '<28>Nov 30 05:06:07 mfx-adapt-http[7]: not JSON'; echo '<28>cron[8]: {"a":1}')
	await 60 eval '(($(grep -c message "$python") == 2))' || { cat lines "$python" "$PID_ERR"; false; }
	jq -c '[.level, .program, (.thing // ""), .channel, (.status | tostring),
	    (.bytes | tostring), has("peer")]' "$python" | diff - <(WANTED)
	jq -e '.["@timestamp"] and .host and ._index == "mfx-" + .["@timestamp"][0:4] + "." +
	    .["@timestamp"][5:7]' "$python"
	# what is something else goes on to the files
	await 10 grep -q 'not JSON' other
	await 10 grep -q 'cron' other
	refute grep '"status":' other
}
