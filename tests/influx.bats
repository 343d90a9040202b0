#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# mfx-write-influx and mfx-read-influx beside a real InfluxDB: what is
# peculiar to it; what all stores do alike is in conformance_influx.bats.
load setup
load tls
load servers

W=mfx-write-influx
R=mfx-read-influx

setup_file() {
	server_start influx
}

setup_suite_test() {
	D=t$BATS_TEST_NUMBER
	P=$(server_url influx)/$D
}

# a client that is not ours: query TEXT, as values without their frame
query() {
	server_curl influx "/query?db=$D&epoch=ns" \
	    --data-urlencode "q=$1"
}

# written by it: LINE…
wrote() {
	printf '%s\n' "$@" | server_curl influx "/write?db=$D" \
	    --data-binary @-
}

stored() {
	query 'SELECT count(value) FROM readings' 2>/dev/null |
		sed -n 's/.*\[0,\([0-9]*\)\].*/\1/p' | grep . || echo 0
}

# fake ANSWER…: a server that says just these; the store is $P
fake() {
	local port
	free_port port
	start python3 "$ROOT/tests/influx_fake.py" "$port" "$@"
	P=http://127.0.0.1:$port/x
	await 10 eval "(: </dev/tcp/127.0.0.1/$port)"
}

kinds() {
	cat <<-'EOF2'
	{"channel":"c1","publisher":"p1","protocol":"http","subtopic":"a.b","n":"dev:t","u":"Cel","v":21.5,"t":1700000000.123456789}
	{"channel":"c1","publisher":"p1","n":"dev:big","v":9007199254740993,"t":1700000001}
	{"channel":"c1","publisher":"p1","n":"dev:s","vs":"a\tb'; drop, \"table\" readings\\ $1 é\n","t":1700000002}
	{"channel":"c1","publisher":"p1","n":"dev:nul","vs":"x\u0000y","t":1700000003}
	{"channel":"c1","publisher":"p1","n":"dev:empty","vs":"","t":1700000003.5}
	{"channel":"c1","publisher":"p1","n":"dev:b","vb":false,"t":1700000004}
	{"channel":"c1","publisher":"p1","n":"dev:d","vd":"AP8","t":1700000005,"ct":"text/plain"}
	{"channel":"c1","publisher":"p1","n":"dev:sum","s":9007199254740993,"t":1700000006,"ut":30.25}
	{"channel":"c1","publisher":"p1","bver":26,"n":"dev:v","v":1,"t":1700000007}
	EOF2
}

@test "each kind of value comes back, and another client sees it" {
	kinds >lines
	$W "$P" <lines
	$R "$P" >got
	diff lines got
	[[ $(query "SELECT value FROM readings WHERE subtopic = 'a.b'
	    AND unit = 'Cel' AND kind = 'v'") == \
	    *'"values":[[1700000000123456789,21.5]]'* ]]
	[[ $(query "SELECT integerValue, value FROM readings
	    WHERE \"name\" = 'dev:big'") == *'9007199254740993,9007199254740992'* ]]
	[[ $(query "SELECT dataValue, contentType FROM readings
	    WHERE \"name\" = 'dev:d'") == *'"AP8","text/plain"'* ]]
}

@test "what another client writes is read" {
	lines 1 1 | $W "$P"
	wrote 'readings,channel=c9,name=x value=4.25 1700000009000000001' \
	    'readings,channel=c9,kind=vs,name=y stringValue="on" 1700000010000000000'
	$R --channel c9 "$P" >got
	diff got - <<-'EOF2'
	{"channel":"c9","n":"x","v":4.25,"t":1700000009.000000001}
	{"channel":"c9","n":"y","vs":"on","t":1700000010}
	EOF2
}

@test "Mainflux's layout: its charts find it, and its points are read" {
	kinds | grep -v -e bver -e '"s":' | $W --layout mainflux "$P"
	# as a panel of Grafana asks
	[[ $(query "SELECT mean(\"value\") FROM \"messages\" WHERE
	    \"channel\" = 'c1' AND \"name\" = 'dev:t' AND
	    time >= 1700000000s AND time < 1700000060s
	    GROUP BY time(1m) fill(none)") == *'21.5'* ]]
	[[ $(query 'SHOW TAG KEYS FROM messages' | tr -d '[]"') == \
	    *values:channel,name,publisher,subtopic* ]]
	[[ $(query "SELECT protocol, unit, link, updateTime, stringValue
	    FROM messages WHERE \"name\" = 'dev:s'") == *'"","","","0","a\tb'* ]]
	[[ $(query 'SELECT count(protocol) FROM messages') == *',7]'* ]]
	# as Mainflux wrote it
	wrote 'messages,channel=c2,name=m,publisher=p,subtopic=s link="",protocol="mqtt",unit="V",updateTime="0",value=2.5 1700000100000000000'
	$R --layout mainflux --channel c2 --unit V --protocol mqtt "$P" >got
	diff got - <<-'EOF2'
	{"channel":"c2","publisher":"p","protocol":"mqtt","subtopic":"s","n":"m","u":"V","v":2.5,"t":1700000100}
	EOF2
	[[ $($R --layout mainflux -c "$P") == 8 ]]
	# nothing was stored in the other one
	status 66 $R "$P" 2>err
	grep -q -e --layout err
}

@test "the layout of twins answers as the lines say, those of one time too" {
	$ROOT/tests/stores/model.py lines 1 1500 >lines
	$W --layout twins "$P" <lines
	$ROOT/tests/stores/model.py ask lines "$P" $R --layout twins >answers || {
		tail -n 5 answers >&2
		false
	}
	# the same lines of the bus once more are the same points
	D=${D}b P=${P}b
	for n in 1 2 3; do
		printf '{"seq":%d,"n":"a","v":1,"t":1}\n' 1 2 3 |
			$W --layout twins --ack raw/store "$P"
		echo 0 >"$MFX_HOME/bus/raw/groups/store"
	done
	[[ $($R --layout twins -c "$P") == 3 ]]
}

@test "readings of one series and time: the last one stays, and it is said" {
	local a b n
	a='{"channel":"c","publisher":"p","n":"a","v":1,"t":1}'
	b='{"channel":"c","publisher":"p","n":"a","v":2,"t":1}'
	# of two writers nobody knows of the other
	echo "$a" | $W "$P"
	echo "$b" | $W "$P" 2>err
	$R "$P" | diff - <(echo "$b")
	status 1 test -s err
	# in one request it is seen, and counted
	printf '%s\n' "$a" "$b" "$a" "${b/\"a\"/\"other\"}" | $W "$P" 2>err
	grep -q "'a' at 1, channel 'c': readings of one series and time differ; .*--layout twins keeps all" err
	grep -q '2 readings were replaced' err
	[[ $(wc -l <err) == 2 ]]
	[[ $($R -c "$P") == 2 ]]
	# what is the same is no loss, nor what another thing has sent
	printf '%s\n' "$a" "$a" "${b/\"p\"/\"q\"}" "${b/\"v\":2/\"vb\":true}" \
	    "${b/\"t\":1/\"t\":1.000000001}" | $W "$P" 2>err
	status 1 test -s err
	# the option keeps all, of whatever source
	D=${D}b P=${P}b
	printf '%s\n' "$a" "$b" "$a" | $W --layout twins "$P" 2>err
	printf '%s\n' "$b" "$a" | $W --layout twins "$P" 2>>err
	for n in x y; do
		echo "{\"seq\":7,${b#?}" |
			$W --ack raw/$n --layout twins "$P" 2>>err
	done
	status 1 test -s err
	[[ $($R --layout twins -c "$P") == 7 ]]
	[[ $($R --layout twins --aggregate sum "$P") == *'"v":11,'* ]]
	# Mainflux had the protocol in a field
	printf '%s\n' "$a" "${a/\"n\"/\"protocol\":\"coap\",\"n\"}" |
		$W --layout mainflux "$P" 2>err
	grep -q 'readings of one series and time differ' err
}

@test "what the server aggregates is what we would, to the last digit" {
	local a e
	{
		$ROOT/tests/stores/model.py lines 3 2000 twins
		# digits that a double has not, and times long ago and to come
		printf '{"channel":"big","n":"n","v":%s,"t":%s}\n' \
		    9007199254740993 1700000001 9007199254740992 1700000002 \
		    -9007199254740993 1700000003 -9007199254740992 1700000004 \
		    1e300 1700000005 7 4700000000.000000001 \
		    3 -8520336000.854775807 4 9223372036.8
		printf '{"channel":"big","n":"%s","vs":"x","s":%s,"t":%s}\n' \
		    s 9007199254740993 1 s 2.5 2.000000001 t 1 3
	} >lines
	$W "$P" <lines
	# there the frame does it
	$W --layout twins "$P" <lines
	for a in min max count last avg sum; do
		for e in '' 1h 1s 7ns 500d; do
			$R --aggregate $a ${e:+--every $e} "$P" >server
			$R --layout twins --aggregate $a ${e:+--every $e} \
			    "$P" >frame
			diff <(sort server) <(sort frame)
			diff <($R --order desc --aggregate $a \
			    ${e:+--every $e} "$P" | tac) server
		done
	done
	[[ $($R --channel big --aggregate max --to 1700000005 "$P") == \
	    *'"v":9007199254740993,'* ]]
	$R -vv --channel 'c?' --aggregate last --every 1h "$P" >/dev/null 2>plan
	grep -q "SELECT last(" plan
	status 1 grep -e "plan: aggregate" -e "plan: filter" plan
	$R -vv --aggregate avg --every 1h "$P" >/dev/null 2>plan
	grep -q "plan: aggregate" plan
}

@test "no label, unit or glob is taken for InfluxQL or for another point" {
	cat >lines <<-'EOF2'
	{"channel":"a' OR time > 0 --","publisher":"x\"; DROP MEASUREMENT readings","protocol":"a,b=c d","subtopic":"\\","n":"n","u":"\\'\n/","v":1,"t":1}
	{"channel":"/.*/","publisher":"␛0A","protocol":"␛","subtopic":"␛␛","n":"n","u":"\u0000\u0001","v":2,"t":2}
	{"channel":"a\\","publisher":"#c","protocol":"\t","subtopic":" b ","n":"n","u":"x\nreadings value=3","v":3,"t":3}
	EOF2
	$W "$P" <lines
	diff <($R "$P") lines
	local c
	for c in "a' OR time > 0 --" '/.*/' 'a\' 'a\*' 'a[\]' '/?[*]/' '*OR*'; do
		[[ $($R -c --channel "$c" "$P") == 1 ]]
	done
	[[ $($R -c --unit $'\\\'\n/' "$P") == 1 ]]
	[[ $($R -c --subtopic '\' "$P") == 1 ]]
	[[ $($R -c --publisher '␛0A' --subtopic '␛?' "$P") == 1 ]]
	[[ $($R -c --publisher '"; *' --publisher '*DROP*' "$P") == 1 ]]
	local q
	for q in "x' OR '1'='1" "x') OR (time > 0" $'\xff' '␛' "*/ OR /*"; do
		status 1 $R --channel "$q" "$P"
	done
	[[ $($R -c "$P") == 3 ]]
}

@test "a server that is away is waited for, and SIGTERM ends that with 75" {
	local port
	free_port port
	mkfifo in
	$W "http://127.0.0.1:$port/x" <in 2>err 3>&- &
	PIDS+=($!)
	exec 5>in
	await 10 grep -q 'refused; trying again until it works\|connect to server; trying again' err
	kill "${PIDS[-1]}"
	status 75 wait "${PIDS[-1]}"
	[[ $(wc -l <err) -le 2 ]]
	status 69 $R "http://127.0.0.1:$port/x"
}

@test "a server that stalls is given up after --timeout, and SIGTERM ends the wait" {
	lines 1 10 | $W "$P"
	server_pause influx
	status 69 $R --timeout 1 "$P" 2>err || { server_resume influx; false; }
	$R "$P" >got 2>err2 3>&- &
	PIDS+=($!)
	mkfifo in
	$W --timeout 1 "$P" <in 2>err3 3>&- &
	PIDS+=($!)
	exec 5>in
	lines 11 12 >&5
	await 10 grep -q 'no answer within 1 s; trying again' err3
	kill "${PIDS[-2]}"
	status 75 wait "${PIDS[-2]}" || { server_resume influx; false; }
	server_resume influx
	await 20 grep -q 'the store takes readings again' err3
	exec 5>&-
	status 0 wait "${PIDS[-1]}"
	grep -q 'no answer within 1 s' err
	[[ $(stored) == 12 ]]
}

@test "a server that is overloaded or full is waited for, as long as it says" {
	fake 204: 429:1 503:busy '500:no space left on device' 204:
	lines 1 5 | $W --ack raw/store "$P" 2>err
	grep -q 'trying again' err
	grep -q 'the store takes readings again' err
	[[ $(grep -c /write "$PID_OUT") == 5 ]]
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 5 ]]
}

@test "what is not an answer does not count as an empty page" {
	local names='{"results":[{"series":[{"name":"m","columns":["name"],"values":[["readings"]]}]}]}'
	fake "$names" '<html>login</html>'
	status 69 $R "$P" 2>err
	grep -q 'not an answer of InfluxDB' err
	fake "$names" '{"results":[{"series":[{"values":[[1,2'
	status 69 $R "$P" 2>err
	grep -q 'has no end' err
	fake "$names" '{"results":[{"series":[{"values":[[1,2]]}]}]}'
	status 65 $R "$P"
	fake "$names" '{"results":[{"error":"timeout of the server"}]}'
	status 69 $R "$P" 2>err
	grep -q 'timeout of the server' err
	fake "$names" '{"results":[{"statement_id":0,"error":"insufficient permissions"}]}'
	status 77 $R "$P"
	fake "$names" '302:elsewhere'
	status 78 $R "$P"
	fake 204: '400:<html>no TLS</html>'
	lines 1 5 | status 78 $W --rejects refused --ack raw/store "$P" 2>err
	[[ ! -s refused && ! -e $MFX_HOME/bus/raw/groups/store ]]
}

@test "points that the server refuses are set aside with its reason" {
	# in this week's shard the texts are numbers
	lines 1 1 | $W "$P"
	wrote 'readings,channel=x,kind=v stringValue=1 1700000000000000000'
	{
		lines 2 30
		echo '{"channel":"c1","seq":31,"n":"s","vs":"a","t":1700000001}'
		echo '{"channel":"c1","seq":32,"n":"s","vs":"b","t":1700000002}'
		echo '{"channel":"c1","seq":33,"n":"s","vs":"c","t":1600000002}'
		echo '{"channel":"c1","seq":34,"n":"t","v":7,"t":-9223372036.9}'
		lines 35 40
	} | status 65 $W --ack raw/store --rejects bad "$P" 2>err
	[[ $(stored) == 36 ]]
	[[ $(grep -c -e '"vs":"[ab]"' -e 9223372036.9 bad) == 3 ]]
	grep -q 'field type conflict' err
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 40 ]]
	query "DROP SERIES FROM readings WHERE channel = 'x'"
	[[ $($R -c --value =c "$P") == 1 ]]
}

@test "a server that does not make databases, as InfluxDB 2: not ready without one" {
	local none='404:no dbrp mapping found'
	fake "$none" '{"results":[{"statement_id":0,"error":"no CREATE DATABASE here"}]}' "$none"
	status 78 $W --ready-fd 9 "$P" 9>ready </dev/null 2>err
	grep -q 'no dbrp mapping found' err
	[[ ! -s ready ]]
}

# in_flight NAME OPTION ENCODING: four requests at a time, over four connections
in_flight() {
	local port
	free_port port
	start python3 "$ROOT/tests/influx_proxy.py" "$port" \
	    "$(server_port "$1")" 4
	await 10 eval "(: </dev/tcp/127.0.0.1/$port)"
	lines 1 60000 | $W --batch 60000 --every 1h --gzip "$2" \
	    "http://$SERVER_USER:$SERVER_PASSWORD@127.0.0.1:$port/$D"
	(($(wc -l <"$PID_OUT") == 12))
	[[ $(cut -d ' ' -f 3 "$PID_OUT" | sort -u) == "$3" ]]
	[[ $(cut -d ' ' -f 2 "$PID_OUT" | sort -n | tail -n 1) == 4 ]]
	# one more for await, and the first request may have one of its own
	[[ $(cut -d ' ' -f 1 "$PID_OUT" | sort -u | wc -l) == 4 ]]
}

@test "four requests are under way, over connections that are kept" {
	in_flight influx on gzip
	[[ $(stored) == 60000 ]]
	query 'DROP MEASUREMENT readings'
	# to this machine they are not compressed
	in_flight influx auto none
	[[ $(stored) == 60000 ]]
	server_start victoria
	in_flight victoria off none
	in_flight victoria on gzip
	server_flush victoria
	await 30 eval '[[ $(server_curl victoria /api/v1/export -G \
	    -d "match[]=readings_value{channel=\"c2\"}") == *59999* ]]'
}

@test "a password or token is in no message and no list of processes" {
	echo "$SERVER_PASSWORD" >password
	echo "$SERVER_USER:$SERVER_PASSWORD" >token
	local open
	open=${P/$SERVER_USER:$SERVER_PASSWORD@/}
	lines 1 3 | $W --username $SERVER_USER --password-file password "$open"
	[[ $($R --username $SERVER_USER --password-file password -c "$open") == 3 ]]
	[[ $(INFLUX_PASSWORD=$SERVER_PASSWORD $R --username $SERVER_USER -c "$open") == 3 ]]
	[[ $($R --token-file token -c "$open") == 3 ]]
	[[ $(INFLUX_TOKEN=$(<token) $R -c "$open") == 3 ]]
	[[ $(MFX_STORE=$P $R -c) == 3 ]]
	echo sea-secret >password
	status 77 $R --username $SERVER_USER --password-file password "$open" 2>err
	status 77 $W --token-file password "$open" </dev/null 2>>err
	status 64 $R "http://x:sea-secret@h h/no" 2>>err
	status 64 $R "http://x:sea-secret@h" 2>>err
	status 64 $R "x sea-secret" 2>>err
	status 69 $R "http://x:sea-secret@127.0.0.1:1/x" 2>>err
	status 1 grep -e sea-secret -e "$SERVER_PASSWORD" err
}

@test "what is wrong is said, with the status for it" {
	status 66 $R "$P" 2>err
	grep -q 'database not found' err
	status 77 $R "${P/$SERVER_PASSWORD/other}" 2>err
	grep -q 'authorization failed' err
	status 77 $W "${P/$SERVER_PASSWORD/other}" </dev/null 2>err
	# somebody who may not make databases, nor write to all
	query "CREATE DATABASE $D"
	query "CREATE USER u$D WITH PASSWORD 'few-words'"
	P=${P/$SERVER_USER:$SERVER_PASSWORD/u$D:few-words}
	status 77 $W "$P" </dev/null 2>err
	status 77 $R "$P"
	query "GRANT WRITE ON $D TO u$D"
	lines 1 3 | $W "$P"
	status 78 $W "${P}_not" </dev/null 2>err
	grep -q 'may not make it' err
	status 77 $R "$P"
	query "GRANT READ ON $D TO u$D"
	[[ $($R -c "$P") == 3 ]]
	status 77 $W "$P" </dev/null
}

@test "as in InfluxDB 2: an organization, a bucket and a token" {
	echo "$SERVER_USER:$SERVER_PASSWORD" >token
	query "CREATE DATABASE $D"
	local at
	at=http://127.0.0.1:$(server_port influx)/$D
	lines 1 5 | $W --token-file token "$at?org=mfx"
	[[ $($R --token-file token -c "$at?org=mfx") == 5 ]]
	status 78 $W --token-file token "${at}_not?org=mfx" </dev/null
}

@test "a retention policy" {
	query "CREATE DATABASE $D"
	query "CREATE RETENTION POLICY year ON $D DURATION 52w REPLICATION 1"
	local now
	now=$(date +%s)
	printf '%s\n' '{"n":"a","v":1,"t":1}' "{\"n\":\"a\",\"v\":2,\"t\":$now}" |
		status 65 $W --rejects bad "$P?rp=year" 2>err
	grep -q 'retention policy' err
	[[ $(wc -l <bad) == 1 ]]
	status 66 $R -c "$P?rp=none"
	[[ $($R -c "$P?rp=year") == 1 ]]
}

@test "TLS: the authority of the server, and no other" {
	server_start influx-tls
	P=$(server_url influx-tls)/$D
	lines 1 4 | $W --cacert "$(server_ca influx-tls)" "$P"
	[[ $($R --cacert "$(server_ca influx-tls)" -c "$P") == 4 ]]
	authority other
	status 78 $R --cacert other.crt "$P" 2>err
	grep -qi 'certificate' err
	status 78 $W --cacert other.crt "$P" </dev/null
	status 78 $R --cacert no-such-file "$P"
	# an answer that is not from InfluxDB is not about the points
	P=${P/https:/http:}
	lines 1 4 | status 78 $W --ack raw/store "$P" 2>err
	grep -q 'Client sent an HTTP request to an HTTPS server\.$' err
	status 78 $R "$P"
	server_stop influx-tls
	P=$(server_url influx)/$D
	status 78 $W "${P/http:/https:}" </dev/null 2>err
	grep -q 'the server does not speak TLS here; http:// is without$' err
}

@test "an answer that nobody takes ends in time" {
	lines 1 20000 | $W "$P"
	[[ $($R "$P" | head -n 1 | wc -l) == 1 ]]
	[[ $($R --order desc --limit 2 "$P" | sed 's/.*"v":\([0-9]*\).*/\1/' |
	    xargs) == '20000 19999' ]]
}

@test "copied from SQLite, and back" {
	$ROOT/tests/stores/model.py lines 5 500 twins >lines
	mfx-write-sqlite a.db <lines
	mfx-read-sqlite a.db | $W "$P"
	$R "$P" | mfx-write-sqlite b.db
	diff <(mfx-read-sqlite a.db | sort) <(mfx-read-sqlite b.db | sort)
}

@test "VictoriaMetrics takes it: numbers, to the millisecond" {
	server_start victoria
	P=$(server_url victoria)/db
	{
		lines 1 5
		echo '{"channel":"c9","publisher":"p","n":"t","u":"Cel","v":2.5,"t":1700000100.123456}'
	} | $W "$P"
	server_flush victoria
	await 30 eval '[[ $(server_curl victoria /api/v1/export -G \
	    -d "match[]=readings_value{channel=\"c9\"}") == *2.5* ]]'
	[[ $(server_curl victoria /api/v1/export -G \
	    -d 'match[]=readings_value{channel="c9",unit="Cel"}') == \
	    *'"values":[2.5],"timestamps":[1700000100123]'* ]]
	status 77 $W "${P/$SERVER_PASSWORD/other}" </dev/null
}
