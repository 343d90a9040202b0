#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The registry on more than one machine: each machine is a MFX_HOME of its own,
# and they share a bus, which is a directory or a real nats-server.
load setup
load tls
load servers
load ws
load operations

setup_suite_test() {
	export MFX_MODULES=$BIN MFX_USER=ann@example.com
	for node in a b c; do
		mkdir -m 700 "$node"
	done
	export MFX_HOME=$PWD/a
	echo correct horse battery |
		mfx-users create --password-file - $MFX_USER
}

# on NODE COMMAND…
on() {
	MFX_HOME=$BATS_TEST_TMPDIR/$1 "${@:2}"
}

# begin [BUS]: a log, whose primary is a
begin() {
	mfx-registry start --bus "${1:-$PWD/bus}" --name a
}

# replica NODE [FROM]: from a snapshot of FROM
replica() {
	rm -f "$1.snapshot"
	on "${2:-a}" mfx-registry snapshot "$1.snapshot"
	mv "$1.snapshot" "$1/registry.db"
	cp -p a/master.key "$1/"
}

# catch_up NODE
catch_up() {
	on "$1" mfx-registry follow --name "$1" --no-follow
}

# says NODE FIELD
says() {
	on "$1" mfx-registry status | jq -r ".$2"
}

# do all have the same rows?
same() {
	local other
	for other in "${@:2}"; do
		on "$1" mfx-registry verify "$PWD/$other" >/dev/null
	done
}

things() {
	on "$1" mfx-things list | jq -r .name | sort
}

@test "a replica has every operation, and decides for itself" {
	begin
	replica b
	operations
	catch_up b
	same a b
	[[ $(says a role) == primary && $(says b role) == replica ]]
	[[ $(says b primary) == a && $(says b lag) == 0 ]]
	diff <(mfx-events) <(on b mfx-events)
	diff <(things a) <(things b)
	# the index of names came about there
	mfx-things list --name new | diff - <(on b mfx-things list --name new)
	mfx-bootstrap list --keys | diff - <(on b mfx-bootstrap list --keys)
	mfx-groups tree | diff - <(on b mfx-groups tree)
	t=$(mfx-things list --name 'new name' | jq -r .id)
	c=$(mfx-channels list --name garden | jq -r .id)
	echo secret-key | on b mfx-can --key-file - subscribe "$c"
	on b mfx-can "$t" subscribe "$c"
	refute on b mfx-can "$t" publish "$c"
	on b mfx-certs verify new.pem
	status 1 on b mfx-certs verify t.pem
	status 1 on b mfx-certs verify u.pem
	status 69 on b mfx-certs issue "$t"
}

@test "a replica that follows sees a revocation at once, and goes on without the bus" {
	begin
	replica b
	t=$(mfx-things create --name x | jq -r .id)
	c=$(mfx-channels create --name y | jq -r .id)
	mfx-channels connect "$c" "$t"
	start_ready env MFX_HOME="$PWD/b" mfx-registry follow --name b
	on b mfx-can "$t" publish "$c"
	mfx-channels disconnect "$c" "$t"
	refused() { status 1 on b mfx-can "$t" publish "$c"; }
	await 20 refused
	mfx-channels connect "$c" "$t"
	await 20 on b mfx-can "$t" publish "$c"
	kill "$PID"
	wait "$PID"
	mv bus away
	on b mfx-can "$t" publish "$c"
	# the primary can't make a change that nobody else would have
	status 75 mfx-things create --name lost 2>err ||
		status 78 mfx-things create --name lost 2>err
	rm -rf bus
	mv away bus
	catch_up b
	same a b
	[[ $(things a) == x ]]
}

@test "a replica refuses changes, and names the primary" {
	begin
	replica b
	status 69 on b mfx-things create --name no 2>err
	grep -q "made on 'a'" err
	catch_up b
	status 78 on b mfx-registry follow --name c --no-follow 2>err
	grep -q "named 'b'" err
	status 69 on b mfx-users remove $MFX_USER 2>err
	grep -q 'mfx-registry promote' err
	status 78 on c mfx-registry follow
	rm -f c/registry.db
	status 78 mfx-registry start --bus "$PWD/bus" 2>err
	grep -q 'has a log already' err
	same a b
}

@test "promote takes over with everything, and the old primary becomes a replica" {
	begin
	replica b
	mfx-things create --name one >/dev/null
	on b mfx-registry follow --name b --no-follow
	mfx-things create --name two >/dev/null
	on b mfx-registry promote
	[[ $(things b) == $'one\ntwo' ]]
	on b mfx-things create --name three >/dev/null
	# it learns that at the next change, which is not made
	status 69 mfx-things create --name four 2>err
	grep -q "made on 'b'" err
	catch_up a
	same a b
	[[ $(says a role) == replica && $(says b role) == primary ]]
	[[ $(says a epoch) == 2 ]]
	mfx-registry promote
	mfx-things create --name five >/dev/null
	status 69 on b mfx-things create --name six 2>err
	same a b
	mfx-registry promote
	[[ $(says a epoch) == 3 ]]
}

@test "two registries that both take themselves for the primary have one truth" {
	begin
	local i made=0
	cp -p a/* c/
	for i in 1 2 3 4 5 6; do
		(mfx-things create --name "a$i" >>made && exit 0; true) &
		(on c mfx-things create --name "c$i" >>made; true) &
		wait
	done 2>err
	on c mfx-registry follow --no-follow
	mfx-registry follow --no-follow
	same a c
	# what was answered is there
	jq -r .name made | sort | comm -23 - <(things a) | diff /dev/null -
	[[ -s made ]]
}

# damage NODE: a bit of its last line but one
@test "a line that was changed is noticed, and nothing after it is applied" {
	begin
	replica b
	mfx-things create --name one >/dev/null
	catch_up b
	mfx-things create --name two >/dev/null
	mfx-things create --name three >/dev/null
	cp -r bus good
	sed -i '3s/"epoch":1/"epoch":2/' bus/registry/*.ndjson
	status 65 on b mfx-registry follow --no-follow 2>err
	grep -q 'damaged, or sealed under another master key' err
	[[ $(things b) == one ]]
	status 65 on b mfx-registry promote 2>err
	# a line is missing
	cp -r good/. bus/
	awk 'NR != 3' good/registry/*.ndjson >bus/registry/00000000000000000000.ndjson
	status 65 on b mfx-registry follow --no-follow 2>err
	[[ $(things b) == one ]]
	# the stream is another one
	: >bus/registry/00000000000000000000.ndjson
	status 78 mfx-things create --name four 2>err
	rm -rf bus
	mv good bus
	catch_up b
	same a b
}

@test "what is not of this log is passed over, another master key is refused" {
	begin
	replica b
	mfx-things create --name one >/dev/null
	export MFX_BUS=$PWD/bus
	echo '{"n":"registry","log":"0123","vd":"AAAA"}' | mfx-pub registry
	echo '{"n":"t","v":1}' | mfx-pub registry
	mfx-things create --name two >/dev/null
	catch_up b
	same a b
	mfx-bus verify registry >/dev/null
	refute grep -q -e one -e two -e example.com bus/registry/*.ndjson
	head -c 32 /dev/urandom >b/master.key
	status 78 on b mfx-registry follow --no-follow 2>err
	grep -q 'not the master key' err
}

@test "a change of many is one entry, of many lines, and a snapshot has it" {
	begin
	replica b
	seq 20000 | sed 's/.*/{"name":"thing-&","metadata":{"number":&}}/' |
		mfx-things create -f - >made
	catch_up b
	same a b
	[[ $(says b entry) == 2 ]]
	(($(wc -l <bus/registry/00000000000000000000.ndjson) > 10))
	replica c b
	catch_up c
	same b c
	[[ $(stat -c %a c/registry.db) == 600 ]]
	status 77 mfx-registry snapshot made
	jq -r .id made | head -n 15000 | mfx-things remove -f - 2>/dev/null ||
		jq -c '{id}' made | head -n 15000 | mfx-things remove -f -
	catch_up b
	catch_up c
	same a b c
}

@test "the kill -9 of a writer between its entry and its commit loses nothing" {
	begin
	replica b
	local before
	mfx-things create --name one >/dev/null
	cp -p a/registry.db* "$PWD"/
	mfx-things create --name two >/dev/null
	# as if it had been killed before the commit
	rm a/registry.db*
	cp -p registry.db* a/
	[[ $(things a) == one ]]
	mfx-things create --name three >/dev/null
	[[ $(things a) == $'one\nthree\ntwo' ]]
	catch_up b
	same a b
}

@test "a primary whose bus has lost entries does not go on beside the one that took over" {
	begin
	replica b
	catch_up b
	cp -r bus lost
	mfx-things create -f - <<<'{"name":"one"}' >/dev/null
	mfx-things create -f - <<<'{"name":"two"}' >/dev/null
	mfx-things create -f - <<<'{"name":"three"}' >/dev/null
	rm -rf bus
	mv lost bus
	on b mfx-registry promote
	# two entries, and more bytes than the three that were lost
	seq 40 | sed 's/.*/{"name":"thing-&"}/' |
		on b mfx-things create -f - >/dev/null
	on b mfx-things create --name last >/dev/null
	status 74 mfx-things create --name four 2>err
	grep -q 'has lost entries' err
	on b mfx-things create --name five >/dev/null
	catch_up b
}

@test "a primary whose bus has lost entries is refused, where the stream ends at its place" {
	begin
	replica b
	mfx-things create --name one >/dev/null
	catch_up b
	cp -r bus lost
	seq 20 | sed 's/.*/{"name":"thing-&"}/' |
		mfx-things create -f - >/dev/null
	local log=registry/00000000000000000000.ndjson size
	size=$(stat -c %s bus/$log)
	rm -rf bus
	mv lost bus
	on b mfx-registry promote
	# what is not of the log makes it as long as it was
	printf '{"n":"t","vs":"%*s"}\n' \
	    $((size - $(stat -c %s bus/$log) - 18)) x >>bus/$log
	[[ $(stat -c %s bus/$log) == "$size" && $(says a seq) == "$size" ]]
	status 74 mfx-things create --name no 2>err
	grep -q 'has lost entries' err
	status 65 mfx-registry follow --no-follow 2>err
	grep -q 'begin again with a snapshot' err
	on b mfx-things create --name yes >/dev/null
	catch_up b
	[[ $(things b) == $'one\nyes' ]]
}

@test "an entry of a former primary that has more than the log is passed over" {
	begin
	replica b
	catch_up b
	cp -r bus lost
	for i in 1 2 3; do
		mfx-things create --name "lost-$i" >/dev/null
	done
	tail -n 1 bus/registry/*.ndjson >late
	rm -rf bus
	mv lost bus
	on b mfx-registry promote
	cat late >>bus/registry/00000000000000000000.ndjson
	on b mfx-things create --name yes >/dev/null
	catch_up b
	[[ $(things b) == yes ]]
}

@test "a replica applies only what is on disk, in all segments" {
	local inject=$ROOT/${BUILD:-build}/inject.so nth segments
	${MAKE:-make} -s -C "$ROOT" "${inject#"$ROOT/"}"
	export MFX_BUS_SEGMENT=2000
	begin
	replica b
	for nth in {1..8}; do
		mfx-things create --name "$nth" >/dev/null
	done
	segments=$(ls bus/registry/*.ndjson | wc -l)
	((segments > 2))
	for ((nth = 1; nth <= segments; nth++)); do
		head -c 8 /dev/zero >count
		status 74 on b env LD_PRELOAD="$inject" INJECT_CALL=sync \
		    INJECT_NTH=$nth INJECT_ERRNO=5 INJECT_COUNT="$PWD/count" \
		    INJECT_IN=mfx-registry \
		    mfx-registry follow --name b --no-follow 2>err
		grep -q fdatasync err
		[[ $(things b) == "" ]]
	done
	catch_up b
	same a b
}

@test "a log on the site's own bus, mfx-api writes to it, stop ends it" {
	free_port port
	unset MFX_BUS
	mfx-registry start --name a
	replica b
	start_ready mfx-api -l "127.0.0.1:$port"
	local url=http://127.0.0.1:$port token
	token=$(curl -sS -d '{"email":"ann@example.com","password":"correct horse battery"}' \
	    -H 'Content-Type: application/json' "$url/tokens" | jq -r .token)
	for i in 1 2 3; do
		curl -sS -f -H "Authorization: $token" -d "{\"name\":\"t$i\"}" \
		    -H 'Content-Type: application/json' "$url/things"
	done
	curl -sS -f "$url/health"
	catch_up b
	same a b
	[[ $(things b) == $'t1\nt2\nt3' ]]
	# a session is valid on the other machine, which only reads
	free_port port
	start_ready env MFX_HOME="$PWD/b" mfx-api -l "127.0.0.1:$port"
	url=http://127.0.0.1:$port
	curl -sS -f -H "Authorization: $token" "$url/things" | jq -e '.total == 3'
	curl -sS -f "$url/health"
	[[ $(curl -sS -o said -w '%{http_code}' -H "Authorization: $token" \
	    -d '{"name":"no"}' -H 'Content-Type: application/json' \
	    "$url/things") == 503 ]]
	grep -q "made on 'a'" said
	mfx-registry stop
	mfx-things create --name free >/dev/null
	[[ $(says a role) == alone ]]
	status 1 mfx-registry verify "$PWD/b" >/dev/null
}

@test "a damaged log is not told as a mistake in the change" {
	free_port port
	mfx-registry start --bus "$PWD/bus" --name a
	replica b
	start_ready mfx-api -l "127.0.0.1:$port"
	local url=http://127.0.0.1:$port token
	token=$(curl -sS -d '{"email":"ann@example.com","password":"correct horse battery"}' \
	    -H 'Content-Type: application/json' "$url/tokens" | jq -r .token)
	head -n 1 bus/registry/*.ndjson | sed 's/"entry":1/"entry":2/' |
		MFX_BUS=$PWD/bus mfx-pub registry
	[[ $(curl -sS -o said -w '%{http_code}' -H "Authorization: $token" \
	    -d '{"name":"no"}' -H 'Content-Type: application/json' \
	    "$url/things") == 503 ]]
	status 1 grep -q damaged said
	status 74 mfx-things create --name no 2>err
	grep -q 'registry@.*: this line is damaged' err
	status 65 on b mfx-registry follow --name b --no-follow
}

@test "of an entry that its writer could not end nothing is waited for" {
	begin
	replica b
	mfx-things create --name one >/dev/null
	cp -p a/registry.db* "$PWD"/
	seq 5000 | sed 's/.*/{"name":"thing-&"}/' | mfx-things create -f - >/dev/null
	# as if it had been killed after the first of its lines
	head -n 3 bus/registry/*.ndjson >part
	[[ $(tail -n 1 part) == *'"chunk":1,'* && $(tail -n 1 part) != *'"chunks":1,'* ]]
	cat part >bus/registry/00000000000000000000.ndjson
	rm a/registry.db*
	cp -p registry.db* a/
	catch_up b
	same a b
	mfx-things create --name two >/dev/null
	catch_up b
	same a b
	[[ $(things b) == $'one\ntwo' ]]
}

# ---- mfx-api on several machines ----

# login PORT: its token
login() {
	curl -sS -m 60 -H 'Content-Type: application/json' \
	    -d '{"email":"ann@example.com","password":"correct horse battery"}' \
	    "http://127.0.0.1:$1/tokens" | jq -r .token
}

# ask TOKEN PORT PATH [CURL…]: the answer is in said, its head in head
ask() {
	curl -sS -m 60 -o said -D head -w '%{http_code}' \
	    -H "Authorization: $1" -H 'Content-Type: application/json' \
	    "${@:4}" "http://127.0.0.1:$2$3"
}

@test "mfx-api on several machines: one passes changes on, and tokens are good on all" {
	local here there away token id c api
	begin
	replica b
	start env MFX_HOME="$PWD/b" mfx-registry follow --name b
	free_port here there away
	start_ready mfx-api -l "127.0.0.1:$here" --trusted-proxy 127.0.0.1
	api=$PID
	start_ready env MFX_HOME="$PWD/b" mfx-api -l "127.0.0.1:$there" \
	    --primary "http://127.0.0.1:$here"
	token=$(login "$there")
	[[ $(ask "$token" "$here" /users) == 200 ]]
	# what the primary answers, and its fields
	[[ $(ask "$token" "$there" /things -d '{"name":"one"}') == 201 ]]
	id=$(sed -n 's/^Location: \/things\/\([^[:space:]]*\).*/\1/ip' head)
	has() { [[ $(ask "$token" "$there" "/things/$id") == 200 ]]; }
	await 60 has
	[[ $(jq -r .name said) == one ]]
	[[ $(ask "$token" "$there" "/things/$id" -X PATCH \
	    -H 'If-Match: "no"' -d '{"name":"two"}') == 412 ]]
	[[ $(ask "$token" "$there" "/things/$id" -X PATCH \
	    -d '{"name":"two"}') == 200 ]]
	[[ $(ask "$token" "$there" /things -d '{"name":1}') == 400 ]]
	[[ $(ask "$token" "$there" '/things/bulk/remove?dry_run=true' \
	    -d "[{\"id\":\"$id\"}]") == 200 ]]
	[[ $(ask none "$there" "/things/$id" -X DELETE) == 403 ]]
	seq 2000 | sed 's/.*/{"name":"many-&"}/' | jq -s . >many
	[[ $(ask "$token" "$there" /things/bulk -d @many) == 201 ]]
	jq -e '.things | length == 2000' said
	[[ $(mfx-things list --name two | jq -r .id) == "$id" ]]
	# a new user, there and here
	[[ $(ask '' "$there" /users \
	    -d '{"email":"bob@example.com","password":"yet another battery"}') == 201 ]]
	# a session that is ended here ends there
	ask "$token" "$here" /tokens -X DELETE
	ended() { [[ $(ask "$token" "$there" /users) == 403 ]]; }
	await 60 ended
	# the other takes over, and this one passes nothing on to itself
	token=$(login "$there")
	on b mfx-registry promote
	await 60 serves
	[[ $(jq -r .name said) == three ]]
	catch_up a
	[[ $(ask "$token" "$here" /things -d '{"name":"no"}') == 503 ]]
	grep -q "made on 'b'" said
	same a b
}

# has the one that was promoted seen that it was?
serves() {
	[[ $(ask "$token" "$there" "/things/$id" -X PATCH \
	    -d '{"name":"three"}') == 200 ]] &&
	    [[ $(ask "$token" "$there" "/things/$id") == 200 ]]
}

# timed CURL…: its status and how many seconds it took, to $code and $took
timed() {
	read -r code took < <(curl -sS -m 60 -o said -D head \
	    -w '%{http_code} %{time_total}\n' -H "Authorization: $token" \
	    -H 'Content-Type: application/json' "$@")
}

@test "a change that was passed on is there when it is answered" {
	local here there token follower code took id i
	begin
	replica b
	start env MFX_HOME="$PWD/b" mfx-registry follow --name b
	follower=$PID
	free_port here there
	start_ready mfx-api -l "127.0.0.1:$here"
	start_ready env MFX_HOME="$PWD/b" mfx-api -l "127.0.0.1:$there" \
	    --primary "http://127.0.0.1:$here"
	token=$(login "$here")
	has_session() { [[ $(ask "$token" "$there" /users) == 200 ]]; }
	await 60 has_session
	for i in {1..10}; do
		timed "http://127.0.0.1:$there/things" -d '{"name":"one"}'
		[[ $code == 201 ]]
		refute grep -qi '^mfx-entry:' head
		id=$(sed -n 's/^Location: \([^[:space:]]*\).*/\1/ip' head)
		# later than 2 seconds nothing is promised
		[[ $took == [01].* ]] || continue
		[[ $(ask "$token" "$there" "$id") == 200 ]]
	done
	# nobody follows: answered in the end
	kill -STOP "$follower"
	timed "http://127.0.0.1:$there/things" -d '{"name":"late"}'
	[[ $code == 201 && $took != [01].* ]]
	kill -CONT "$follower"
}

@test "a revocation closes the connections of a replica's adapters" {
	local thing
	begin
	thing=$(mfx-things create --name x)
	THING=$(jq -r .id <<<"$thing")
	KEY=$(jq -r .key <<<"$thing")
	CHANNEL=$(mfx-channels create --name y | jq -r .id)
	mfx-channels connect "$CHANNEL" "$THING"
	replica b
	start_ready env MFX_HOME="$PWD/b" mfx-registry follow --name b
	MFX_HOME=$PWD/b serve_ws
	talk_on listens '' closed
	mfx-channels disconnect "$CHANNEL" "$THING"
	wait "$TALKING"
	[[ $(<listens) == 'closed 4403 access was revoked' ]]
}

@test "mfx-api of a replica when its primary is away, or is a replica too" {
	local here there away token
	begin
	replica b
	replica c
	catch_up b
	catch_up c
	free_port here there away
	start_ready env MFX_HOME="$PWD/b" mfx-api -l "127.0.0.1:$here" \
	    --primary "http://127.0.0.1:$away"
	token=$(login "$here")
	[[ $(ask "$token" "$here" /things -d '{"name":"no"}') == 503 ]]
	grep -q "can't be reached" said
	grep -qi '^retry-after:' head
	# two that name each other don't pass it back and forth
	start_ready env MFX_HOME="$PWD/c" mfx-api -l "127.0.0.1:$there" \
	    --primary "http://127.0.0.1:$here"
	[[ $(ask "$token" "$there" /things -d '{"name":"no"}') == 503 ]]
	grep -q "made on 'a'" said
	[[ $(things a) == "" ]]
	status 64 mfx-api --primary 'http://example.com' 2>err
	for name in localhost 127.0.0.1; do
		status 64 timeout 20 mfx-api --primary "http://$name.example" \
		    -l 127.0.0.1:0 2>err
	done
	status 64 mfx-api --primary 'https://a:b@example.com' 2>err
	grep -q -e '--primary: must be https://' err
}

# ---- kill -9 ----

# writer NODE OUT: changes until it is killed; what was answered is in OUT
writer() {
	local i=0
	while :; do
		on "$1" mfx-things create --name "$1-$((i += 1))" >>"$2" \
		    2>/dev/null || true
	done
}

# killed ROUNDS: processes of a and b are killed at random moments
killed() {
	local round pid node
	for ((round = 0; round < $1; round++)); do
		start setsid bash -c "$(declare -f on writer); writer a made"
		pid=$PID
		start env MFX_HOME="$PWD/b" mfx-registry follow --name b
		await 60 more_than "$(wc -l <made)" "$((RANDOM % 4 + 1))"
		((RANDOM % 3 == 0)) || kill -9 -- "-$pid"
		((RANDOM % 3 == 0)) || kill -9 "$PID"
		kill -9 -- "-$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		kill -9 "$PID" 2>/dev/null || true
		wait "$PID" 2>/dev/null || true
	done
	jq -r .name made 2>/dev/null | sort >answered
	mfx-things create --name last >/dev/null
	catch_up b
	same a b
	comm -23 answered <(things b) | diff /dev/null -
	(($(wc -l <answered) >= $1))
}

more_than() {
	(($(wc -l <made) >= $1 + $2))
}

@test "kill -9 of primary and replica at random moments, on a directory" {
	export BATS_TEST_TMPDIR
	: >made
	begin
	replica b
	killed 15
}

# bats test_tags=servers
@test "kill -9 of primary and replica at random moments, on NATS" {
	export BATS_TEST_TMPDIR
	: >made
	server_start nats
	begin "$(server_url nats)"
	replica b
	killed 6
}

# ---- NATS ----

# bats test_tags=servers
@test "on NATS: every operation, promotion, a server that is away" {
	server_start nats
	begin "$(server_url nats)"
	status 78 mfx-registry start --bus "$(server_url nats)" 2>err
	grep -q 'has a log already' err
	status 1 grep -q "$SERVER_PASSWORD" err
	replica b
	operations
	catch_up b
	same a b
	seq 5000 | sed 's/.*/{"name":"thing-&"}/' | mfx-things create -f - >/dev/null
	start_ready env MFX_HOME="$PWD/b" mfx-registry follow --name b
	same a b
	server_kill nats
	status 75 mfx-things create --name away 2>err
	on b mfx-things list >/dev/null
	server_restart nats
	mfx-things create --name back >/dev/null
	has_back() { on b mfx-things list --name back | grep -q back; }
	await 60 has_back
	on b mfx-registry promote
	status 69 mfx-things create --name no 2>err
	catch_up a
	on b mfx-things create --name new >/dev/null
	catch_up a
	same a b
}

# bats test_tags=servers
@test "on NATS: changes wait for a silent server all together, and stop does not" {
	local pids=() pid i url token port
	server_start nats
	begin "$(server_url nats)"
	free_port port
	url=http://127.0.0.1:$port
	start_ready mfx-api -l "127.0.0.1:$port"
	token=$(curl -sS -d '{"email":"ann@example.com","password":"correct horse battery"}' \
	    -H 'Content-Type: application/json' "$url/tokens" | jq -r .token)
	server_pause nats
	# one after the other these would take a minute
	for i in 1 2 3 4 5 6; do
		timeout 25 mfx-things create --name "c$i" 2>>err &
		pids+=($!)
		curl -sS -m 25 -o "said.$i" -w '%{http_code}\n' \
		    -H "Authorization: $token" -d '{"name":"no"}' \
		    -H 'Content-Type: application/json' "$url/things" \
		    >"code.$i" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || (($? == 75))
	done
	[[ $(sort -u code.*) == 503 ]]
	timeout 25 mfx-registry stop
	mfx-things create --name free >/dev/null
	server_resume nats
	[[ $(things a) == free ]]
}

# others wait for 30 seconds, and the bus is to be waited for a minute
# bats test_tags=servers
@test "on NATS: a server that falls silent after an entry keeps nobody out for long" {
	local port mute change
	server_start nats
	free_port port
	start /usr/bin/python3 "$ROOT/tests/nats_mute.py" "$port" \
	    "$(server_port nats)" mfx.registry. silent
	mute=$PID_OUT
	await 20 grep -q ready "$mute"
	begin "nats://$SERVER_USER:$SERVER_PASSWORD@127.0.0.1:$port?timeout=60s"
	mfx-things create --name one >/dev/null
	touch silent
	mfx-things create --name two >said 2>err &
	change=$!
	PIDS+=("$change")
	await 20 grep -q mute "$mute"
	# it has the lock now
	timeout 25 mfx-registry stop
	status 75 wait "$change"
	grep -q 'no answer' err
	[[ $(things a) == one ]]
}

# bats test_tags=servers
@test "on NATS: a partition with a writer on each side" {
	server_start nats
	begin "$(server_url nats)"
	replica b
	catch_up b
	# the primary's change is on its way when its server stands still
	server_pause nats
	start timeout 60 mfx-things create --name late
	late=$PID
	pause 0.5
	server_resume nats
	# the other's change may come first
	promoted() { on b mfx-registry promote 2>promote.err; }
	await 60 promoted
	wait "$late" && made=yes || made=no
	on b mfx-things create --name new >/dev/null
	status 69 mfx-things create --name other 2>err
	catch_up a
	catch_up b
	same a b
	[[ $made == no ]] || things b | grep -qx late
}

@test "the model of the protocol holds, and each rule of it is needed" {
	/usr/bin/python3 "$ROOT/tests/model/registry_log.py"
}
