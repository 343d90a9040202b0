#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --log: where messages go, and in which form
load setup

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
--
END
)
	MFX_JOURNAL=$PWD/nobody status 66 mfx-fmt --log journal absent 2>err
	[ "$(<err)" = '<3>mfx-fmt: absent: No such file or directory' ]
	MFX_JOURNAL=$PWD/nobody status 65 mfx-grep --log journal x 2>err
	[ "$(<err)" = '<4>mfx-grep: x:1:1: not a SenML pack' ]
}
