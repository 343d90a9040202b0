#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --log: where messages go, and in which form
load setup
load site

@test "--log json and journal: which thing, channel, position and how long" {
	printf '[{"channel":"c1","publisher":"t\\u0001\xff","seq":7,"n":"a"}]\n' >in
	status 65 mfx-normalize --log json in 2>err
	jq -ce '[.level, .thing, .channel, .seq, .bytes]' err >got
	grep -qF '"warning"' got
	grep -qF '"c1",7,'"$(($(wc -c <in) - 1))" got
	refute grep -q '"peer"' err
	printf '[1]\n' | status 65 mfx-normalize --log json 2>err
	[[ $(jq -c '[.bytes, has("thing"), has("seq")]' err) == '[3,false,false]' ]]
	# only the message that it is about has them
	status 66 mfx-normalize --log json none 2>err
	[[ $(jq -r 'keys | join(" ")' err) == 'level message program time' ]]
	status 65 mfx-normalize in 2>err
	refute grep -q c1 err
}

@test "--log json: which client was refused, with which status" {
	make_site
	serve -o raw --log json
	KEY=wrong
	post '[]' >/dev/null
	await 10 grep -q refused "$PID_ERR"
	[[ $(jq -r '.peer // empty' "$PID_ERR") == 127.0.0.1* ]] || { cat "$PID_ERR"; return 1; }
	[[ $(jq -c '[.status, .bytes, .channel]' "$PID_ERR") == "[403,2,\"$CHANNEL\"]" ]]
	refute grep -q wrong "$PID_ERR"
}

@test "--log json -v: each request, and SIGUSR1 in place of -v" {
	make_site
	serve -o raw --log json
	expect 202 '[{"n":"t","v":1}]'
	kill -USR1 "$PID"
	expect 202 '[{"n":"t","v":2}]'
	await 10 grep -q '"POST ' "$PID_ERR"
	[[ $(jq -c 'select(.status) | [.level, .thing, .channel, .status, .bytes]' "$PID_ERR") == \
	    "[\"info\",\"$THING\",\"$CHANNEL\",202,17]" ]] || { cat "$PID_ERR"; return 1; }
	[[ $(jq -r 'select(.status) | .peer' "$PID_ERR") == 127.0.0.1* ]]
	kill -USR2 "$PID"
	kill -HUP "$PID"
	expect 202 '[{"n":"t","v":3}]'
	kill "$PID"
	wait "$PID"
	[[ $(grep -c '"POST ' "$PID_ERR") == 1 ]]
}

@test "--log json: from which stream a refused line was, and which reading was not stored" {
	printf '%s\n' '{"channel":"c","publisher":"p","seq":12,"n":1}' '{"seq":20}' |
		status 65 mfx-write-sqlite --log json --ack raw/store messages.db 2>err
	[[ $(jq -c 'select(.seq) | [.stream, .seq, .channel, .thing]' err) == '["raw",12,"c","p"]' ]] ||
		{ cat err; return 1; }
}

@test "MFX_LOG: the form of messages without --log" {
	export MFX_LOG=json
	status 66 mfx-fmt absent 2>err
	[[ $(jq -r .program err) == mfx-fmt ]]
	status 66 mfx fmt absent 2>err
	[[ $(jq -r .program err) == mfx-fmt ]]
	status 66 mfx-fmt --log text absent 2>err
	[[ $(<err) == 'mfx-fmt: absent: No such file or directory' ]]
	MFX_LOG=xml status 64 mfx-fmt absent 2>err
	grep -q "^mfx-fmt: MFX_LOG 'xml': not text|time|json|journal" err
}

@test "--log time: the time in UTC, then the message" {
	status 66 mfx-fmt --log time absent 2>err
	grep -qE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z mfx-fmt: absent: No such file or directory$' err
}

@test "--log journal: fields and priorities to its socket, or <N> on stderr" {
	start python3 -u -c 'import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("journal")
print("ready")
while True:
    print(s.recv(4096).decode(), end="--\n")'
	await 10 grep -q ready "$PID_OUT"
	export MFX_JOURNAL=$PWD/journal
	status 66 mfx-fmt --log journal $'a\nPRIORITY=0' 2>err
	[ ! -s err ]
	echo x >x
	status 65 mfx-grep --log=journal x 2>err
	[ ! -s err ]
	await 10 eval '(($(grep -c "^--" "$PID_OUT") == 2))'
	sed 's/SYSLOG_PID=[0-9]*$/SYSLOG_PID=N/' "$PID_OUT" | diff - <(cat <<'END'
ready
PRIORITY=3
SYSLOG_IDENTIFIER=mfx-fmt
SYSLOG_PID=N
MESSAGE=a\x0aPRIORITY=0: No such file or directory
--
PRIORITY=4
SYSLOG_IDENTIFIER=mfx-grep
SYSLOG_PID=N
MESSAGE=x:1:1: not a SenML pack
MFX_BYTES=1
--
END
)
	MFX_JOURNAL=$PWD/nobody status 66 mfx-fmt --log journal absent 2>err
	[ "$(<err)" = '<3>mfx-fmt: absent: No such file or directory' ]
	MFX_JOURNAL=$PWD/nobody status 65 mfx-grep --log journal x 2>err
	[ "$(<err)" = '<4>mfx-grep: x:1:1: not a SenML pack' ]
}
