#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What every program in bin/ has to survive and to say, by a loop over all
# of them.  A new program is given a line in as_filter, as_sink or
# as_source below, or stands in `others`; the first test sees to that.
load setup
load tls
load servers

setup_file() {
	with_servers || return 0
	server_start postgres
	server_start influx
	server_start mongo
	server_start cassandra
}

# a keyspace of Cassandra for each program, as it takes long to make one; it
# is emptied when m.db* was removed
keyspace() {
	[[ -e keyspace ]] ||
		echo "$(server_url cassandra)t$BASHPID$RANDOM" >keyspace
	[[ -e m.db.empty ]] ||
		mfx-prune-cassandra --keep-age 1ns "$(<keyspace)" >m.db.empty \
		    2>/dev/null || (($? == 66)) || return
	cat keyspace
}

# a database of InfluxDB, and what is in it
influx_database() {
	[[ -e m.db.influx ]] ||
		echo "$(server_url influx)/t$BASHPID$RANDOM" >m.db.influx
	cat m.db.influx
}

# a collection of MongoDB's; the server answers slowly where there is much
mongo_database() {
	[[ -e m.db.mongo ]] ||
		server_url mongo | sed "s,/$SERVER_DATABASE\$,/t$BASHPID$RANDOM?authSource=&,; s,=/,=," >m.db.mongo
	cat m.db.mongo
}

# a database of PostgreSQL, and what is in it
database() {
	local name=t$BASHPID$RANDOM
	[[ -e m.db.url ]] || {
		psql -qAt -c "CREATE DATABASE $name OWNER $SERVER_USER" \
		    "postgres://postgres:$SERVER_PASSWORD@127.0.0.1:$(server_port \
		    postgres)/postgres" >&2 || return
		server_url postgres | sed "s,/$SERVER_DATABASE\$,/$name," >m.db.url
	}
	cat m.db.url
}

# Those that read lines and write lines: their arguments, and their status
# when there is nothing to read.
as_filter() {
	NOTHING=0
	case $1 in
	mfx-normalize) ARGS=() ;;
	mfx-grep) ARGS=(--name '*') NOTHING=1 ;;
	mfx-fmt) ARGS=(-t tsv) ;;
	mfx-encode) ARGS=(-n 1) ;;
	mfx-chaos) ARGS=() ;;
	mfx-alarm) ARGS=(--test "$BATS_TEST_TMPDIR/rules") ;;
	*) return 1 ;;
	esac
}

# Those that read lines and keep them: their arguments, what shows what was
# kept, one line for each, and what forgets it, if that is not in the
# directory: then it is on a server.
as_sink() {
	EMPTY=:
	case $1 in
	mfx-pub) ARGS=(s) SHOW='cat "$MFX_HOME"/bus/s/*.ndjson' ;;
	mfx-write-sqlite) ARGS=(m.db)
		SHOW='sqlite3 m.db "SELECT * FROM messages"' ;;
	mfx-write-postgres) export DATABASE
		DATABASE=$(database) ARGS=("$DATABASE")
		SHOW='psql -qAt -c "TABLE messages ORDER BY time_ns" "$DATABASE"'
		EMPTY='psql -qc "DELETE FROM readings" "$DATABASE"' ;;
	mfx-write-influx) export INFLUX
		INFLUX=$(influx_database) ARGS=("$INFLUX")
		SHOW='mfx-read-influx "$INFLUX"'
		EMPTY='curl -sS -o dropped -d "q=DROP MEASUREMENT readings" \
			"${INFLUX%/*}/query?db=${INFLUX##*/}"' ;;
	mfx-write-mongo) export MONGO
		MONGO=$(mongo_database) ARGS=("$MONGO")
		SHOW='mfx-read-mongo "$MONGO"'
		EMPTY='mfx-prune-mongo --keep-age 1ns "$MONGO"' ;;
	mfx-write-cassandra) export CASSANDRA
		CASSANDRA=$(keyspace) ARGS=(--replication 1 "$CASSANDRA")
		SHOW='mfx-read-cassandra "$CASSANDRA"'
		EMPTY='mfx-prune-cassandra --keep-age 1ns "$CASSANDRA"' ;;
	*) return 1 ;;
	esac
}

# Those that only write: what has to be there first, and their arguments.
# They have a great deal to say, more than a pipe holds.
as_source() {
	case $1 in
	mfx-sub) ARGS=(s --from start --no-follow)
		many_lines | mfx-pub s ;;
	mfx-read-sqlite) ARGS=(m.db)
		[[ -e m.db ]] || many_lines | mfx-write-sqlite m.db ;;
	mfx-read-postgres) ARGS=("$(database)")
		mfx-read-postgres -c "${ARGS[@]}" ||
			many_lines | mfx-write-postgres "${ARGS[@]}" ;;
	mfx-read-influx) ARGS=("$(influx_database)")
		mfx-read-influx -c "${ARGS[@]}" ||
			at_many_times | mfx-write-influx --batch 100000 "${ARGS[@]}" ;;
	mfx-read-mongo) ARGS=("$(mongo_database)")
		mfx-read-mongo -c "${ARGS[@]}" ||
			many_lines | mfx-write-mongo "${ARGS[@]}" ;;
	mfx-read-cassandra) ARGS=("$(keyspace)")
		mfx-read-cassandra -n 1 "${ARGS[@]}" || many_lines |
			mfx-write-cassandra --replication 1 "${ARGS[@]}" ;;
	mfx-gen) ARGS=(--count 20000) ;;
	*) return 1 ;;
	esac
}

others='mfx mfx-users mfx-things mfx-channels mfx-groups mfx-bootstrap mfx-can
	mfx-certs mfx-events mfx-registry mfx-site mfx-token mfx-top
	mfx-bus mfx-adapt-http mfx-adapt-mqtt mfx-adapt-ws mfx-adapt-coap mfx-api
	mfx-check mfx-export mfx-audit mfx-doctor mfx-trace mfx-plot mfx-prune-sqlite
	mfx-prune-postgres mfx-prune-influx mfx-prune-mongo mfx-prune-cassandra
	mfx-config mfx-init mfx-status'

# Those of the others that wait: what they read from stdin (INPUT) or that
# they serve (PORT), their arguments, and what has to be there first.
as_waiter() {
	INPUT= PORT=
	local user=(--user ann@example.com)
	case $1 in
	mfx-users) ARGS=(create bob@example.com --password-file -)
		INPUT='correct horse battery' ;;
	mfx-things) ARGS=(create "${user[@]}" -f -) INPUT='{"name":"a"}' ;;
	mfx-channels) ARGS=(create "${user[@]}" -f -) INPUT='{"name":"a"}' ;;
	mfx-groups) ARGS=(create "${user[@]}" -f -) INPUT='{"name":"a"}' ;;
	mfx-bootstrap) ARGS=(add "${user[@]}" -f -)
		INPUT='{"external_id":"a"}' ;;
	mfx-check) ARGS=() INPUT=${LINES[1]} ;;
	mfx-plot) ARGS=() INPUT='{"n":"a","v":1,"t":1}' ;;
	mfx-adapt-http) free_port PORT && ARGS=(-l "127.0.0.1:$PORT") ;;
	mfx-adapt-ws) free_port PORT && ARGS=(-l "127.0.0.1:$PORT") ;;
	mfx-adapt-coap) free_port PORT && ARGS=(-l "127.0.0.1:$PORT") ;;
	mfx-api) free_port PORT && ARGS=(-l "127.0.0.1:$PORT") ;;
	mfx-export) free_port PORT && ARGS=(-l "127.0.0.1:$PORT") ;;
	mfx-certs) ARGS=(verify -) ;;
	mfx-adapt-mqtt) ARGS=(--socket no.sock) ;;
	mfx-events) ARGS=(--follow) ;;
	*) return 1 ;;
	esac
	echo correct horse battery | mfx-users create --password-file - \
	    ann@example.com
	[[ $1 != mfx-certs ]] ||
		{ mfx-certs ca init && INPUT=$(mfx-certs ca show); }
}

# and those that do not, nor read anything that could make them
at_once='mfx mfx-audit mfx-can mfx-doctor mfx-registry mfx-site mfx-token mfx-top
	mfx-bus mfx-config mfx-init mfx-status mfx-trace mfx-prune-sqlite
	mfx-prune-postgres mfx-prune-influx mfx-prune-mongo mfx-prune-cassandra'

setup_suite_test() {
	echo 'alarm any value > 30 by rule' >"$BATS_TEST_TMPDIR/rules"
	PROGRAMS=()
	local p not='*.so'	# what is loaded into others
	with_servers || not='*@(.so|-postgres|-influx|-mongo|-cassandra)'
	for p in "$BIN"/*; do
		[[ $p == $not ]] || PROGRAMS+=("${p##*/}")
	done
}

ROUTE='"channel":"c1","publisher":"p1","protocol":"http","subtopic":"a.b"'
LINES=("[{$ROUTE,\"received\":1700000000.5,\"bn\":\"dev:\",\"n\":\"t\",\"v\":21.50},{\"n\":\"h\",\"u\":\"%RH\",\"v\":40,\"t\":-5}]"
	"{$ROUTE,\"n\":\"dev:x\",\"vs\":\"\\u00e9\\t\\\"é\",\"t\":1700000001}"
	"[{$ROUTE,\"received\":1700000002,\"n\":\"dev:on\",\"vb\":true}]")

few_lines() {
	printf '%s\n' "${LINES[@]}"
}

# 3 MB
many_lines() {
	few_lines | awk '{ line[NR] = $0 }
	    END { for (i = 0; i < 8000; i++) for (j = 1; j <= NR; j++) print line[j] }'
}

# as many, each at a time of its own
at_many_times() {
	awk 'BEGIN { for (i = 0; i < 32000; i++)
	    printf "{\"channel\":\"c1\",\"n\":\"t\",\"v\":%d,\"t\":%d}\n", i, i }'
}

# every COMMAND WHO…: the command for each of them, in a directory of its
# own; all that fail are named
every() {
	local command=$1 p bad=0
	shift
	(($#)) || return
	for p in "$@"; do
		mkdir -p "$BATS_TEST_TMPDIR/$p"
		cd "$BATS_TEST_TMPDIR/$p" || return
		export MFX_HOME=$PWD/home
		if ! "$command" "$p" >log 2>&1; then
			bad=1
			echo "$p: $command:"
			head -c 2000 log
		fi
	done
	return $bad
}

# those of the programs that have a case of their own in a table
all_of() {
	declare -f "$1" | sed -n 's/^ *\(mfx[a-z_-]*\))$/\1/p' | sort |
		comm -12 - <(printf '%s\n' "${PROGRAMS[@]}" | sort)
}

every_filter() { every "$1" $(all_of as_filter); }
every_sink() { every "$1" $(all_of as_sink); }
every_source() { every "$1" $(all_of as_source); }

empty() {
	[[ ! -s $1 ]] || { echo "not empty: $(head -n 5 "$1")"; return 1; }
}

# what a sink kept before is gone.  There is nothing to empty the first time;
# where it fails another time, there are lines too many.
begin_empty() {
	rm -rf "$MFX_HOME" m.db m.db-*
	bash -c "$EMPTY" >emptied 2>&1 || :
}

# take PROG: what it makes of stdin, its output or what it kept, in `got`,
# its messages in `err`; gives its status
take() {
	local status=0
	if as_filter "$1"; then
		"$1" "${ARGS[@]}" >got 2>err || status=$?
	else
		as_sink "$1"
		begin_empty
		"$1" "${ARGS[@]}" >out 2>err || status=$?
		bash -c "$SHOW" >got 2>/dev/null
	fi
	return $status
}

@test "every program is in one of the tables, and every table entry exists" {
	local p q all
	all=" $(echo $others $(all_of as_filter) $(all_of as_sink) \
	    $(all_of as_source)) "
	for p in "${PROGRAMS[@]}"; do
		[[ $all == *" $p "* ]] ||
			{ echo "$p: in no table of $BATS_TEST_FILENAME"; false; }
	done
	for q in "$ROOT"/cmd/*.c; do
		q=${q##*/}
		[[ -x $BIN/${q%.c} ]] || { echo "${q%.c}: not built"; false; }
	done
}

# ---- what they say ----

says_help() {
	local usage verb
	status 0 "$1" --help >out 2>err &&
	empty err &&
	[[ $(head -n 1 out) == "usage: $1"* ]] &&
	grep -q -- '--version' out &&
	! LC_ALL=C.UTF-8 grep -nE '^.{101,}' out || return
	# what mfx lists are the other programs
	[[ $1 != mfx ]] || return 0
	for verb in $("$1" --options | awk -F '\t' '$2 == "" { print $1 }'); do
		status 0 "$1" "$verb" --help >out 2>err &&
		empty err &&
		[[ $(head -n 1 out) == "usage: $1 $verb"* ]] &&
		! LC_ALL=C.UTF-8 grep -nE '^.{101,}' out || return
	done
}

@test "--help: on stdout, status 0, nothing on stderr, for each verb too" {
	every says_help "${PROGRAMS[@]}"
}

# every row of every table: program, verb, option, letter, argument
rows() {
	local p
	for p in "${PROGRAMS[@]}"; do
		"$p" --options | awk -F '\t' -v OFS=: -v p="$p" \
		    '$2 != "" { print p, $1, $2, $3, $4 }'
	done
}

@test "a letter means the same in every program, as mfx(7) says" {
	rows | awk -F : '
	    BEGIN {
		n = split("0:null b:batch c:count f:file F:format h:help H:human i:input " \
		    "l:listen n:count,limit,max,records o:output p:port " \
		    "q:quiet r:records s:seed t:type u:unbuffered " \
		    "v:verbose V:version w:width", list, " ")
		for (i = 1; i <= n; i++) {
			split(list[i], pair, ":")
			names[pair[1]] = "," pair[2] ","
		}
	    }
	    $4 == "-" { next }
	    !index(names[$4], "," substr($3, 3) ",") ||
	    ($4 == "n" && $5 != "N") || ($4 == "c" && $5 != "") {
		print "-" $4 " is " $3 " " $5 " in " $1, $2
		bad = 1
	    }
	    { ++seen }
	    END { exit bad || seen < 100 }'
}

@test "letters of before still work" {
	[[ $(mfx-gen -c 1 -r 0 --start 0 --every 1s) == '['* ]]
	few_lines >in
	[[ $(mfx-grep -m 1 in | wc -l) == 1 ]]
	mfx-pub -t 1s s in
	status 64 mfx-adapt-http -t x 2>err
	grep -q -- "--timeout 'x': not a duration" err
	status 64 mfx-adapt-mqtt --host h -t '#x' 2>err
	grep -qF "'#x'" err
	mfx-users create ann@example.com --password-file - <<<'correct horse'
	[[ $(mfx-events -F -n 1 | wc -l) == 1 ]]
	rows | refute grep -E ':(topic|timeout|follow|rate):[^-]'
}

# a value that is of no kind shows by its refusal which kind is wanted
@test "a kind of value has one word: N, SIZE, DURATION, TIME" {
	local p verb option arg kind n=0
	while IFS=: read -r p verb option _ arg; do
		case $arg in
		N)	kind='a number' ;;
		SIZE)	kind='a size' ;;
		DURATION) kind='a duration' ;;
		TIME)	kind='a time' ;;
		*)	continue ;;
		esac
		((++n))
		status 64 "$p" $verb "$option" %% 2>err
		grep -qF -- "$option '%%': not $kind" err || { cat err; false; }
	done < <(rows)
	((n > 50))
}

# words of a synopsis, operands and options, whatever the brackets
words() {
	tr -cs 'A-Za-z0-9-' '\n' | tr 'A-Z' 'a-z' | grep -v '^$' | sort -u
}

agrees_with_page() {
	"$1" --help | sed -n '/^usage:\|^       /!q; s/^usage://p; /^  /p' |
		words | grep -vxE 'options|verb|operand' >usage
	mandoc -T ascii "$ROOT/man/$1.1" | col -b |
		sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' | words >page
	comm -23 usage page >missing
	empty missing
}

@test "--help shows no word that the page's SYNOPSIS does not have" {
	every agrees_with_page "${PROGRAMS[@]}"
}

says_version() {
	status 0 "$1" --version >out 2>err &&
	empty err &&
	grep -qxE "$1 [0-9]+\.[0-9]+\.[0-9]+" out
}

@test "--version: name and number" {
	every says_version "${PROGRAMS[@]}"
}

refuses_misuse() {
	local arg
	for arg in --no-such-option -% --help=x; do
		status 64 "$1" $arg >out 2>err </dev/null &&
		empty out &&
		(($(wc -l <err) == 1)) &&
		grep -q "^$1: " err || { cat err; return 1; }
	done
}

@test "misuse: one line on stderr with the program's name, status 64" {
	every refuses_misuse "${PROGRAMS[@]}"
}

sees_its_answer_fail() {
	status 74 "$1" --help >/dev/full &&
	status 74 "$1" --version >/dev/full &&
	status 74 "$1" --help >&-
}

@test "an answer that can't be written is status 74" {
	every sees_its_answer_fail "${PROGRAMS[@]}"
}

# ---- what comes in ----

takes_nothing() {
	NOTHING=0
	as_filter "$1" || true
	status "$NOTHING" take "$1" </dev/null && empty got && empty err
}

@test "empty input: nothing out, nothing said" {
	every_filter takes_nothing
	every_sink takes_nothing
}

takes_crlf() {
	few_lines | status 0 take "$1" && mv got want &&
	[[ -s want ]] &&
	few_lines | sed 's/$/\r/' | status 0 take "$1" && cmp want got
}

@test "CRLF ends a line as LF does" {
	every_filter takes_crlf
	every_sink takes_crlf
}

takes_no_final_newline() {
	few_lines | status 0 take "$1" && mv got want && [[ -s want ]] &&
	printf %s "$(few_lines)" | status 0 take "$1" && cmp want got
}

@test "a last line without newline counts" {
	every_filter takes_no_final_newline
	every_sink takes_no_final_newline
}

takes_blank_lines() {
	few_lines | status 0 take "$1" && mv got want && [[ -s want ]] &&
	few_lines | sed G | status 0 take "$1" && cmp want got
}

@test "empty lines are passed over" {
	every_filter takes_blank_lines
	every_sink takes_blank_lines
}

# the bad line is refused, the ones around it are taken
refuses_line() {
	few_lines | status 0 take "$1" && mv got want && [[ -s want ]] &&
	{ few_lines | head -n 1; cat bad; few_lines | tail -n +2; } |
		status 65 take "$1" &&
	cmp want got &&
	(($(wc -l <err) == 1)) && grep -q "^$1: <stdin>:2" err ||
		{ head -c 300 err; return 1; }
}

refuses_nul() {
	printf '[{"n":"a\0b","v":1}]\n' >bad
	refuses_line "$1"
}

refuses_giant() {
	{ printf '[{"n":"a","vs":"'; head -c 3145728 /dev/zero | tr '\0' x
	  printf '"}]\n'; } >bad
	refuses_line "$1"
}

refuses_garbage() {
	local text
	for text in '[' '{' '[{"n":"a","v":1}' 'x' '[]x' $'\xff' '{}' 'null'; do
		printf '%s\n' "$text" >bad
		refuses_line "$1" || { echo "given: $text"; return 1; }
	done
}

@test "NUL in a line: that line is refused, with its place, status 65" {
	every_filter refuses_nul
	every_sink refuses_nul
}

@test "a line of 3 MiB is refused, and the next one is taken" {
	every_filter refuses_giant
	every_sink refuses_giant
}

@test "a line that is not a message is refused, and the next one is taken" {
	every_filter refuses_garbage
	every_sink refuses_garbage
}

# All sinks read their lines with the same code, and so do all filters.  Where
# one place to cut at costs three connections to a server, or the start of a
# program with ASan, every 17th is tried.
feeds() {
	local command show= every=1
	if ! as_filter "$2"; then
		as_sink "$2"
		show="$SHOW; $EMPTY"
		[[ $EMPTY == : ]] || every=17
	fi
	[[ $BIN == "$ROOT/bin" || $2 == mfx-normalize ]] || every=17
	printf -v command '%q ' "$2" "${ARGS[@]}"
	few_lines >in
	"$ROOT/tests/feed.py" "$1" "$every" in "exec $command" "$show"
}
takes_bytes() { feeds bytes "$1"; }
takes_split() { feeds split "$1"; }

@test "byte by byte gives the same as at once" {
	every_filter takes_bytes
	every_sink takes_bytes
}

@test "cut in two reads at any place gives the same as at once" {
	every_filter takes_split
	every_sink takes_split
}

# ---- what goes out ----

sees_full_disk() {
	as_filter "$1"
	few_lines | status 74 "$1" "${ARGS[@]}" 2>err >/dev/full &&
	(($(wc -l <err) == 1)) && grep -q "^$1: <stdout>: " err
}

sees_closed_stdout() {
	as_filter "$1"
	few_lines | status 74 "$1" "${ARGS[@]}" 2>err >&- &&
	(($(wc -l <err) == 1)) && grep -q "^$1: <stdout>: " err
}

source_sees_full_disk() {
	as_source "$1"
	status 74 "$1" "${ARGS[@]}" 2>err >/dev/full </dev/null &&
	(($(wc -l <err) == 1)) && grep -q "^$1: <stdout>: " err
}

source_sees_closed_stdout() {
	as_source "$1"
	status 74 "$1" "${ARGS[@]}" 2>err >&- </dev/null &&
	(($(wc -l <err) == 1)) && grep -q "^$1: <stdout>: " err
}

@test "stdout on a full disk: said once, status 74" {
	every_filter sees_full_disk
	every_source source_sees_full_disk
}

@test "stdout closed: said once, status 74" {
	every_filter sees_closed_stdout
	every_source source_sees_closed_stdout
}

# `| head -n 1`: the shell's usual death by SIGPIPE, without a word; also
# where SIGPIPE came in ignored
ends_with_its_reader() {
	local got
	if as_filter "$1"; then many_lines >in; else as_source "$1"; : >in; fi
	"$1" "${ARGS[@]}" <in 2>err | head -n 1 >first
	got=${PIPESTATUS[0]}
	((got == 141)) && empty err && (($(wc -l <first) == 1)) ||
		{ echo "status $got"; return 1; }
	(trap '' PIPE; exec "$1" "${ARGS[@]}") <in 2>err | head -n 1 >first
	got=${PIPESTATUS[0]}
	((got == 141 || got == 74)) && (($(wc -l <err) <= 1)) ||
		{ echo "SIGPIPE ignored: status $got"; return 1; }
}

@test "| head -n 1 ends it quietly" {
	every_filter ends_with_its_reader
	every_source ends_with_its_reader
}

# its reader has gone, and no line comes that it could try to write: it
# ends all the same, or a pipeline whose end died would hang till then
ends_idle() {
	local result=0
	as_filter "$1"
	rm -f fifo ended
	mkfifo fifo
	{ "$1" "${ARGS[@]}" 2>err && echo 0 >ended || echo $? >ended; } \
		<fifo 3>&- | head -n 1 >first &
	exec 5>fifo
	# in one write: after the first line there may be no reader left
	few_lines >few
	cat few >&5
	await 10 test -s ended && [[ $(<ended) == 141 ]] && empty err ||
		result=1
	exec 5>&-
	return $result
}

@test "a reader that goes away ends it, also while nothing comes in" {
	every_filter ends_idle
}

# ---- SIGTERM ----

# shown PROG N: that many lines have come out of it or into it
shown() {
	if as_filter "$1"; then cp term.out got; else
		as_sink "$1"
		bash -c "$SHOW" >got
	fi
	(($(wc -l <got) >= $2))
}

# with half a line read: what was whole is there, and nothing else
ends_mid_line() {
	local lines pid
	few_lines | take "$1" && mv got want && lines=$(wc -l <want)
	rm -f fifo
	mkfifo fifo
	as_filter "$1" || { as_sink "$1" && begin_empty; }
	"$1" "${ARGS[@]}" <fifo >term.out 2>err 3>&- &
	pid=$!
	exec 5>fifo
	few_lines >&5
	printf '%s' '[{"channel":"c1","n":"half","v":' >&5
	await 20 shown "$1" "$lines"
	kill -TERM "$pid"
	status 0 wait "$pid" && shown "$1" "$lines" && cmp want got && empty err
	local result=$?
	kill -9 "$pid" 2>/dev/null
	exec 5>&-
	return $result
}

@test "SIGTERM in mid-line: what was whole is out, status 0" {
	every_filter ends_mid_line
	every_sink ends_mid_line
}

# with more and more coming: it ends, and what came out is whole
ends_mid_stream() {
	local pid yes got=0
	as_filter "$1"
	rm -f fifo
	mkfifo fifo
	yes "$(few_lines)" >fifo 2>/dev/null 3>&- &
	yes=$!
	"$1" "${ARGS[@]}" <fifo >term.out 2>err 3>&- &
	pid=$!
	await 20 eval '(($(stat -c %s term.out) > 1000000))'
	kill -TERM "$pid"
	wait "$pid" || got=$?
	kill "$yes" 2>/dev/null
	wait "$yes" 2>/dev/null
	((got == 0)) && empty err && [[ $(tail -c 1 term.out) == "" ]] || return
	# what it says of a line depends on those before it
	if [[ $1 != mfx-alarm ]]; then
		few_lines | take "$1" && sort -u term.out | cmp - <(sort -u got)
	fi
}

@test "SIGTERM in mid-stream: it ends with status 0 and a whole line" {
	every_filter ends_mid_stream
}

# ---- other signals ----

catches_hangup() {
	grep -qE '^SigCgt:.*[13579bdf]$' "/proc/$1/status"
}

signals_taken() {
	refute grep -qE '^(SigPnd|ShdPnd):.*[1-9a-f]' "/proc/$1/status"
}

# quieter and louder again, and twice what a supervisor sends for "reload"
signal_all() {
	local s
	await 20 catches_hangup "$1" || return
	for s in HUP USR2 USR1 HUP; do
		kill -$s "$1" && await 20 signals_taken "$1" || return
	done
}

reads_on_after_hangup() {
	local pid
	few_lines | take "$1" && mv got want || return
	rm -f fifo
	mkfifo fifo
	as_filter "$1" || { as_sink "$1" && begin_empty; }
	"$1" "${ARGS[@]}" <fifo >term.out 2>err 3>&- &
	pid=$!
	exec 5>fifo
	few_lines | head -n 1 >&5
	signal_all "$pid" || echo 'ended by a signal'
	few_lines | tail -n +2 >&5
	exec 5>&-
	status 0 wait "$pid" && shown "$1" "$(wc -l <want)" && cmp want got &&
		empty err
}

writes_on_after_hangup() {
	local pid
	as_source "$1"
	status 0 "$1" "${ARGS[@]}" >want 2>err </dev/null || return
	rm -f fifo
	mkfifo fifo
	exec 5<>fifo
	exec 6<fifo
	"$1" "${ARGS[@]}" >fifo 2>err </dev/null 5<&- 6<&- 3>&- &
	pid=$!
	head -c 1 <&6 >got
	exec 5<&-
	kill -HUP "$pid" && kill -USR2 "$pid" && kill -USR1 "$pid" || return
	cat <&6 >>got
	exec 6<&-
	status 0 wait "$pid" && (($(wc -l <want) == $(wc -l <got))) && empty err
}

waits_on_after_hangup() {
	local pid want=0
	as_waiter "$1" || return
	rm -f fifo
	mkfifo fifo
	"$1" "${ARGS[@]}" <fifo >out 2>err 3>&- &
	pid=$!
	PIDS+=("$pid")
	exec 5>fifo
	if [[ -n $PORT ]]; then
		await 20 eval ": </dev/tcp/127.0.0.1/$PORT" || return
	fi
	signal_all "$pid" || return
	if [[ -n $INPUT ]]; then
		printf '%s\n' "$INPUT" >&5
	else
		[[ -z $PORT ]] || eval ": </dev/tcp/127.0.0.1/$PORT" || return
		kill -0 "$pid" && kill -TERM "$pid" || return
	fi
	exec 5>&-
	status 0 wait "$pid" || { cat err; return 1; }
}

@test "SIGHUP, SIGUSR1 and SIGUSR2 end no program" {
	local p
	for p in $others; do
		[[ " $(echo $at_once $(all_of as_waiter)) " == *" $p "* ]] ||
			{ echo "$p: neither waits nor ends at once"; false; }
	done
	every_filter reads_on_after_hangup
	every_sink reads_on_after_hangup
	every_source writes_on_after_hangup
	every waits_on_after_hangup $(all_of as_waiter)
}

@test "a server says on SIGHUP what needs a restart, and SIGUSR1 is -v" {
	mfx-users create ann@example.com --password-file - <<<'correct horse'
	start_ready mfx-adapt-http -v -l 127.0.0.1:0
	kill -HUP "$PID"
	await 20 grep -q 'SIGHUP: nothing to reload' "$PID_ERR"
	kill -TERM "$PID"
	status 0 wait "$PID"
	start_ready mfx-adapt-http -l 127.0.0.1:0
	kill -USR1 "$PID"
	await 20 signals_taken "$PID"
	kill -HUP "$PID"
	await 20 grep -q 'SIGHUP: nothing to reload' "$PID_ERR"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout key -out cert -subj /CN=localhost -days 1 2>/dev/null
	start_ready mfx-adapt-http -v -l 127.0.0.1:0 \
	    --tls-cert cert --tls-key key
	kill -HUP "$PID"
	await 20 grep -q 'SIGHUP: reloaded' "$PID_ERR"
	kill -0 "$PID"
}

# the terminal whose foreground it is goes away: that is not a reload
@test "a terminal that goes ends what runs in its foreground" {
	status 0 timeout 60 python3 - <<'EOF'
import os, pty, sys
ready, ready_end = os.pipe()
pid, terminal = pty.fork()
if pid == 0:
    os.dup2(ready_end, 9)
    os.dup2(os.open("out", os.O_WRONLY | os.O_CREAT), 1)
    os.execvp("mfx-sub", ["mfx-sub", "s", "--ready-fd", "9"])
os.close(ready_end)
os.read(ready, 1)
os.close(terminal)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
EOF
}

@test "messages show no byte that a terminal acts upon, and JSON stays JSON" {
	local bad=$'x\e\xe2\x80\xae\xc2\x9b\x9b\xd8\x9c\xe2\x81\xa6"\\\xc3\xa9'
	status 66 mfx-fmt "$bad" 2>err
	LC_ALL=C refute grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' err
	grep -qF 'x\x1b\xe2\x80\xae\xc2\x9b\x9b\xd8\x9c\xe2\x81\xa6"\é: ' err
	status 66 mfx-fmt --log json "$bad" 2>err
	[[ $(jq -r .message err) == $'x\e\xe2\x80\xae\xc2\x9b\xef\xbf\xbd\xd8\x9c\xe2\x81\xa6"\\\xc3\xa9: '* ]]
}
