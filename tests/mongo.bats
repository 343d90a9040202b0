#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# mfx-write-mongo, mfx-read-mongo and mfx-prune-mongo beside a server of
# MongoDB's protocol: what is peculiar to it; what all stores do alike is in
# conformance_mongo.bats.
load setup
load tls
load servers

W=mfx-write-mongo
R=mfx-read-mongo
D=mfx-prune-mongo

setup_file() {
	server_start mongo
}

# a collection of the test's own, for both
setup_suite_test() {
	P=$(server_url mongo)
	C=t$BATS_TEST_NUMBER
	W="mfx-write-mongo --collection $C"
	R="mfx-read-mongo --collection $C"
	D="mfx-prune-mongo --collection $C"
}

# a client that is not ours
found() {
	server_client "${S:-mongo}" find "$C" "$@"
}

stored() {
	server_client "${S:-mongo}" run "{\"count\":\"$C\"}" 2>/dev/null |
		jq .n | grep . || echo 0
}

group() {
	cat "$MFX_HOME/bus/raw/groups/store" 2>/dev/null || echo 0
}

# fake ANSWER…: a server that says just these of inserts; the store is $P
fake() {
	local port
	free_port port
	start /usr/bin/python3 "$ROOT/tests/mongo_fake.py" "$port" "$@"
	P=mongodb://127.0.0.1:$port/x
	W=mfx-write-mongo
	await 10 eval "(: </dev/tcp/127.0.0.1/$port)"
}

kinds() {
	cat <<-'EOF2'
	{"channel":"c1","publisher":"p1","protocol":"http","subtopic":"a.b","n":"dev:t","u":"Cel","v":21.5,"t":1700000000.123456789}
	{"channel":"c1","publisher":"p1","n":"dev:big","v":9007199254740993,"t":1700000001}
	{"channel":"c1","publisher":"p1","n":"dev:digits","v":0.12345678901234567890123,"t":1700000001.5}
	{"channel":"c1","publisher":"p1","n":"dev:s","vs":"a\tb'; {\"$where\":\"1\"} $1 é\n","t":1700000002}
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
	# as Mainflux named them
	found '{"subtopic":"a.b"}' | sed 's/"_id":{[^}]*},//' >got
	diff got - <<-'EOF2'
	{"channel":"c1","publisher":"p1","protocol":"http","subtopic":"a.b","name":"dev:t","unit":"Cel","value":21.5,"time":1700000000.1234567,"timeNs":1700000000123456789}
	EOF2
	[[ $(found '{"name":"dev:big"}') == *'"value":9007199254740992.0,"exactValue":"9007199254740993"'* ]]
	[[ $(found '{"name":"dev:d"}') == *'"dataValue":"AP8","contentType":"text/plain"'* ]]
	[[ $(found '{"name":"dev:b"}') == *'"boolValue":false'* ]]
	[[ $(found '{"name":"dev:sum"}') == *'"exactSum":"9007199254740993"'*'"updateTime":30.25'* ]]
	[[ $(found '{"exactValue":{"$exists":true}}' | wc -l) == 2 ]]
}

@test "what another client writes is read" {
	lines 1 1 | $W "$P"
	server_client mongo add "$C" <<-'EOF2'
	{"channel":"c9","name":"x","value":4.25,"timeNs":1700000009000000001}
	{"channel":"c9","name":"y","value":7,"unit":"","time":5,"timeNs":{"$numberLong":"1700000010000000000"},"more":{"a":[1]}}
	{"channel":"c9","name":"z","stringValue":"on","subtopic":null,"timeNs":1700000011000000000}
	EOF2
	$R --channel c9 "$P" >got
	diff got - <<-'EOF2'
	{"channel":"c9","n":"x","v":4.25,"t":1700000009.000000001}
	{"channel":"c9","n":"y","v":7,"t":1700000010}
	{"channel":"c9","n":"z","vs":"on","t":1700000011}
	EOF2
	[[ $($R -c --channel c9 --unit '' --subtopic '' "$P") == 3 ]]
}

@test "a document that is not a reading is an error, not left out" {
	lines 1 2 | $W "$P"
	local doc
	while read -r doc; do
		server_client mongo add "$C" <<<"$doc"
		status 65 $R --channel bad "$P" 2>>err
		server_client mongo run "{\"delete\":\"$C\",\"deletes\":[{\"q\":{\"channel\":\"bad\"},\"limit\":0}]}"
	done <<-'EOF2'
	{"channel":"bad","name":"a","value":1,"time":1700000000}
	{"channel":"bad","name":"a","timeNs":1}
	{"channel":"bad","name":"a","value":"1","timeNs":1}
	{"channel":"bad","name":"a","value":1,"exactValue":"1,\"x\":2","timeNs":1}
	{"channel":"bad","name":"a","boolValue":1,"timeNs":1}
	{"channel":"bad","name":"a","dataValue":"??","timeNs":1}
	{"channel":"bad","name":"a","value":1,"unit":3,"timeNs":1}
	{"channel":"bad","name":"a\"},{","value":1,"timeNs":1}
	EOF2
	[[ $(wc -l <err) == 8 ]]
	[[ $($R -c "$P") == 2 ]]
}

@test "no label, unit or glob is taken for an operator or a field" {
	cat >lines <<-'EOF2'
	{"channel":"{\"$gt\":\"\"}","publisher":"$where","protocol":"a.b$c","subtopic":"\\","n":"n","u":"\\'\n/","v":1,"t":1}
	{"channel":"/.*/","publisher":"x\u0000y","protocol":"\u0000","subtopic":"$","n":"n","u":"\u0000\u0001","v":2,"t":2}
	{"channel":"^a","publisher":"#c","protocol":"\t","subtopic":" b ","n":"n","u":"\"","v":3,"t":3}
	{"channel":"é1","publisher":"ÿ","protocol":"퟿","subtopic":"􏿿x","n":"n","v":4,"t":4}
	EOF2
	$W "$P" <lines
	diff <($R "$P") lines
	local c
	for c in '{"$gt":""}' '/.*/' '^a' '^*' '{*' '/?[*]/' '*gt*' 'é*' é1; do
		[[ $($R -c --channel "$c" "$P") == 1 ]]
	done
	[[ $($R -c --unit $'\\\'\n/' "$P") == 1 ]]
	[[ $($R -c --subtopic '\' "$P") == 1 ]]
	[[ $($R -c --publisher '$where' --publisher 'ÿ*' "$P") == 2 ]]
	[[ $($R -c --publisher 'x?y' "$P") == 1 ]]
	[[ $($R -c --protocol '퟿*' --subtopic '􏿿*' "$P") == 1 ]]
	local q
	for q in '$ne' '.*' '/.*/i' $'\xff' $'\xff*' '{*}*x' '^A'; do
		status 1 $R --channel "$q" "$P"
	done
	[[ $($R -c --channel '*' "$P") == 4 ]]
}

@test "for sums and extremes the server gives numbers alone, for counts all" {
	{
		lines 1 6
		lines 7 9 | sed 's/"v":[0-9]*/"vs":"x"/'
	} | $W "$P"
	local a
	for a in avg sum min max; do
		[[ $($R --aggregate $a "$P" 2>/dev/null | wc -l) == 3 ]]
		$R -vv --aggregate $a "$P" 2>&1 >/dev/null |
			grep -qF '"value" : { "$exists" : true }'
	done
	[[ $($R --aggregate count "$P" | wc -l) == 6 ]]
	[[ $($R --aggregate last "$P" | wc -l) == 6 ]]
	$R -vv --aggregate last "$P" 2>&1 >/dev/null |
		refute grep -F '"value"'
}

@test "what is stored already is passed over, whatever else is in the batch" {
	lines 1 100 | $W --ack raw/store "$P"
	found >before
	# as after an acknowledgement that got lost
	echo 40 >"$MFX_HOME/bus/raw/groups/store"
	lines 41 150 | $W -v --ack raw/store "$P" 2>err
	grep -q '60 readings were stored already' err
	[[ $(stored) == 150 ]]
	found | head -n 100 | diff before -
	$R "$P" | sed 's/.*"v":\([0-9]*\),.*/\1/' | diff - <(seq 150)
}

@test "an acknowledgement that is lost costs nothing but a second try" {
	fake cut '{"n":3,"writeErrors":[
	    {"index":0,"code":11000,"keyPattern":{"_id":1},"errmsg":"E11000"},
	    {"index":4,"code":11000,"errmsg":"E11000 x index: _id_ dup key: { : 1 }"}]}'
	lines 1 5 | $W -v --ack raw/store "$P" 2>err
	grep -q 'closed the connection; trying again' err
	grep -q '2 readings were stored already' err
	[[ $(grep -c ' 5$' "$PID_OUT") == 2 ]]
	[[ $(group) == 5 ]]
}

@test "what the server says of one document is about that reading alone" {
	fake '{"n":3,"writeErrors":[
	    {"index":1,"code":121,"errmsg":"Document failed validation"},
	    {"index":3,"code":11000,"keyPattern":{"value":1},"errmsg":"E11000 value"}]}'
	lines 1 5 | status 65 $W --ack raw/store --rejects bad "$P" 2>err
	[[ $(sed 's/.*"v":\([0-9]*\).*/\1/' bad | xargs) == '2 4' ]]
	grep -q 'Document failed validation' err
	grep -q 'E11000 value' err
	[[ $(group) == 5 ]]
}

@test "a server that is full, not the primary, or not sure is waited for" {
	fake '{"ok":0,"code":10107,"codeName":"NotWritablePrimary","errmsg":"not primary"}' \
	    '{"n":4,"writeErrors":[{"index":0,"code":14031,"errmsg":"no space left"}]}' \
	    '{"writeConcernError":{"code":64,"codeName":"WriteConcernFailed","errmsg":"waiting for replication timed out"}}' \
	    '{"n":4,"writeErrors":[{"index":0,"code":11000,"keyPattern":{"_id":1},"errmsg":"E11000"}],
	    "writeConcernError":{"code":91,"errmsg":"shutdown"}}' \
	    '{"n":3,"writeErrors":[{"index":0,"code":11000,"keyPattern":{"_id":1},"errmsg":"E11000"}]}' \
	    '{"n":2,"writeErrors":[{"index":7,"code":11000,"errmsg":"E11000"}]}' \
	    '{}'
	lines 1 5 | $W --ack raw/store "$P" 2>err
	grep -q 'not primary; trying again' err
	grep -q 'the store takes readings again' err
	[[ $(grep -c ' 5$' "$PID_OUT") == 7 ]]
	[[ $(group) == 5 ]]
}

@test "what the server does not permit, or know, ends the writer" {
	fake '{"ok":0,"code":13,"codeName":"Unauthorized","errmsg":"not authorized on x"}'
	lines 1 5 | status 77 $W --ack raw/store "$P" 2>err
	grep -q 'not authorized on x; 5 readings not stored' err
	fake '{"ok":0,"code":59,"codeName":"CommandNotFound","errmsg":"no such command"}'
	lines 1 5 | status 78 $W --ack raw/store2 "$P" 2>err
	[[ ! -s $MFX_HOME/bus/raw/groups/store2 ]] ||
	    [[ $(<"$MFX_HOME/bus/raw/groups/store2") == 0 ]]
}

@test "another index that is unique: only what it refuses is set aside" {
	lines 1 1 | $W --ack raw/store "$P"
	server_client mongo run "{\"createIndexes\":\"$C\",\"indexes\":[{\"key\":{\"value\":1},\"name\":\"v\",\"unique\":true}]}"
	{
		lines 2 20
		lines 21 23 | sed 's/"v":[0-9]*/"v":7/'
		lines 24 30
	} | status 65 $W --ack raw/store --rejects bad "$P" 2>err
	[[ $(stored) == 27 ]]
	[[ $(grep -c '"v":7,' bad) == 3 ]]
	grep -q 'E11000' err
	[[ $(group) == 30 ]]
	# again, where each is a duplicate of its own _id as well
	echo 10 >"$MFX_HOME/bus/raw/groups/store"
	lines 11 20 | $W --ack raw/store "$P"
	[[ $(stored) == 27 ]]
}

# a writer that waits for a server that is not there, at $AWAY
waits() {
	local port
	free_port port
	AWAY=mongodb://127.0.0.1:$port/x
	mkfifo in
	$W "$AWAY" <in 2>err 3>&- &
	PIDS+=($!)
	exec 5>in
	await 10 grep -q 'Connection refused; trying again until it works' err
}

@test "a server that is away is waited for, and SIGTERM ends that with 75" {
	waits
	kill "${PIDS[-1]}"
	status 75 wait "${PIDS[-1]}"
	[[ $(grep -c refused err) -le 2 ]]
	status 69 $R "$AWAY"
	status 69 $R "mongodb://nowhere.invalid/x"
}

@test "a server that stalls is given up after --timeout, and SIGTERM ends the wait" {
	lines 1 10 | $W "$P"
	mkfifo in
	$W --timeout 1 --every 10ms "$P" <in 2>err3 3>&- &
	PIDS+=($!)
	exec 5>in
	lines 11 11 >&5
	await 20 eval '(($(stored) == 11))'
	server_pause mongo
	status 69 $R --timeout 1 "$P" 2>err || { server_resume mongo; false; }
	$R "$P" >got 2>err2 3>&- &
	PIDS+=($!)
	lines 12 12 >&5
	await 10 grep -q 'no answer within 1 s; trying again' err3
	kill "${PIDS[-1]}"
	status 75 wait "${PIDS[-1]}" || { server_resume mongo; false; }
	server_resume mongo
	await 20 grep -q 'the store takes readings again' err3
	exec 5>&-
	status 0 wait "${PIDS[-2]}"
	grep -q 'no answer within 1 s' err
	[[ $(stored) == 12 ]]
}

@test "paused in the middle of an answer: SIGTERM ends the reader, the rest comes later" {
	lines 1 6000 | $W "$P"
	mkfifo out
	$R "$P" >out 2>err 3>&- &
	PIDS+=($!)
	exec 6<out
	read -r _ <&6
	server_pause mongo
	kill "${PIDS[-1]}"
	cat <&6 >got
	exec 6<&-
	status 75 wait "${PIDS[-1]}" || { server_resume mongo; false; }
	server_resume mongo
	(($(wc -l <got) < 5999))
	[[ $($R "$P" | wc -l) == 6000 ]]
}

@test "a writer that is killed leaves nothing in /dev/shm" {
	waits
	kill -KILL "${PIDS[-1]}"
	status 137 wait "${PIDS[-1]}"
	[ ! -e "/dev/shm/mongoc-${PIDS[-1]}" ]
}

@test "a password is in no message and no list of processes" {
	echo "$SERVER_PASSWORD" >password
	local open
	open=${P/:$SERVER_PASSWORD/}
	lines 1 3 | $W --password-file password "$open"
	[[ $($R --password-file password -c "$open") == 3 ]]
	[[ $(MFX_STORE=$P $R -c) == 3 ]]
	[[ $($D --keep-age 100000d --password-file password "$open") == '{"readings":0}' ]]
	echo sea-secret >password
	status 77 $R --password-file password "$open" 2>err
	status 77 $W --password-file password "$open" </dev/null 2>>err
	status 64 $R --password-file password "${open/$SERVER_USER@/}" 2>>err
	status 64 $R "mongodb://x:%zz-sea-secret@h/no" 2>>err
	status 64 $R "mongodb://x:sea-secret@h" 2>>err
	status 64 $R "mongodb://x:sea-secret@h/x?w=sea-secret&tls=7" 2>>err
	status 64 $R "x sea-secret" 2>>err
	status 69 $R "mongodb://x:sea-secret@127.0.0.1:1/x" 2>>err
	status 69 $R -v -v "mongodb://x:sea-secret@127.0.0.1:1/x" 2>>err
	status 1 grep -e sea-secret -e "$SERVER_PASSWORD" err
}

@test "what is wrong is said, with the status for it" {
	status 66 $R "$P" 2>err
	grep -q "nothing was stored in collection '$C'" err
	status 66 $D --keep-age 1d "$P"
	status 77 $R "${P/$SERVER_PASSWORD/other}" 2>err
	status 77 $W "${P/$SERVER_PASSWORD/other}" </dev/null 2>err
	status 77 $R "${P/:$SERVER_PASSWORD/}" 2>err
	status 77 $W "${P/:$SERVER_PASSWORD/}" </dev/null 2>>err
	status 77 $D --keep-age 1d "${P/:$SERVER_PASSWORD/}" 2>>err
	[[ $(grep -c 'asks for a password; give it with --password-file' err) == 3 ]]
	# of another version
	lines 1 1 | $W "$P"
	server_client mongo run "{\"update\":\"mfx_store\",\"updates\":[{\"q\":{\"_id\":\"$C\"},\"u\":{\"\$set\":{\"version\":99}}}]}"
	status 78 $R "$P" 2>err
	status 78 $W "$P" </dev/null 2>>err
	[[ $(grep -c 'another version of mfx' err) == 2 ]]
	# a name that no collection can have
	status 78 mfx-write-mongo --collection 'a$b' "$P" </dev/null
}

@test "the indexes are made once, and found by their names" {
	lines 1 1 | $W "$P"
	lines 2 2 | $W "$P"
	[[ $(server_client mongo run "{\"listIndexes\":\"$C\"}" |
	    jq -c '[.cursor.firstBatch[].name] | sort') == \
	    '["_id_","mfx_channel","mfx_time"]' ]]
}

@test "TLS: the authority of the server, and no other" {
	S=mongo-tls
	server_start mongo-tls
	P=$(server_url mongo-tls)
	lines 1 4 | $W --cacert "$(server_ca mongo-tls)" "$P"
	[[ $($R -c "$P&tlsCAFile=$(server_ca mongo-tls)") == 4 ]]
	authority other
	status 78 $R --cacert other.crt "$P" 2>err
	grep -qi 'certificate' err
	status 78 $W --cacert other.crt "$P" </dev/null
	status 78 $R "$P"
	status 78 $R --cacert no-such-file "$P"
	# without TLS where there is nothing else, and the other way round
	status 69 $R "${P%\?*}" 2>err
	grep -q 'closed the connection; if it speaks TLS, the URL wants ?tls=true$' err
	status 69 $R --timeout 1 "$(server_url mongo)?tls=true" 2>err
	grep -q 'no answer within 1 s; does it speak TLS?' err
	# not the name in the certificate
	status 78 $R --cacert "$(server_ca mongo-tls)" \
	    "${P/127.0.0.1/127.1}" 2>err
	# and a server that knows no TLS
	status 69 $R --timeout 5 "$(server_url mongo)?tls=true"
	server_stop mongo-tls
}

@test "an answer that nobody takes ends in time" {
	lines 1 5000 | $W "$P"
	[[ $($R "$P" | head -n 1 | wc -l) == 1 ]]
	[[ $($R --order desc --limit 2 "$P" | sed 's/.*"v":\([0-9]*\).*/\1/' |
	    xargs) == '5000 4999' ]]
}

@test "runs without a group are kept in their order" {
	local n
	for n in 1 2 3 4 5; do
		echo "{\"n\":\"a\",\"v\":$n,\"t\":1}"
	done | while read -r n; do
		$W "$P" <<<"$n"
	done
	$R "$P" | sed 's/.*"v":\([0-9]*\),.*/\1/' | diff - <(seq 5)
	$R --order desc "$P" | sed 's/.*"v":\([0-9]*\),.*/\1/' |
		diff - <(seq 5 -1 1)
}

@test "copied from SQLite, and back" {
	$ROOT/tests/stores/model.py lines 5 500 >lines
	mfx-write-sqlite a.db <lines
	mfx-read-sqlite a.db | $W "$P"
	$R "$P" | mfx-write-sqlite b.db
	diff <(mfx-read-sqlite a.db | sort) <(mfx-read-sqlite b.db | sort)
}
