#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What mfx-extend(7) shows, tests/extend: a store, a format, filters in three
# languages and an event consumer, added to a copy of the tree and used.
load setup

W=mfx-write-tsv
R=mfx-read-tsv
D=mfx-prune-tsv
PAGE=$ROOT/man/mfx-extend.7
PATH=$ROOT/tests/extend:$PATH

# the literal block after each `.\" MARK` of the page
block() {
	awk -v mark=".\\\\\" $1" '
		$0 == mark { on = 1; next }
		on && /^\.Ed/ { on = 0 }
		on && !/^\.Bd/' "$PAGE" | sed 's/\\e/\\/g; s/\\&//g'
}

# The tree as it is, without libraries, so that the build is a small one, and
# in it what the page says.
setup_file() {
	local l
	unset MAKEFLAGS MFLAGS MAKELEVEL CI SANITIZE BUILD MFX_BUS
	export TREE=$BATS_FILE_TMPDIR/tree MFX_HOME=$BATS_FILE_TMPDIR/home
	mkdir "$TREE"
	cd "$ROOT" || return
	cp -pR Makefile configure.ac config.mk.in cmd lib man scripts "$TREE"
	mkdir "$TREE/tests"
	cp -pR tests/extend tests/tests.mk tests/vectors "$TREE/tests"
	mkdir "$TREE/tests/unit"
	cp -p tests/unit/unit.h tests/unit/codec.c "$TREE/tests/unit"
	cd "$TREE" || return
	mapfile -t l < <(sed -n 's/^library \([a-z]*\):.*/--without-\1/p' \
	    cmd/programs | grep -v expat)
	{
		autoconf && autoheader &&
		./configure -q CFLAGS=-O1 "${l[@]}" &&
		echo 'set -euo pipefail' >script && block build >>script &&
		MAKEFLAGS='-s -j2' WERROR=1 bash script >answer &&
		echo 'set -euo pipefail' >script && block codec >>script &&
		MAKEFLAGS='-s -j2' WERROR=1 bash script >checked
	} >built 2>&1 || { cat built >&2; return 1; }
}

setup_suite_test() {
	PATH=$TREE/bin:$PATH
}

# the same readings, each at a time of its own, as often as is asked
publish() {
	awk -v n="$1" 'BEGIN {
		for (i = 1; i <= n; i++)
			printf "[{\"channel\":\"c%d\",\"publisher\":\"p\"," \
			    "\"received\":%d,\"bn\":\"d%d:\",\"n\":\"t\"," \
			    "\"u\":\"Cel\",\"v\":%d.5},{\"n\":\"s\"," \
			    "\"t\":-0.5,\"vs\":\"a\\tb \\\"%d\\\"\"}]\n",
			    i % 3, 1700000000 + i, i % 7, i % 40, i
	}' | mfx-pub raw
}

into_tsv() {
	mfx-sub raw/tsv --no-follow | mfx-normalize |
		$W "$@" --ack raw/tsv m.tsv
}

into_sqlite() {
	mfx-sub raw/sqlite --no-follow | mfx-normalize |
		mfx-write-sqlite --ack raw/sqlite m.db
}

# both stores say the same when they are asked so, but for the order of series
# at one time
agree() {
	mfx-read-sqlite "$@" m.db >want
	$R "$@" m.tsv >got
	diff <(sort want) <(sort got)
	diff <(jq .t? want) <(jq .t? got)
}

@test "the page shows what is in tests/extend" {
	local file part n=0
	while read -r file part; do
		block "from $file${part:+ $part}" >shown
		[[ -s shown ]]
		python3 -c 'import sys
sys.exit(open(sys.argv[1]).read() not in open(sys.argv[2]).read())' \
		    shown "$ROOT/tests/extend/$file"
		n=$((n + 1))
	done < <(sed -n 's/^\.\\" from //p' "$PAGE")
	((n == $(grep -c '^\.Bd' "$PAGE") - 6))
}

@test "a store is one file, three mains and a row" {
	local file
	for file in "$ROOT"/tests/extend/mfx-*-tsv.c; do
		(($(wc -l <"$file") <= 12))
	done
	diff -rq "$ROOT/lib" "$TREE/lib" >changed || true
	grep -v /senml changed | diff - <(echo "Only in $TREE/lib/store: tsv")
	diff -rq "$ROOT/cmd" "$TREE/cmd" | sort >changed || true
	printf '%s\n' "Files $ROOT/cmd/programs and $TREE/cmd/programs differ" \
	    "Only in $TREE/cmd: mfx-"{kelvin,prune-tsv,read-tsv,write-tsv}.c |
		diff - changed
	[[ $(diff "$ROOT/cmd/programs" "$TREE/cmd/programs" |
	    grep -c '^[<>]') == 1 ]]
	# and what the page did with it worked
	head -n 10 "$TREE/answer" | jq -r .u | sort | uniq -c | xargs |
		diff - <(echo 10 K)
	tail -n +11 "$TREE/answer" | jq -e '.readings >= 0'
}

@test "a format is one file and a row, and all programs have it" {
	diff -rq "$ROOT/lib/senml" "$TREE/lib/senml" | sort >changed || true
	diff - changed <<-END
	Files $ROOT/lib/senml/codec.h and $TREE/lib/senml/codec.h differ
	Only in $TREE/lib/senml: codec_text.c
	END
	[[ $(diff "$ROOT/lib/senml/codec.h" "$TREE/lib/senml/codec.h" |
	    grep -c '^[<>]') == 2 ]]
	# nothing was wrong with what the page wrote and tested; a time of now
	# has a digit more than SenML promises to keep
	grep -q '^1\.\.' "$TREE/checked"
	refute grep -vE '^(ok|1\.\.|readings:[0-9:]+ warning: mantissa)' "$TREE/checked"
	head -n 1 "$TREE/readings" | grep -qP '^bn=[^\t]*\tbt='
	for p in normalize encode check; do
		mfx-$p --help | grep -qF 'json|cbor|xml|sensml|sensmlc|text'
	done
}

@test "the suite of formats passes with the one that was added" {
	MFX_BIN=$TREE/bin bats "$ROOT/tests/codec.bats" >suite || {
		cat suite
		false
	}
}

@test "a payload of the new type is read where any is" {
	printf 'n=a\tv=21.50\tt=1700000000\n\n' | base64 -w 0 | tr -d = >b64
	for type in text/vnd.example.senml 65001; do
		printf '[{"channel":"c","n":"payload","vd":"%s","ct":"%s"}]\n' \
		    "$(cat b64)" $type | mfx-normalize >got
		diff - got <<<'{"channel":"c","n":"a","v":21.50,"t":1700000000}'
	done
}

@test "what goes in comes out: the answers are those of mfx-read-sqlite" {
	publish 300
	into_tsv
	into_sqlite
	agree
	[[ $(wc -l <got) == 600 ]]
	agree --order desc
	agree --limit 7 --offset 590
	agree --order desc --limit 5 --offset 3
	agree --channel 'c[12]' --name 'd3:*'
	agree --unit Cel --value '>20' --value '<=30'
	[[ -s got ]]
	agree --value '=a	b "7"'
	[[ $(wc -l <got) == 1 ]]
	agree --from 1700000100 --to 1700000200
	agree --aggregate avg --every 1m
	agree --aggregate last --order desc --limit 3
	agree --aggregate count --unit Cel
	agree --count --channel c1
	agree --count --limit 5
	# a full answer skipped, or nothing found, is 1
	for r in "mfx-read-sqlite" "$R"; do
		file=m.db
		[[ $r == "$R" ]] && file=m.tsv
		status 1 "$r" --offset 600 "$file" >got
		status 1 "$r" --channel nowhere "$file" >>got
		[[ ! -s got ]]
	done
	# columns, as other tools read them
	[[ $(cut -f 2 m.tsv | sort | uniq -c | xargs) == '200 c0 200 c1 200 c2' ]]
}

@test "killed with -9 again and again: each reading is stored once" {
	local i before feed
	publish 20
	into_tsv
	for i in 1 2 3 4 5; do
		publish 2000
		before=$(head -n 1 m.tsv.at)
		mkfifo pipe.$i
		(mfx-sub raw/tsv --no-follow | mfx-normalize) >pipe.$i 3>&- &
		feed=$!
		PIDS+=($feed)
		$W --batch 50 --every 1ms --ack raw/tsv m.tsv <pipe.$i \
		    >/dev/null 2>&1 3>&- &
		PID=$!
		PIDS+=($PID)
		await 60 eval '(($(head -n 1 m.tsv.at) > before))'
		kill -9 $PID 2>/dev/null || true
		wait $PID || true
		wait $feed || true
	done
	into_tsv
	into_sqlite
	sort <($R m.tsv) >got
	sort <(mfx-read-sqlite m.db) | cmp - got
	[[ $(wc -l <got) == 20040 ]]
	[[ $(mfx-bus groups | jq -c 'select(.group == "tsv") | .lag') == 0 ]]
}

@test "killed in the middle of a batch: what was not committed is cut off" {
	publish 10
	into_tsv
	$R m.tsv >want
	cp m.tsv whole
	tail -n 3 whole | head -c 200 >>m.tsv
	$R m.tsv | diff want -
	$W --ack raw/tsv m.tsv </dev/null
	publish 1
	into_tsv
	head -n 20 m.tsv | diff whole -
	[[ $($R --count m.tsv) == 22 ]]
}

@test "killed before the group was moved: it is moved at the start" {
	publish 10
	into_tsv
	seq=$(cat "$MFX_HOME/bus/raw/groups/tsv")
	echo 0 >"$MFX_HOME/bus/raw/groups/tsv"
	into_tsv
	[[ $($R --count m.tsv) == 20 ]]
	[[ $(cat "$MFX_HOME/bus/raw/groups/tsv") == "$seq" ]]
	# another source has a position of its own
	mfx-sub raw/other --no-follow | mfx-normalize |
		$W --ack raw/other m.tsv
	[[ $($R --count m.tsv) == 40 ]]
	[[ $(cut -f 1 m.tsv.at | sed 1d | sort | xargs) == 'raw/other raw/tsv' ]]
}

@test "what it can't do it refuses, and says what" {
	status 66 $R m.tsv
	mkfifo in
	start_ready_on in $W m.tsv
	status 75 $W m.tsv </dev/null 2>two
	grep -q 'm.tsv: another writer has it open' two
	exec 5>&-
	status 0 wait "$PID"
	# a file of somebody else's is not touched
	printf 'a\tb\n' | tee mine >theirs.tsv
	status 78 $W theirs.tsv </dev/null
	diff mine theirs.tsv
	echo x >m.tsv.at
	status 78 $R m.tsv
	echo 100 >m.tsv.at
	status 65 $R m.tsv
}

@test "old readings are removed as mfx-prune-sqlite removes them" {
	publish 300
	awk -v now="$(date +%s)" 'BEGIN {
		for (i = 1; i <= 100; i++)
			printf "{\"channel\":\"c1\",\"n\":\"t\",\"v\":%d,\"t\":%d}\n",
			    i, now - i
	}' | mfx-pub raw
	into_tsv
	into_sqlite
	local want options n=0
	agree
	while read -r want options; do
		mfx-prune-sqlite --keep-age 1d $options m.db | tee removed
		[[ $(jq .readings removed) == "$want" ]]
		$D --keep-age 1d $options m.tsv | cmp removed
		agree
		n=$((n + 1))
	done <<-'END'
	0 --channel nothing
	200 --channel c1 --dry-run
	200 --channel c1
	400
	0
	END
	((n == 5))
	[[ $($R -c m.tsv) == 100 ]]
	# how far the group is stays as it is, and so do the columns of what is left
	into_tsv
	[[ $($R -c m.tsv) == 100 ]]
	[[ $(grep -v '^#' m.tsv | cut -f 2 | sort | uniq -c | xargs) == '100 c1' ]]
	status 66 $D --keep-age 1d missing.tsv
}

# ---- filters ----

filtered() {
	cat <<-'END'
	{"channel":"c","seq":1,"part":1,"n":"t","u":"Cel","v":21.50,"t":1700000000}
	{"channel":"c","seq":1,"n":"t","u":"Cel","v":31.5,"t":1700000001}
	{"channel":"c","seq":2,"n":"t","u":"Cel","v":31.5,"t":1700000002}
	{"channel":"c","seq":3,"n":"s","u":"Cel","vs":"x","t":1700000003}
	{"seq":4}
	END
}

@test "the filter in C" {
	filtered | mfx-kelvin | jq -c '[.seq, .part, .u, .v]' >got
	diff - got <<-'END'
	[1,1,"K",294.65]
	[1,null,"K",304.65]
	[2,null,"K",304.65]
	[3,null,"Cel",null]
	[4,null,null,null]
	END
	# a line it refuses is told, and goes on as a position
	echo '{"seq":9,"n":"t"}' | status 65 mfx-kelvin >got
	[[ $(cat got) == '{"seq":9}' ]]
}

@test "the filter in Python" {
	filtered | changes.py >got
	{
		filtered | head -n 2
		echo '{"seq":2}'
		filtered | tail -n 2
	} | diff - got
}

@test "the filter in shell" {
	filtered | hot 30 >got
	{
		echo '{"seq":1,"part":1}'
		filtered | sed -n 2,3p
		printf '{"seq":%d}\n' 3 4
	} | diff - got
	echo 'no JSON' | hot 30 | grep -qx 'no JSON'
}

@test "what filters drop is acknowledged, and comes once" {
	publish 300
	for i in 1 2; do
		mfx-sub raw/tsv --no-follow | mfx-normalize | hot 30 |
			changes.py | mfx-kelvin | $W --ack raw/tsv m.tsv
	done
	# 30.5 to 39.5 of the forty values, seven times
	[[ $($R m.tsv | jq -r .u | sort | uniq -c | xargs) == '70 K' ]]
	[[ $(mfx-bus groups | jq .lag) == 0 ]]
}

# ---- events ----

consume() {
	setsid each-event last jq -c --unbuffered '[.seq, .operation]' \
	    >>seen 2>>err 3>&- &
	PID=$!
	PIDS+=($PID)
}

last_is() {
	[[ $(cat last) == "$1" ]]
}

@test "an event consumer that is killed misses none" {
	export MFX_USER=ann@example.com
	echo correct horse | mfx-users create $MFX_USER --password-file -
	mfx-things create --name one >thing
	consume
	await 60 last_is 2
	kill -9 -- -"$PID"
	wait "$PID" || true
	mfx-things create --name two >>thing
	# killed before the number was kept: that one comes again
	echo 1 >last
	consume
	await 60 last_is 3
	mfx-channels create --name garden >channel
	await 60 last_is 4
	kill -9 -- -"$PID"
	wait "$PID" || true
	diff - seen <<-'END'
	[1,"user.create"]
	[2,"thing.create"]
	[2,"thing.create"]
	[3,"thing.create"]
	[4,"channel.create"]
	END
}

@test "an event that the command fails with is not taken for done" {
	export MFX_USER=ann@example.com
	echo correct horse | mfx-users create $MFX_USER --password-file -
	status 1 timeout 60 each-event last false
	[[ ! -e last ]]
}
