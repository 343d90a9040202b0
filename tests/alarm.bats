#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-alarm: what rules say of lines, what is told and to whom, and that it is
# told once whatever is killed
load setup
load bus

# rules FILE…: from stdin
rules() {
	cat >rules
}

# record TIME NAME VALUE [THING]: a line
record() {
	printf '{"channel":"c1","publisher":"%s","protocol":"http","n":"%s",%s,"t":%s}\n' \
	    "${4:-p1}" "$2" "$3" "$1"
}

# what --test says of the lines on stdin, as "raise hot-1 10": OPTION…
told() {
	mfx-alarm --test "$@" rules | jq -r '"\(.vs) \(.alarm) \(.t)"'
}

# the same has to come out as stands on fd 3
tells() {
	told "$@" >told.out
	diff - told.out <&4
}

@test "a threshold, its hysteresis, and how long it has to last" {
	rules <<'END'
alarm hot name t value > 80 clear < 70
alarm long name t value > 80 for 10s clear for 5s
END
	{
		record 100 t '"v":81'
		record 105 t '"v":75'	# not cold enough for hot; ends long
		record 106 t '"v":90'
		record 116 t '"v":90'	# long
		record 117 t '"v":69.9'
		record 120 t '"v":90'
		record 121 t '"v":60'
		record 126 t '"v":60'
	} >in
	tells <in 4<<'END'
raise hot-1 100
raise long-2 116
clear hot-1 117
raise hot-3 120
clear hot-3 121
clear long-2 126
END
	mfx-alarm --test rules in | head -n 1 >event
	[[ $(<event) == '{"channel":"c1","publisher":"p1","protocol":"alarm","n":"hot","vs":"raise","t":100,"alarm":"hot-1","severity":"warning","name":"t","value":81,"condition":"value > 80"}' ]]
	# it is a message like any other
	mfx-check <event
	mfx-normalize <event
}

@test "what holds is raised when its time has come, without another line" {
	rules <<'END'
alarm hot value > 80 for 10s clear for 10s
END
	{ record 100 t '"v":81'; record 115 u '"v":1'; } >in
	tells <in 4<<'END'
raise hot-1 110
END
	record 116 t '"v":1' >>in
	tells --now 200 <in 4<<'END'
raise hot-1 110
clear hot-1 126
END
}

@test "a pack brings the past: its own times count, too" {
	rules <<'END'
alarm hot value > 80 for 10s
END
	echo '[{"channel":"c1","publisher":"p1","received":1700000100,"bt":1700000000,"n":"t","v":90},{"n":"t","t":9,"v":91},{"n":"t","t":10,"v":92}]' |
		tells 4<<'END'
raise hot-1 1700000100
END
}

@test "silence, and what breaks it" {
	rules <<'END'
alarm quiet silent 10m by publisher
alarm back silent 10m clear for 1m by publisher
END
	{
		record 1000 t '"v":1' p1
		record 1300 t '"v":1' p2
		record 1599 u '"vs":"x"' p1
		record 2300 t '"v":1' p1	# both had been silent: 1900, 2199
		record 2310 t '"v":1' p1
	} >in
	tells --now 2800 <in 4<<'END'
raise quiet-1 1900
raise back-2 1900
raise quiet-3 2199
raise back-4 2199
clear quiet-3 2300
clear back-4 2360
END
}

@test "the rate of change" {
	rules <<'END'
alarm surge rate > 5 per 1m
alarm drop rate < -5 per 1m
END
	{
		record 0 t '"v":10'
		record 60 t '"v":15'
		record 120 t '"v":20.1'
		record 180 t '"v":20'
		record 170 t '"v":500'	# from before: no rate
		record 180 t '"v":499.5'
		record 181 t '"v":499.1'
	} >in
	tells <in 4<<'END'
raise surge-1 120
clear surge-1 180
raise drop-2 181
END
}

@test "text and truth" {
	rules <<'END'
alarm state name s value = "fault" clear = ok
alarm open name o value = true
END
	{
		record 1 s '"vs":"fault"'
		record 2 s '"vs":"testing"'
		record 3 s '"v":5'
		record 4 s '"vs":"ok"'
		record 5 o '"vb":true'
		record 6 o '"vb":false'
	} >in
	tells <in 4<<'END'
raise state-1 1
clear state-1 4
raise open-2 5
clear open-2 6
END
	[ "$(mfx-alarm --test rules in | jq -c .value)" = '"fault"
"ok"
true
false' ]
}

@test "which messages, and what is one series" {
	rules <<'END'
alarm a {
	channel c1		# a block
	publisher p*  publisher q1
	protocol http
	subtopic ""
	name "[tu]"
	unit Cel  unit K
	value > 0
	by channel, name
}
END
	{
		record 1 t '"u":"Cel","v":1' p1
		record 2 t '"u":"K","v":1' p2	# the same series
		record 3 u '"u":"Cel","v":1' q1
		record 4 t '"u":"Cel","v":1' q2
		record 5 v '"u":"Cel","v":1' p1
		record 6 u '"u":"m","v":1' p1
		record 7 u '"v":1' p1
	} >in
	tells <in 4<<'END'
raise a-1 1
raise a-2 3
END
	mfx-alarm --test rules in >out
	[ "$(jq -r .publisher out | sort -u)" = null ]
	rules <<'END'
alarm any value > 0 by rule
END
	tells <in 4<<'END'
raise any-1 1
END
}

@test "one that comes and goes is said to flap, until it is calm" {
	rules <<'END'
alarm f value > 0 flapping 3 in 1m
END
	for t in 0 10 20 30 40; do
		record $t t '"v":1'
		record $((t + 5)) t '"v":0'
	done >in
	tells --now 200 <in 4<<'END'
raise f-1 0
clear f-1 5
raise f-2 10
clear f-2 15
raise f-3 20
clear f-3 105
END
	[ "$(mfx-alarm --test rules in | jq -s '.[-1].flapping')" = true ]
}

@test "mistakes in rules have their place, one for each statement" {
	rules <<'END'
# one
alarm hot value > 80 for 5
alarm hot2 value >> 80
alram x
alarm a/b silent 5m
alarm ok silent 5m
alarm ok silent 5m
alarm none name x
alarm two silent 5m value > 1
alarm twice value > 1 value > 2
alarm c silent 5m clear < 3
alarm k value > 3 clear = on
alarm n silent 5m notify nobody
notify m mail nowhere
notify w webhook ftp://x/
notify p command relative
alarm q text "no end
alarm g name "[a" silent 1m
alarm b { silent 5m
	severity dire }
alarm y silent 5m severity
alarm r rate > 1
alarm l lag raw/x > big
alarm d disk tmp > 90%
alarm e disk > 90
alarm f certificate < 30
alarm open { silent 5m
END
	status 78 mfx-alarm --check rules 2>err
	sed 's/^mfx-alarm: //' err | diff - <(cat <<'END'
rules:2:26: '5' is not a duration such as 90s, 10m or 1h30m
rules:3:18: '>>' is not an operator, < <= = != >= or >, and a value
rules:4:1: 'alram' is not alarm or notify
rules:5:7: 'a/b' is not a name: letters, digits and . _ -, at most 64
rules:7:7: two alarms have the name 'ok'
rules:8:7: the alarm 'none' has no condition: value, rate, silent, lag, disk, certificate or counter
rules:9:21: an alarm has one condition: value, rate, silent, lag, disk, certificate or counter
rules:10:23: 'value' is given twice
rules:11:7: what was silent is clear when a message comes: only 'clear for' can be given
rules:12:7: 'clear' compares with another kind of value than the condition
rules:14:15: 'nowhere' is not an address, such as ops@example.com
rules:15:18: 'ftp://x/' does not begin with https:// or http://
rules:16:18: 'relative' is not the path of a program, from / on
rules:17:14: a quote that is not closed on its line
rules:18:14: a '[' without its ']'
rules:20:11: 'dire' is not info, warning or critical
rules:21:27: info, warning or critical, not the end of the line
rules:22:17: 'per' and a duration, such as 'per 1m', not the end of the line
rules:23:21: 'big' is not a size such as 64MiB, or a number of messages
rules:24:14: 'tmp' is not a path, from / on
rules:25:16: '90' is not percent, such as 90%
rules:26:23: '30' is not a duration such as 30d
rules:28:1: a clause of an alarm, not the end of the file: a brace is not closed
rules:13:26: no 'notify nobody ...' in this file
rules: 24 mistakes
END
)
	echo >rules
	status 78 mfx-alarm --check rules
	status 66 mfx-alarm --check absent
}

@test "uses that make no sense" {
	rules <<<'alarm a silent 1m'
	status 64 mfx-alarm
	status 64 mfx-alarm --test -o alarms rules
	status 64 mfx-alarm --now 5 rules
	status 64 mfx-alarm --ack raw rules
	status 64 mfx-alarm -o a/b rules
	status 64 mfx-alarm ack
	status 64 mfx-alarm list x
	# an event has to be a line
	status 64 mfx-alarm ack --by $'\xff' a-1
	printf 'alarm a silent 1m text "%04001d"\n' 0 >rules
	status 78 mfx-alarm --check rules 2>err
	grep -q 'rules:1:24: a text in quotes: longer than 4000 bytes' err
	printf 'alarm a silent 1m text "\xff"\nalarm b value = "\xff"\n' >rules
	status 78 mfx-alarm --check rules 2>err
	(($(grep -c 'not UTF-8' err) == 2))
	printf 'alarm a silent 1m text "%04000d"\n' 0 >rules
	mfx-alarm --check rules
}

# ---- the state, the bus, and what is killed ----

# numbers FIRST LAST [STEP]: values of three things, each in turn above and below
# 50, one every STEP seconds
numbers() {
	awk -v first="$1" -v last="$2" -v step="${3:-1}" 'BEGIN {
		for (i = first; i <= last; i++)
			printf "[{\"channel\":\"c1\",\"publisher\":\"p%d\",\"received\":%d,\"n\":\"t\",\"v\":%d}]\n",
			    i % 3, 1700000000 + i * step, i * 37 % 101
	}'
}

# alarms: of the stream, without their positions
alarms() {
	mfx-sub --no-follow --from start alarms | bare
}

@test "on the bus: each alarm once, and the group moves" {
	rules <<<'alarm hot value > 50'
	numbers 1 500 | mfx-pub raw
	mfx-sub --no-follow raw | mfx-alarm --test rules | jq -c 'del(.alarm)' >want
	(($(wc -l <want) > 50))
	mfx-sub --no-follow raw/alarm |
		mfx-alarm --ack raw/alarm -o alarms rules
	alarms | jq -c 'del(.alarm)' | diff want -
	[ "$(mfx-bus groups raw | jq .lag)" = 0 ]
	# nothing is told again
	mfx-bus seek raw/alarm start
	mfx-sub --no-follow raw | mfx-alarm --ack raw/alarm -o alarms rules
	alarms | jq -c 'del(.alarm)' | diff want -
	# each as often cleared as raised, except those that are raised now
	mfx-alarm list >now
	(($(alarms | grep -c '"vs":"raise"') ==
	    $(alarms | grep -c '"vs":"clear"') + $(wc -l <now)))
}

# one run of the pipe, in which mfx-alarm gets a kill -9 after a while
run_and_kill() {
	start bash -c 'mfx-sub raw/alarm | { mfx-alarm --ack raw/alarm -o alarms rules & echo $! >alarm.pid; wait; }'
	await 10 test -s alarm.pid
	pause "$1"
	kill -9 "$(<alarm.pid)"
	await 10 gone "$PID"
	rm alarm.pid
}

# is the group at the end of its stream?
caught_up() {
	[ "$(mfx-bus groups raw | jq .lag)" = 0 ]
}

@test "killed at any moment, each alarm is raised and cleared once" {
	local i pub
	rules <<'END'
alarm hot value > 50
alarm warm value > 20 for 200s clear for 300s
alarm surge rate > 10 per 100s
alarm f value > 90 flapping 3 in 3000s
END
	# The time that passes while nothing is read counts, too: it is nothing
	# beside these.
	numbers 1 20000 100 >in
	mfx-alarm --test rules in | jq -c 'del(.alarm)' >want
	(($(wc -l <want) > 10000))
	head -n 10 in | mfx-pub raw
	start bash -c 'for ((i = 10; i < 20000; i += 111)); do
		head -n $((i + 111)) in | tail -n +$((i + 1)); pause 0.02
	done | head -n 19990 | mfx-pub -u raw'
	pub=$PID
	for i in {1..20}; do
		run_and_kill 0.0$((RANDOM % 9 + 1))
	done
	await 60 gone "$pub"
	start bash -c 'exec mfx-alarm --ack raw/alarm -o alarms rules < <(exec mfx-sub raw/alarm)'
	await 60 caught_up
	alarms | jq -c 'del(.alarm)' >got
	cmp want got
	# no number was used twice
	[ -z "$(alarms | jq -r '.vs + .alarm' | sort | uniq -d)" ]
}

@test "an alarm is acknowledged beside the one that watches" {
	# nothing was watched yet; but a state that is named has to be there
	status 1 mfx-alarm list >said
	[ ! -s said ]
	status 66 mfx-alarm list --state nowhere
	rules <<<'alarm hot value > 80 severity critical text "too hot"'
	mkfifo fifo
	PID_FROM=fifo start_ready_on fifo mfx-alarm -o alarms rules
	record 100 t '"v":90' >&5
	await 10 has "$MFX_HOME/bus" alarms 1
	status 1 mfx-alarm ack hot-2
	status 64 mfx-alarm ack hot
	mfx-alarm ack --by ann hot-1
	await 10 has "$MFX_HOME/bus" alarms 2
	alarms | tail -n 1 | jq -e '.vs == "ack" and .by == "ann" and .alarm == "hot-1" and .raised == 100'
	mfx-alarm ack --by bob hot-1	# it was
	mfx-alarm list | jq -e '.by == "ann" and .text == "too hot" and .acknowledged > 100'
	mfx-alarm list -H | grep -q 'hot-1 *critical *1970-01-01T00:01:40Z *c1 .* ann'
	status 75 mfx-alarm rules </dev/null
	record 101 t '"v":9' >&5
	await 10 has "$MFX_HOME/bus" alarms 3
	status 1 mfx-alarm list
	exec 5>&-
	await 10 gone "$PID"
	[ ! -s err ]
	(($(alarms | wc -l) == 3))
}

@test "SIGHUP reads the rules again; what is known of those that stay, stays" {
	rules <<'END'
alarm hot value > 80
alarm two value > 85
alarm gone value > 88
END
	mkfifo fifo
	start_ready_on fifo mfx-alarm -v -o alarms rules
	record 100 t '"v":90' >&5
	await 10 has "$MFX_HOME/bus" alarms 3
	rules <<'END'
alarm new value > 95
alarm two value > 86	# another one
alarm hot value > 80
END
	kill -HUP "$PID"
	await 10 has "$MFX_HOME/bus" alarms 5
	alarms | tail -n 2 | jq -r '.vs + " " + .alarm + ": " + .why' | diff - <(cat <<'END'
clear two-2: the rule was changed
clear gone-3: the rule is gone
END
)
	echo 'alarm bad' >rules
	kill -HUP "$PID"
	await 10 grep 'nothing was reloaded' err
	record 101 t '"v":96' >&5
	await 10 has "$MFX_HOME/bus" alarms 7
	record 102 t '"v":1' >&5
	await 10 has "$MFX_HOME/bus" alarms 10
	alarms | tail -n 5 | jq -r '.vs + " " + .alarm' | diff - <(cat <<'END'
raise new-4
raise two-5
clear new-4
clear two-5
clear hot-1
END
)
	kill -USR1 "$PID"
	kill -USR2 "$PID"
	kill -TERM "$PID"
	await 10 gone "$PID"
}

@test "silence is noticed while nothing comes at all" {
	rules <<<'alarm quiet silent 500ms by publisher'
	mkfifo fifo
	start_ready_on fifo mfx-alarm rules
	record "$(date +%s)" t '"v":90' >&5
	await 10 grep '"vs":"raise"' out
	record "$(date +%s)" t '"v":90' >&5
	await 10 grep '"vs":"clear"' out
}

@test "without a bus events wait in the state, and marks and rejects are counted" {
	rules <<<'alarm hot value > 80'
	{ record 1 t '"v":90'; echo '{"seq":5}'; echo nonsense; record 2 t '"v":9'; } >in
	status 65 mfx-alarm --rejects bad rules in >out
	(($(wc -l <out) == 2))
	[ "$(<bad)" = nonsense ]
	status 74 mfx-alarm --state full.db rules in >/dev/full
	status 0 mfx-alarm --state full.db rules </dev/null >out
	(($(wc -l <out) == 1))
	status 0 mfx-alarm --state full.db rules </dev/null >out
	[ ! -s out ]
}

@test "the site itself: lag of groups, disks, certificates that end" {
	rules <<END
alarm behind lag raw/* > 1KiB for 1s
alarm full disk > 0%
alarm root disk / > 0%
alarm empty disk / < 0%
alarm ends certificate < 30d severity critical
alarm late certificate < 1s
END
	numbers 1 100 | mfx-pub raw
	mfx-bus seek --create raw/stuck start
	echo 'correct horse' | mfx-users create --password-file - ann@example.com
	mfx-certs ca init
	mfx-certs server --days 20 localhost >/dev/null
	mfx-certs server --days 60 example.com >/dev/null
	mkfifo fifo
	start_ready_on fifo mfx-alarm rules
	await 20 grep -q behind- out
	exec 5>&-
	await 20 gone "$PID"
	jq -r '"\(.n) \(.name)"' out | sed 's/:[0-9a-f]*$/:SERIAL/' | sort |
		diff - <(printf '%s\n' 'behind lag:raw/stuck' \
		    'ends certificate:SERIAL' "full disk:$MFX_HOME" 'root disk:/')
	# a test does not look, it is told
	echo '{"protocol":"mfx","n":"lag:raw/x","v":5000,"t":7}
{"protocol":"mfx","n":"lag:raw/x","v":5000,"t":8}
{"protocol":"mfx","n":"lag:raw/x","v":0,"t":9}
{"protocol":"mfx","publisher":"t1","n":"certificate:00","v":86400,"t":9}
{"protocol":"http","n":"lag:raw/y","v":5000,"t":10}' | tells --now 20 4<<'END'
raise behind-1 8
clear behind-1 9
raise ends-2 9
END
}

@test "the site itself: what programs count" {
	rules <<END
alarm refusing counter mfx-normalize rejected_total > 3
alarm busy     counter mfx-* lines_in_total > 1000000
alarm large    counter mfx-normalize resident_bytes > 1KiB
alarm two      counter mfx-normalize processes >= 2
alarm down     counter mfx-api processes < 1
END
	numbers 1 10 | mfx-pub raw
	mkfifo a b fifo
	mfx-normalize <a >/dev/null 2>&1 3>&- 5>&- &
	PIDS+=($!)
	exec 6>a
	mfx-normalize <b >/dev/null 2>&1 3>&- 5>&- 6>&- &
	PIDS+=($!)
	exec 7>b
	printf '[1]\n[1]\n' >&6
	printf '[1]\n[1]\n' >&7
	start_ready_on fifo mfx-alarm rules 6>&- 7>&-
	await 30 grep -q refusing- out
	# who ends counts no more
	exec 6>&- 7>&-
	await 30 grep -q '"refusing","vs":"clear"' out
	exec 5>&-
	await 20 gone "$PID"
	jq -r '"\(.n) \(.vs) \(.name)"' out | sort >got
	diff - got <<-'END'
		down raise counter:mfx-api/processes
		large clear counter:mfx-normalize/resident_bytes
		large raise counter:mfx-normalize/resident_bytes
		refusing clear counter:mfx-normalize/rejected_total
		refusing raise counter:mfx-normalize/rejected_total
		two clear counter:mfx-normalize/processes
		two raise counter:mfx-normalize/processes
	END
	# a test is told
	echo '{"protocol":"mfx","n":"counter:mfx-x/rejected_total","v":0,"t":0}
{"protocol":"mfx","n":"counter:mfx-x/rejected_total","v":5,"t":10}
{"protocol":"mfx","n":"counter:mfx-x/rejected_total","v":6,"t":20}
{"protocol":"mfx","n":"counter:mfx-y/lag_seconds","v":61,"t":21}
{"protocol":"http","n":"counter:mfx-y/lag_seconds","v":62,"t":22}
{"protocol":"mfx","n":"counter:mfx-y/resident_bytes","v":1048577,"t":23}' >in
	rules <<END
alarm rejects counter mfx-x rejected_total > 20 per 1m
alarm late counter mfx-* lag_seconds > 1m
alarm fat counter * resident_bytes > 1MiB
END
	tells --now 30 <in 4<<'END'
raise rejects-1 10
clear rejects-1 20
raise late-2 21
raise fat-3 23
END
}

@test "100,000 series, and no more of them than may be" {
	rules <<<'alarm quiet silent 1h series 5000 by publisher'
	awk 'BEGIN { for (i = 0; i < 100000; i++)
	    printf "{\"channel\":\"c1\",\"publisher\":\"p%d\",\"n\":\"t\",\"v\":1,\"t\":%d}\n", i, 1000 + i / 1000 }' |
		mfx-alarm --test --now 9000 rules >out 2>err
	(($(grep -c '"vs":"raise"' out) == 5000))
	[ "$(cat err)" = "mfx-alarm: alarm 'quiet': it has more series than it may: the oldest quiet ones are forgotten" ]
	# one thing can't take the place of all others
	rules <<<'alarm quiet silent 1h series 5000'
	awk 'BEGIN { for (i = 0; i < 100000; i++)
	    printf "{\"channel\":\"c1\",\"publisher\":\"%s\",\"n\":\"t%d\",\"v\":1,\"t\":%d}\n", i % 10 ? "bad" : "good", i / 250, 1000 + i / 1000 }' |
		mfx-alarm --test --now 9000 rules >out 2>err
	(($(grep -c '"publisher":"bad"' out) == 400))
	rules <<<'alarm quiet silent 1h series 1000'
	awk 'BEGIN { for (i = 0; i < 100000; i++)
	    printf "{\"channel\":\"c1\",\"publisher\":\"%s\",\"n\":\"t%d\",\"v\":1,\"t\":%d}\n", i % 10 ? "bad" : "good", i % 10 ? i : i % 50, 1000 + i / 1000 }' |
		mfx-alarm --test --now 9000 rules >out 2>err
	(($(grep -c '"publisher":"bad"' out) == 100))
	(($(grep -c '"publisher":"good"' out) == 5))
	(($(wc -l <err) == 1))
	# raised ones are not pushed out
	rules <<<'alarm hot value > 0 series 100 by name'
	awk 'BEGIN { for (i = 0; i < 1000; i++)
	    printf "{\"publisher\":\"p%d\",\"n\":\"t%d\",\"v\":1,\"t\":%d}\n", i, i, 1000 + i }' |
		mfx-alarm --test rules >out 2>err
	(($(wc -l <out) == 100))
	grep -q 'all its series are busy' err
}

@test "a thing that has its share takes the place of no other" {
	rules <<<'alarm quiet silent 10m series 20'
	{
		for i in {1..10}; do record 1000 t '"v":1' "good$i"; done
		for i in {1..10}; do record 1001 "t$i" '"v":1' bad; done
		# good1 is silent from now on; the others are not
		for i in {11..40}; do
			record 1100 "t$i" '"v":1' bad
			record 1100 t '"v":1' "good$((i % 9 + 2))"
		done
	} | mfx-alarm --test --now 1650 rules >out
	jq -r .publisher out | sort | uniq -c | sed 's/^ *//' |
		diff - <(printf '%s\n' '10 bad' '1 good1')
}

@test "75,000 alarms with long labels end at one moment" {
	rules <<<'alarm hot value > 80 clear for 10s'
	# all VALUE TIME
	all() {
		awk -v v="$1" -v t="$2" 'BEGIN {
			s = sprintf("%0900d", 0)
			for (i = 0; i < 75000; i++)
				printf "{\"publisher\":\"p%d\",\"subtopic\":\"%s\",\"n\":\"t\",\"v\":%d,\"t\":%d}\n", i, s, v, t
		}'
	}
	all 90 100 >in
	mfx-alarm rules in | wc -l >n
	(($(<n) == 75000))
	all 1 101 >in
	mfx-alarm rules in >out
	record 500 t '"v":1' >in
	mfx-alarm rules in >>out
	(($(grep -c '"vs":"clear"' out) == 75000))
	(($(jq -r .alarm out | sort -u | wc -l) == 75000))
	status 1 mfx-alarm list
	rm in out
}
