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

@test "--log json: which client was refused" {
	make_site
	serve -o raw --log json
	KEY=wrong
	post '[]' >/dev/null
	await 10 grep -q refused "$PID_ERR"
	[[ $(jq -r '.peer // empty' "$PID_ERR") == 127.0.0.1* ]] || { cat "$PID_ERR"; return 1; }
	refute grep -q wrong "$PID_ERR"
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
