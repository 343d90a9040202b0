#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-alarm: who is told, by webhook, mail or command, at least once, and never
# at the cost of the filter
load setup
load bus

# hook FILE [FAILURES|hang]: a webhook on $PORT
hook() {
	free_port PORT
	start python3 "$ROOT/tests/alarm_hook.py" "$PORT" "$1" 'a secret' "${2-0}"
	HOOK=$PID
	await 20 grep -q ready "$PID_OUT"
}

setup_suite_test() {
	printf '%s\n' 'a secret' >secret
	chmod 600 secret
}

# values…: records of one thing, a second apart
values() {
	local t=100 v
	for v; do
		echo "{\"channel\":\"c1\",\"publisher\":\"p1\",\"n\":\"dev:t\",\"u\":\"Cel\",\"v\":$v,\"t\":$((t++))}"
	done
}

# an alarm of which ./run is told; the program goes on
raise_for_run() {
	chmod +x run
	cat >rules <<END
notify run command $PWD/run
alarm hot value > 80 notify run
END
	mkfifo fifo
	start_ready_on fifo mfx-alarm rules
	values 90 >&5
}

# has FILE this many lines?
lines() {
	(($(wc -l <"$1") == $2))
}

@test "a webhook gets each event with its id and a signature, in order" {
	hook got
	cat >rules <<END
notify ops webhook http://127.0.0.1:$PORT/x?key=hidden secret $PWD/secret
alarm hot value > 80 notify ops
alarm cold value < 0 severity critical
END
	values 90 1 -5 95 3 | mfx-alarm rules >out
	lines got 4
	cut -d ' ' -f 1 got | diff - <(printf '%s\n' hot-1/raise hot-1/clear hot-3/raise hot-3/clear)
	# what it gets is the event as it is written
	cut -d ' ' -f 2- got | diff - <(grep '"n":"hot"' out)
}

@test "one that fails is tried again, and nothing secret is said of it" {
	hook got 2
	cat >rules <<END
notify ops webhook http://127.0.0.1:$PORT/x?key=hidden secret $PWD/secret
alarm hot value > 80 notify ops
END
	mkfifo fifo
	start_ready_on fifo mfx-alarm rules
	values 90 1 >&5
	await 20 lines got 2
	exec 5>&-
	await 20 gone "$PID"
	cut -d ' ' -f 1 got | diff - <(printf '%s\n' hot-1/raise hot-1/clear)
	diff err - <<'END'
mfx-alarm: notify 'ops': it answers 503; it is tried again
mfx-alarm: notify 'ops': it goes on
END
}

@test "a webhook that never answers keeps nobody waiting, and gets all later" {
	local i
	hook got hang
	cat >rules <<END
notify slow webhook http://127.0.0.1:$PORT/ secret $PWD/secret
notify run command $PWD/run
alarm hot value > 80 notify slow notify run
END
	printf '#!/bin/sh\ncat >>ran\n' >run
	chmod +x run
	mkfifo fifo
	start_ready_on fifo mfx-alarm -o alarms rules
	for i in {1..50}; do values 90 1; done >&5
	await 20 has "$MFX_HOME/bus" alarms 100
	await 60 lines ran 100
	kill -9 "$PID"
	exec 5>&-
	await 20 gone "$PID"
	# nothing was lost with it
	kill "$HOOK"
	hook got
	sed -i "s/127.0.0.1:[0-9]*/127.0.0.1:$PORT/" rules
	mkfifo again
	start_ready_on again mfx-alarm -o alarms rules
	await 60 lines got 100
	all_of "$MFX_HOME/bus" alarms | diff - <(cut -d ' ' -f 2- got)
	exec 5>&-
	await 20 gone "$PID"
	lines ran 100
}

@test "killed while it tells: each is told at least once, in order" {
	local i
	hook got
	cat >rules <<END
notify ops webhook http://127.0.0.1:$PORT/ secret $PWD/secret
alarm hot value > 80 notify ops
END
	for i in {1..300}; do values 90 1; done | mfx-pub raw
	: >got
	for i in {1..10}; do
		start bash -c 'mfx-sub raw/a | { mfx-alarm --ack raw/a -o alarms rules & echo $! >alarm.pid; wait; }'
		await 10 test -s alarm.pid
		pause 0.0$((RANDOM % 9 + 1))
		kill -9 "$(<alarm.pid)"
		await 10 gone "$PID"
		rm alarm.pid
	done
	start bash -c 'exec mfx-alarm --ack raw/a -o alarms rules < <(exec mfx-sub raw/a)'
	told() { (($(sort -u got | wc -l) == 600)); }
	await 60 told
	all_of "$MFX_HOME/bus" alarms | diff - <(cut -d ' ' -f 2- got | uniq)
}

@test "mail: a program like sendmail gets a message that says all" {
	printf '#!/bin/sh\n[ "$*" = "-t -i" ] && cat >>mail\n' >sendmail
	chmod +x sendmail
	cat >rules <<'END'
notify ops mail "ops@example.com, boss@example.com"
alarm hot value > 80 severity critical text "call the plumber" notify ops
alarm state value = bad notify ops
END
	{ values 90; echo '{"channel":"c1","publisher":"p1","n":"s","vs":"bad","t":101}'; } |
		MFX_SENDMAIL=$PWD/sendmail mfx-alarm rules
	python3 - mail <<'END'
import email.policy, email.parser, sys
text = open(sys.argv[1]).read()
first = text[:text.index("To: ", 4)]
m = email.parser.Parser(policy=email.policy.default).parsestr(first)
assert m["To"] == "ops@example.com, boss@example.com", m["To"]
assert m["Subject"] == "[critical] hot raise: dev:t = 90", m["Subject"]
assert m["Date"].datetime and m["Auto-Submitted"] == "auto-generated"
assert m["Message-ID"].startswith("<hot-1.raise.100@")
body = m.get_content()
for line in ("call the plumber", "alarm      hot-1",
             "time       1970-01-01T00:01:40Z", "channel    c1",
             "condition  value > 80"):
    assert line in body, (line, body)
END
}

@test "what a device writes can't become a header, an argument or a control code" {
	printf '#!/bin/sh\ncat >>mail\n' >sendmail
	chmod +x sendmail
	cat >rules <<'END'
notify ops mail ops@example.com
alarm state value != ok notify ops
END
	echo '{"channel":"c1","publisher":"p1","n":"s","vs":"x\r\nBcc: all@example.com\r\n\r\n\u001b[2J","t":101}' |
		MFX_SENDMAIL=$PWD/sendmail mfx-alarm rules
	refute grep '^Bcc' mail
	refute grep "$(printf '\033')" mail
	refute grep "$(printf '\r')" mail
	grep -qF 'Subject: [warning] state raise: s' mail
}

@test "a command that fails or hangs is tried again" {
	printf '#!/bin/sh\n[ -e ok ] || { touch ok; exit 3; }\ncat >>ran\necho out\n' >run
	raise_for_run
	await 20 test -s ran
	exec 5>&-
	await 20 gone "$PID"
	grep -q "notify 'run': .*/run: status 3; it is tried again" err
	# its output is no event
	lines out 1
}

@test "an acknowledgement is told, too; a target that is gone is forgotten" {
	printf '#!/bin/sh\ncat >>ran\n' >run
	raise_for_run
	await 20 lines ran 1
	mfx-alarm ack --by ann hot-1
	await 20 lines ran 2
	tail -n 1 ran | jq -e '.vs == "ack" and .by == "ann"'
	sed -i '/^notify/d; s/ notify run//' rules
	kill -HUP "$PID"
	exec 5>&-
	await 20 gone "$PID"
}

@test "what a target that is gone has not been told is dropped, and not waited for" {
	cat >rules <<'END'
notify run command /bin/false
notify stays command /bin/false
alarm hot value > 80 notify run, stays
END
	mkfifo fifo
	start_ready_on fifo mfx-alarm -o alarms rules
	values 90 1 >&5
	await 20 has "$MFX_HOME/bus" alarms 2
	kill "$PID"
	exec 5>&-
	await 20 gone "$PID"
	sed -i '/^notify run/d; s/ notify run,/ notify/' rules
	waiting() {
		python3 -c 'import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT target, count(*) "
    "FROM notices GROUP BY target"): print(*row)' "$MFX_HOME/alarm.db"
	}
	status 0 mfx-alarm -o alarms rules </dev/null 2>err
	# the rule was changed, but it had nothing raised
	[ "$(waiting)" = 'stays 2' ]
	grep -qx "mfx-alarm: notices dropped, as their targets are gone from the rules: 2" err
}
