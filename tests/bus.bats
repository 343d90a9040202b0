#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The bus: mfx-pub, mfx-sub and mfx-bus, many at once, killed, on a full
# disk, and with what a crash or a hand has left in the directory.
load setup

setup_suite_test() {
	BUS=$MFX_HOME/bus
}

# lines NAME FROM TO: messages that tell who wrote them and in what order
lines() {
	seq -f "{\"channel\":\"$1\",\"n\":\"$1\",\"v\":%.0f}" "$2" "$3"
}

# seconds T…: packs received at these times
received() {
	printf '[{"channel":"c","received":%s,"n":"t","v":1}]\n' "$@"
}

read_all() {
	mfx-sub --no-follow --from start "$@"
}

# without positions and marks
bare() {
	sed -E '/^\{"seq":[0-9]+\}$/d; s/"seq":[0-9]+,//'
}

newest() {
	printf '%s\n' "$BUS/$1"/*.ndjson | tail -n 1
}

# the lines of each writer are all there and in order
all_in_order() {
	local file=$1 name
	shift
	for name; do
		grep -F "\"n\":\"$name\"" "$file" | bare | cmp - want.$name ||
			return
	done
	(($(bare <"$file" | wc -l) == $(cat want.* | wc -l)))
}

count_is() {
	(($(wc -l <"$1") == $2))
}

# ---- lines and positions ----

@test "what is published is read, byte for byte, with positions in front" {
	{ lines a 1 3; received 1700000000.5; } >in
	mfx-pub raw <in
	cmp in "$(newest raw)"
	read_all raw >out
	bare <out | cmp - in
	# each position is the number of bytes up to and with its line
	awk '{ at += length($0) + 1; print at }' in >want
	grep -oE '^\[?\{"seq":[0-9]+,' out | tr -dc '0-9\n' | cmp - want
	head -n 1 out | grep -qx '{"seq":30,"channel":"a","n":"a","v":1}'
	tail -n 1 out | grep -q '^\[{"seq":[0-9]*,"channel":"c","received"'
}

@test "positions of another stream and marks are taken out" {
	printf '%s\n' '[{"seq":5,"channel":"c","received":1,"n":"a","v":1}]' \
	    '{"channel":"c","subtopic":"s","seq":77,"n":"b","v":2}' \
	    '{"seq":78}' '{"n":"seq","vs":"\"seq\":5,","v":3}' | mfx-pub raw
	printf '%s\n' '[{"channel":"c","received":1,"n":"a","v":1}]' \
	    '{"channel":"c","subtopic":"s","n":"b","v":2}' \
	    '{"n":"seq","vs":"\"seq\":5,","v":3}' | cmp - "$(newest raw)"
}

@test "refused lines: 65, kept aside, and those around them are published" {
	{ lines a 1 1; echo 'no message'; lines a 2 2; } |
		status 65 mfx-pub --rejects bad raw 2>err
	grep -q '^mfx-pub: <stdin>:2: ' err
	[[ $(<bad) == 'no message' ]]
	lines a 1 2 | cmp - "$(newest raw)"
}

@test "files and directories are private" {
	umask 0
	lines a 1 1 | mfx-pub raw
	timeout 20 mfx-sub raw/g -n 1 --auto-ack >/dev/null
	[[ -z $(find "$BUS" -type d ! -perm 700) ]]
	[[ -z $(find "$BUS" -type f ! -perm 600) ]]
}

@test "names that lead elsewhere are refused, as are other kinds of bus" {
	local name long
	long=$(printf 'x%.0s' {1..65})
	for name in '' . .. ../x a/../b /etc x/ .x -x 'a b' $'a\nb' "$long" \
	    x.new "$long/g" "a/$long" a/b/c; do
		status 64 mfx-pub -- "$name" </dev/null 2>err
		status 64 mfx-sub --no-follow -- "${name%/*}/../x" 2>err
		status 64 mfx-bus seek -- "x/$name/" start 2>err
	done
	[[ ! -e $MFX_HOME/x && ! -e $BUS/x ]]
	lines a 1 1 | mfx-pub "${long%x}"
	MFX_BUS=amqp://user:secret@127.0.0.1 status 78 mfx-pub raw 2>err </dev/null
	grep -q "unknown scheme 'amqp://'.*dir:" err
	refute grep -q secret err
	MFX_BUS=dir:$BATS_TEST_TMPDIR/one mfx-pub raw < <(lines a 1 1)
	[[ -e one/raw/00000000000000000000.ndjson ]]
	MFX_BUS=$BATS_TEST_TMPDIR/else mfx-pub raw < <(lines a 1 1)
	[[ -e else/raw/00000000000000000000.ndjson ]]
	: >file
	status 74 env MFX_BUS=file mfx-pub raw 2>err </dev/null ||
		status 73 env MFX_BUS=file mfx-pub raw 2>err </dev/null
}

@test "a stream that is not there: waited for, or 66" {
	status 66 mfx-sub --no-follow raw 2>err
	status 66 mfx-bus verify raw 2>err
	[[ ! -e $BUS/raw ]]
	start_ready mfx-sub -n 2 raw
	lines a 1 2 | mfx-pub raw
	wait "$PID"
	bare <"$PID_OUT" | cmp - <(lines a 1 2)
}

# ---- many at once ----

@test "eight writers at once: no line lost, mixed or out of order" {
	local i pids=()
	start_ready mfx-sub raw
	for i in {1..8}; do
		lines w$i 1 4000 >want.w$i
		mfx-pub $( ((i % 2)) || echo -u) raw <want.w$i &
		pids+=($!)
	done
	wait "${pids[@]}"
	await 20 count_is "$PID_OUT" 32000
	read_all raw >out
	cmp out "$PID_OUT"
	all_in_order out w{1..8}
	mfx-bus verify raw
}

@test "segments roll under load: all is read, and they join" {
	local i pids=()
	export MFX_BUS_SEGMENT=3000
	start_ready mfx-sub raw
	for i in {1..3}; do
		lines w$i 1 2000 >want.w$i
		mfx-pub -u raw <want.w$i &
		pids+=($!)
	done
	wait "${pids[@]}"
	await 20 count_is "$PID_OUT" 6000
	all_in_order "$PID_OUT" w{1..3}
	cat "$BUS"/raw/*.ndjson | cmp - <(bare <"$PID_OUT")
	(($(ls "$BUS"/raw/*.ndjson | wc -l) > 60))
	# the sealed ones have the size they may have, and give space back
	[[ -z $(find "$BUS/raw" -name '*.ndjson' -size +3000c) ]]
	[[ -z $(find "$BUS/raw" -name '*.ndjson' ! -perm 400 \
	    ! -path "$(newest raw)") ]]
	mfx-bus verify raw | jq -e '.damage == 0 and .lines == 6000'
}

@test "a batch larger than a segment stays together" {
	lines a 1 1000 | MFX_BUS_SEGMENT=100 mfx-pub raw
	lines a 1001 1001 | MFX_BUS_SEGMENT=100 mfx-pub raw
	read_all raw | bare | cmp - <(lines a 1 1001)
	mfx-bus verify raw
}

@test "a reader slower than the writer gets all" {
	mkfifo slow
	mfx-sub -n 20000 --from start raw >slow 3>&- &
	PIDS+=($!)
	exec 5<slow
	lines a 1 20000 | MFX_BUS_SEGMENT=20000 mfx-pub raw
	bare <&5 | cmp - <(lines a 1 20000)
	exec 5<&-
}

@test "--sync always and interval: shared by many, and said to be on disk" {
	local i pids=()
	for i in {1..8}; do
		lines w$i 1 40 >want.w$i
		mfx-pub -u --sync always raw <want.w$i &
		pids+=($!)
	done
	wait "${pids[@]}"
	all_in_order "$(newest raw)" w{1..8}
	[[ $(od -An -tu8 -j8 -N16 "$BUS/raw/synced" | xargs) == \
	    "0 $(stat -c %s "$(newest raw)")" ]]
	lines a 1 9 | MFX_BUS_SEGMENT=50 mfx-pub --sync interval raw
	mfx-bus verify raw
}

bytes_of() { cat "$BUS/$1"/*.ndjson 2>/dev/null | wc -c; }
has_grown() { (($(bytes_of raw) >= $1)); }

@test "--sync always: the writer that syncs for all is killed, and the others go on" {
	local i
	lines steady 1 3000 >want.steady
	mfx-pub -u --sync always raw <want.steady 3>&- &
	PIDS+=($!)
	for i in {1..20}; do
		# more than it can be given before it is killed
		mfx-pub -u --sync always raw 3>&- < <(
			exec 3>&-
			yes "$(lines w 1 1)" 2>/dev/null) &
		PIDS+=($!)
		await 20 has_grown $(($(bytes_of raw) + RANDOM % 2000 + 1))
		kill -9 "${PIDS[i]}"
		status 137 wait "${PIDS[i]}"
	done
	wait "${PIDS[0]}"
	read_all raw | grep -F '"steady"' | bare | cmp - want.steady
	mfx-bus verify raw
}

# ---- accidents ----

# what a writer killed at any moment leaves: whole lines, in order, from
# the first on without a gap
check_prefix() {
	grep -F "\"n\":\"$1\"" out | bare >got
	cmp <(head -n "$(wc -l <got)" want.$1) got
}

# killed_at N FILE COMMAND…: when it has read N bytes of the file but for
# those that a pipe holds, however fast it is
killed_at() {
	local n=$1 file=$2
	shift 2
	rm -f input
	mkfifo input
	"$@" <input 3>&- &
	PIDS+=($!)
	exec 6>input
	head -c "$n" "$file" >&6
	kill -9 "${PIDS[-1]}"
	wait "${PIDS[-1]}" || true
	exec 6>&-
}

# bats test_tags=many
@test "kill -9 of writers, over and over: what is there is whole and in order" {
	local i
	start_ready mfx-sub raw
	lines steady 1 5000 >want.steady
	(while read -r line; do echo "$line"; done) <want.steady |
		mfx-pub raw 3>&- &
	PIDS+=($!)
	for i in {1..30}; do
		lines w$i 1 100000 >want.w$i
		MFX_BUS_SEGMENT=300000 killed_at $((RANDOM * 80 + 1)) want.w$i \
		    mfx-pub raw
	done
	(($(bytes_of raw) > 10000000))
	wait "${PIDS[1]}"
	lines last 1 1 | mfx-pub raw
	await 20 grep -q '"n":"last"' "$PID_OUT"
	read_all raw >out
	cmp out "$PID_OUT"
	for i in {1..30}; do check_prefix w$i; done
	grep -F '"n":"steady"' out | bare | cmp - want.steady
	jq -s length out >/dev/null
	mfx-bus verify raw
}

# relay_once KILL: the pipe from src to dst, one of its ends killed when the
# target has grown by some bytes
relay_once() {
	local pids size
	size=$(cat "$BUS"/dst/*.ndjson 2>/dev/null | wc -c)
	rm -f pipe
	mkfifo pipe
	mfx-sub src/relay >pipe 3>&- &
	pids=($!)
	mfx-pub --ack src/relay dst <pipe 3>&- &
	pids+=($!)
	PIDS+=("${pids[@]}")
	await 20 eval "((\$(cat '$BUS'/dst/*.ndjson 2>/dev/null | wc -c) > size))"
	kill -9 "${pids[$1]}" || true
	# it ends by itself, as its input has
	[[ $1 == 1 ]] || wait "${pids[1]}" || true
	kill -9 "${pids[@]}" 2>/dev/null || true
	wait "${pids[@]}" || true
}

# bats test_tags=many
@test "from stream to stream by kill -9: each line is there exactly once" {
	local i
	export MFX_BUS_SEGMENT=200000
	lines a 1 100000 | mfx-pub src
	for i in {1..30}; do
		relay_once $((i % 2))
		lines a $((100000 + i)) $((100000 + i)) | mfx-pub src
	done
	mfx-sub --no-follow src/relay | mfx-pub --ack src/relay dst
	cmp <(cat "$BUS"/src/*.ndjson) <(cat "$BUS"/dst/*.ndjson)
	mfx-bus groups src | jq -e '.lag == 0'
}

@test "a batch begun by a killed relay is finished by the next" {
	local text
	lines a 1 4 >want
	mfx-pub src <want
	# killed when the first line and a half were there …
	mfx-pub dst </dev/null
	head -c 50 want >"$(newest dst)"
	echo 0 >"$BUS/src/groups/g"
	: >"$BUS/src/groups/.g.relay"
	{ printf '%020d %020d dst\n' 0 "$(stat -c %s want)"; cat want; } \
	    >"$BUS/src/groups/.g.intent"
	mfx-sub --no-follow src/g | mfx-pub -v --ack src/g dst
	cmp want <(cat "$BUS"/dst/*.ndjson)
	[[ $(<"$BUS/src/groups/g") == $(stat -c %s want) ]]
	# … and, with all of it there, when the group had not moved
	echo 0 >"$BUS/src/groups/g"
	mfx-sub --no-follow src/g | mfx-pub --ack src/g dst
	cmp want <(cat "$BUS"/dst/*.ndjson)
	# moved back by hand, it is published again
	mfx-bus seek src/g start
	mfx-sub --no-follow src/g | mfx-pub --ack src/g dst
	cmp <(cat want want) <(cat "$BUS"/dst/*.ndjson)
}

@test "a torn tail is not seen, and is cut by the next writer" {
	local torn
	lines a 1 3 | mfx-pub raw
	torn=$(newest raw)
	start_ready mfx-sub raw
	await 20 count_is "$PID_OUT" 3
	printf '{"n":"torn","v":' >>"$torn"
	mfx-bus verify raw 2>err | jq -e '.torn == 16 and .damage == 0'
	grep -q '16 bytes' err
	[[ $(read_all raw --from end) == "" ]]
	lines a 4 5 | mfx-pub raw
	await 20 count_is "$PID_OUT" 5
	bare <"$PID_OUT" | cmp - <(lines a 1 5)
	[[ $(stat -c %a "$torn") == 400 && $(newest raw) != "$torn" ]]
	mfx-bus verify raw | jq -e '.torn == 0 and .lines == 5'
}

# limited WHAT N COMMAND…: as a user who has N inotify instances or watches
limited() {
	exec unshare --user --map-root-user sh -c '
		echo "$2" >"/proc/sys/user/max_inotify_$1" && shift 2 &&
		exec "$@"' sh "$@"
}

@test "a user who may watch no more follows streams all the same" {
	local what
	for what in "instances 0" "watches 0" "watches 1"; do
		rm -rf "$BUS"
		# the stream is made while the directory above it is watched
		# shellcheck disable=SC2086
		start_ready limited $what mfx-sub raw
		lines a 1 1 | mfx-pub raw
		await 20 count_is "$PID_OUT" 1
		lines a 2 2 | mfx-pub raw
		await 20 count_is "$PID_OUT" 2
		kill $PID
		wait $PID
	done
}

@test "a torn tail alone in its segment uses the name up" {
	mfx-pub raw </dev/null
	printf 'half' >"$(newest raw)"
	lines a 1 1 | mfx-pub raw
	[[ $(newest raw) == */00000000068719476736.ndjson ]]
	read_all raw | bare | cmp - <(lines a 1 1)
	mfx-bus verify raw
}

@test "after a start of the machine: zeros are cut, positions not used again" {
	lines a 1 3 | mfx-pub raw
	mfx-sub raw/g -n 3 --auto-ack >/dev/null
	# as a loss of power leaves it
	truncate -s -20 "$(newest raw)"
	truncate -s +9000 "$(newest raw)"
	echo another-run >"$BUS/raw/boot"
	start_ready mfx-sub raw/g
	lines a 4 5 | mfx-pub raw
	await 20 count_is "$PID_OUT" 2
	bare <"$PID_OUT" | cmp - <(lines a 4 5)
	grep -q '"seq":68719476766,' "$PID_OUT"
	read_all raw | bare | cmp - <(lines a 1 2; lines a 4 5)
	mfx-bus verify raw
	# the same run again does not jump
	lines a 6 6 | mfx-pub raw
	(($(ls "$BUS"/raw/*.ndjson | wc -l) == 2)) ||
	    (($(ls "$BUS"/raw/*.ndjson | wc -l) == 3))
	mfx-bus groups raw | jq -e '.lag == 90'
}

@test "a stream removed by hand begins where no group can miss it" {
	lines a 1 3 | mfx-pub raw
	mfx-sub raw/g -n 3 --auto-ack >/dev/null
	rm -f "$BUS"/raw/*.ndjson
	lines a 4 4 | mfx-pub raw
	mfx-sub --no-follow raw/g | bare | cmp - <(lines a 4 4)
}

@test "damage is said, with its place, and passed over" {
	lines a 1 9 | MFX_BUS_SEGMENT=70 mfx-pub -u raw
	chmod u+w "$BUS"/raw/*.ndjson
	sed -i '1s/^{/x/' "$BUS/raw/00000000000000000060.ndjson"
	printf '{"n":"\0"}\n' >>"$(newest raw)"
	rm "$BUS/raw/00000000000000000180.ndjson"
	echo nonsense >"$BUS/raw/groups/bad"
	echo 99999 >"$BUS/raw/groups/far"
	status 65 mfx-bus verify raw >out 2>err
	jq -e '.damage == 5' out
	grep -q 'raw: line at 60: ' err
	grep -q 'raw: line at 270: NUL' err
	grep -q 'raw: segment at 240: the one before it ends at 180' err
	grep -q "group 'bad'" err && grep -q "group 'far' is at 99999" err
	# the others are read all the same
	read_all raw >out
	(($(wc -l <out) == 9))
	status 65 mfx-sub raw/bad 2>err
	grep -q 'mfx-bus seek' err
	mfx-bus seek raw/bad start
	mfx-sub --no-follow raw/bad -n 1 | grep -q '"v":1}'
	# a line that no writer of ours makes
	head -c 1500000 /dev/zero | tr '\0' x >>"$(newest raw)"
	echo >>"$(newest raw)"
	lines a 10 10 | mfx-pub raw
	status 65 read_all raw >out 2>err
	grep -q 'over 1 MiB' err
	tail -n 1 out | grep -q '"v":10}'
}

# ---- a full disk ----

full_disk() {
	export MFX_BUS=$BATS_TEST_TMPDIR/small/bus
	local pid
	lines a 1 100 | mfx-pub raw
	head -c 3000000 /dev/zero >small/ballast 2>/dev/null || true
	lines a 101 60000 >more
	# one gives up …
	status 75 mfx-pub --timeout 100ms raw <more 2>err
	grep -q 'No space left' err
	cat "$MFX_BUS"/raw/*.ndjson >before
	status 0 mfx-bus verify raw
	# … one waits, and goes on by itself
	lines b 1 20000 >want.b
	mfx-pub raw <want.b 2>err &
	pid=$!
	await 20 grep -q '; waiting' err
	kill -0 $pid
	rm small/ballast
	wait $pid
	cat "$MFX_BUS"/raw/*.ndjson | cmp - <(cat before want.b)
	mfx-bus verify raw
	# each wait is said, and its end; where the file system can't keep
	# room free (--enable-posix-only) a little may come in between
	(($(grep -c '; waiting' err) == $(grep -c 'it goes on' err)))
	(($(grep -c room err) <= 4))
}

@test "a full disk: nothing half-written, and on when there is room" {
	mkdir small
	export -f full_disk lines await pause status
	unshare --mount $( ((EUID == 0)) || echo --map-root-user) \
	    bash -euo pipefail -c "mount -t tmpfs -o size=2m none small
	        full_disk" 3>&-
}

# ---- groups ----

@test "a group goes on where it was left, and has one reader" {
	lines a 1 10 | mfx-pub raw
	mfx-sub raw/g -n 4 --auto-ack | bare | cmp - <(lines a 1 4)
	[[ $(<"$BUS/raw/groups/g") == 120 ]]
	mfx-sub --no-follow raw/g | bare | cmp - <(lines a 5 10)
	mfx-sub --no-follow raw/g --auto-ack | bare | cmp - <(lines a 5 10)
	mfx-sub --no-follow raw/g | cmp - /dev/null
	start_ready mfx-sub raw/g
	status 75 mfx-sub raw/g 2>err
	grep -q 'raw/g: another reader' err
	status 75 mfx-bus seek raw/g start 2>err
	status 75 mfx-bus forget raw/g 2>err
	kill "$PID"
	status 0 wait "$PID"
	mfx-bus seek raw/g 30
	mfx-bus groups raw | jq -e '.seq == 30 and .lag == 271 and .group == "g"'
	status 64 mfx-bus seek raw/g 9999 2>err
	mfx-bus forget raw/g
	status 1 mfx-bus forget raw/g 2>err
	[[ ! -e $BUS/raw/groups/g ]]
}

@test "--from is where a new group begins, and only that" {
	lines a 1 3 | mfx-pub raw
	mfx-sub --no-follow --from end raw/g | cmp - /dev/null
	lines a 4 4 | mfx-pub raw
	mfx-sub --no-follow --from start raw/g | bare | cmp - <(lines a 4 4)
}

@test "--ack moves the group to the end of what is on the bus, by marks too" {
	lines a 1 5 | mfx-pub raw
	lines b 1 5 | mfx-pub raw
	mfx-sub --no-follow --channel a raw/g | mfx-pub --ack raw/g out
	cmp "$(newest out)" <(lines a 1 5)
	[[ $(<"$BUS/raw/groups/g") == 300 ]]
	# what no seq follows comes again; what is refused does not
	printf '%s\n' '{"n":"x","v":1}' '{"seq":331,"n":"y","v":2}' \
	    '{"n":"z","v":3}' | status 75 mfx-pub --ack raw/h out 2>err
	grep -q '16 bytes' err
	[[ $(<"$BUS/raw/groups/h") == 331 ]]
	cmp "$(newest out)" <(lines a 1 5; printf '%s\n' '{"n":"x","v":1}' \
	    '{"n":"y","v":2}')
	printf '{"seq":400,"n":"\0"}\n' | status 65 mfx-pub --ack raw/h out 2>err
	[[ $(<"$BUS/raw/groups/h") == 400 ]]
	status 64 mfx-pub --ack raw out 2>err </dev/null
}

@test "a second relay of the group is refused while one is at work" {
	mkfifo pipe
	exec 5<>pipe
	mfx-pub --ack raw/g out <pipe 3>&- 5<&- &
	PIDS+=($!)
	echo '{"seq":3,"n":"a","v":1}' >&5
	await 20 test -s "$BUS/raw/groups/g"
	status 75 mfx-pub --ack raw/g out 2>err </dev/null
	exec 5>&-
	wait "${PIDS[0]}"
}

# ---- what mfx-sub gives ----

@test "--from: positions, in mid-line too, times, start, end" {
	received 1700000000 1700000060.5 1700000120 | mfx-pub raw
	local n
	n=$(head -n 1 "$(newest raw)" | wc -c)
	from() {
		mfx-sub --no-follow --from "$1" raw | wc -l
	}
	(($(from start) == 3 && $(from 0) == 3 && $(from end) == 0))
	(($(from 1) == 2 && $(from $((n - 1))) == 2 && $(from "$n") == 2))
	(($(from $((n + 1))) == 1 && $(from 99999) == 0))
	(($(from @1700000060.5) == 2 && $(from @1700000060.6) == 1))
	(($(from 2023-11-14T22:13:20Z) == 3 && $(from 2023-11-15) == 0))
	(($(from -1h) == 0))
	received "$(date +%s)" | mfx-pub raw
	(($(from -1h) == 1 && $(from -100000h) == 4))
	status 64 mfx-sub --from yesterday raw 2>err
	status 64 mfx-sub --from start --tail raw 2>err
}

@test "--from TIME over many segments, and by the time of resolved records" {
	received $(seq 1000 1200) | MFX_BUS_SEGMENT=300 mfx-pub -u raw
	mfx-sub --no-follow --from @1150 raw | head -n 1 | grep -q '"received":1150,'
	mfx-sub --no-follow --from @1150 raw | mfx-normalize | mfx-pub norm
	mfx-sub --no-follow --from @1175 norm >out
	head -n 1 out | grep -q '"t":1175}' && (($(wc -l <out) == 26))
	mfx-sub --from @1175 --until @1180 norm >out
	(($(wc -l <out) == 5))
}

@test "--until, -n and --tail end where they should" {
	lines a 1 10 | mfx-pub raw
	mfx-sub --until 90 raw | bare | cmp - <(lines a 1 3)
	mfx-sub --until 100 --no-follow raw | bare | cmp - <(lines a 1 3)
	mfx-sub --until end raw | bare | cmp - <(lines a 1 10)
	mfx-sub -n 2 raw | bare | cmp - <(lines a 1 2)
	# a time that comes ends it, though nothing else does
	timeout 20 mfx-sub --until +300ms raw | bare | cmp - <(lines a 1 10)
	start_ready mfx-sub --tail -n 2 raw
	lines a 11 13 | mfx-pub raw
	wait "$PID"
	bare <"$PID_OUT" | cmp - <(lines a 11 12)
}

@test "--no-follow stops at what was the end, though more is coming" {
	lines a 1 1000 | mfx-pub raw
	mfx-sub --no-follow raw | mfx-pub raw
	count_is "$(newest raw)" 2000
}

@test "--channel: the others are marks, joined, up to the end" {
	{ lines a 1 2; lines b 1 3; lines a 3 3; lines c 1 2; } | mfx-pub raw
	read_all --channel a raw >out
	printf '%s\n' '{"seq":30,"channel":"a","n":"a","v":1}' \
	    '{"seq":60,"channel":"a","n":"a","v":2}' \
	    '{"seq":180,"channel":"a","n":"a","v":3}' '{"seq":240}' | cmp - out
	read_all --channel c --channel b raw | bare |
		cmp - <(lines b 1 3; lines c 1 2)
	# before it waits, too
	start_ready mfx-sub --channel nobody raw
	await 20 test -s "$PID_OUT"
	[[ $(<"$PID_OUT") == '{"seq":240}' ]]
}

@test "--channel: a line whose labels it can't read is passed over with a warning" {
	{ lines a 1 1; lines b 1 1; } | mfx-pub raw
	# as mfx-pub wrote lines before it put them in order
	printf '%s\n' '[{"channel": "a","n":"x","v":1}]' 'no message' >>"$(newest raw)"
	mfx-sub --no-follow --channel a raw >out 2>err
	[[ $(grep -c '"n":"a"' out) == 1 && $(grep -c 'passed over' err) == 2 ]]
	grep -Eq 'raw@[0-9]+: passed over: its labels' err
}

@test "--shard: each line in exactly one part, a channel always in the same" {
	local i
	for i in {1..40}; do lines c$i 1 5; done >in
	mfx-pub raw <in
	for i in 1 2 3; do
		read_all --shard $i/3 raw | bare >part.$i
		[[ -s part.$i ]]
	done
	sort part.* | cmp - <(sort in)
	for i in {1..40}; do
		(($(grep -lF "\"n\":\"c$i\"" part.* | wc -l) == 1))
		grep -hF "\"n\":\"c$i\"" part.* | cmp - <(lines c$i 1 5)
	done
	for i in 0/3 4/3 1 1/0 /3 a/b -1/3; do
		status 64 mfx-sub --shard $i raw 2>err
	done
}

# the distances: tests/unit/pace.c
@test "--speed gives all lines, in time" {
	received 2000 2060 2120 | mfx-pub raw
	read_all --speed 1000x raw >out
	count_is out 3
	status 64 mfx-sub --speed -1 raw 2>err
}

@test "SIGTERM while it waits: 0, and what was read is out" {
	lines a 1 3 | mfx-pub raw
	start_ready mfx-sub raw
	await 20 count_is "$PID_OUT" 3
	kill "$PID"
	status 0 wait "$PID"
	start_ready mfx-sub --speed 0.001 --from @1000 times
	received 1000 2000 | mfx-pub times
	await 20 count_is "$PID_OUT" 1
	kill "$PID"
	status 0 wait "$PID"
}

@test "it ends when its reader does, without a line to write" {
	lines a 1 1 | mfx-pub raw
	timeout 20 bash -c 'mfx-sub raw | head -n 1' | grep -q '"v":1'
}

# ---- mfx-bus ----

@test "stat tells extents and times, for a program and for people" {
	received 1700000000 1700000060.5 | mfx-pub raw
	lines a 1 3 | mfx-pub other
	mfx-sub raw/g -n 1 --auto-ack >/dev/null
	mfx-bus stat >out
	sed -n 1p out | jq -e '.stream == "other" and .bytes == 90 and
	    .last == 90 and .groups == {} and (has("oldest") | not)'
	sed -n 2p out | jq -e '.stream == "raw" and .segments == 1 and
	    .oldest == 1700000000 and .newest == 1700000060.5 and
	    .first == 0 and .groups.g == (.bytes - .last + '"$(tail -n 1 \
	    "$(newest raw)" | wc -c)"')'
	mfx-bus stat -H raw | grep -Eq '^raw .* [0-9]+ d '
	status 66 mfx-bus stat nowhere 2>err
	mfx-bus stat nowhere raw 2>err | jq -e '.stream == "raw"'
}

@test "prune: whole segments, never the newest, never past a group but told" {
	lines a 1 100 | MFX_BUS_SEGMENT=330 mfx-pub -u raw
	timeout 20 mfx-sub raw/slow -n 45 --auto-ack >/dev/null
	mfx-sub --no-follow --auto-ack raw/fast >/dev/null
	status 64 mfx-bus prune raw 2>err
	status 64 mfx-bus prune --keep-bytes 1 2>err
	mfx-bus prune -n --keep-bytes 660 raw 2>err >out
	read_all raw | bare | cmp - <(lines a 1 100)
	mfx-bus prune --keep-bytes 660 raw 2>err | cmp - out
	jq -e '.segments == 4' out
	grep -q "kept for group 'slow'" err
	mfx-sub --no-follow raw/slow | bare | cmp - <(lines a 46 100)
	mfx-bus prune --keep-bytes 0 --past-groups raw | jq -e '.segments > 4'
	(($(ls "$BUS"/raw/*.ndjson | wc -l) == 1))
	mfx-bus verify raw 2>err
	# a group that is behind is told what it has missed
	mfx-sub --no-follow raw/slow >out 2>err
	grep -qE 'raw: [0-9]+ bytes were pruned before .* from 1386 to' err
	bare <out | cmp - "$(newest raw)"
	lines a 101 200 | MFX_BUS_SEGMENT=330 mfx-pub -u raw
	find "$BUS/raw" -name '*.ndjson' -exec touch -d '3 days ago' {} +
	mfx-bus prune --keep-age 2d --past-groups raw | jq -e '.segments > 5'
	(($(ls "$BUS"/raw/*.ndjson | wc -l) == 1))
}

@test "a reader whose segments are pruned goes on, and says what it missed" {
	export MFX_BUS_SEGMENT=3300
	lines a 1 50 | mfx-pub raw
	start_ready mfx-sub raw
	await 20 count_is "$PID_OUT" 50
	kill -STOP "$PID"
	lines a 51 5000 | mfx-pub -u raw
	mfx-bus prune --keep-bytes 4000 --past-groups raw
	kill -CONT "$PID"
	await 20 grep -q '"v":5000}' "$PID_OUT"
	grep -qE 'raw: [0-9]+ bytes were pruned' "$PID_ERR"
	# what it had open it read to its end; then comes what is left
	bare <"$PID_OUT" | tail -n "$(cat "$BUS"/raw/*.ndjson | wc -l)" |
		cmp - <(cat "$BUS"/raw/*.ndjson)
	bare <"$PID_OUT" | head -n 50 | cmp - <(lines a 1 50)
}

# ---- the form of lines ----

# json.dumps of Python, labels in any place and however they are written: all
# readers see the same of a line, and those of one that can't be are told.
@test "lines of other programs are rewritten, and every reader finds them" {
	export MFX_BUS=$BUS
	python3 -c 'import json
p = [{"channel": "c1", "publisher": "p", "subtopic": "a/b",
      "n": "t", "u": "Cel", "v": 21.5}, {"n": "h", "v": 40}]
print(json.dumps(p))
print(json.dumps([dict(reversed(p[0].items()))]))
print(json.dumps(p[:1]).replace("channel", "\\u0063hannel"))
print(json.dumps(p[0] | {"t": 1700000000}, indent=None))' >in
	mfx-pub raw <in
	sed -E 's/"received":[0-9.]+/"received":N/' "$(newest raw)" >got
	cat >want <<-'END'
	[{"channel":"c1","publisher":"p","subtopic":"a.b","received":N,"n": "t", "u": "Cel", "v": 21.5}, {"n": "h", "v": 40}]
	[{"channel":"c1","publisher":"p","subtopic":"a.b","received":N,"v": 21.5,"u": "Cel","n": "t"}]
	[{"channel":"c1","publisher":"p","subtopic":"a.b","received":N,"n": "t", "u": "Cel", "v": 21.5}]
	{"channel":"c1","publisher":"p","subtopic":"a.b","n": "t", "u": "Cel", "v": 21.5, "t": 1700000000}
	END
	diff want got
	(($(read_all --channel c1 raw | wc -l) == 4))
	(($(read_all --from -1h raw | wc -l) == 4))
	(($(read_all --from 2023-11-14 --until 2023-11-15 raw | wc -l) == 0))
	(($(read_all raw | mfx-normalize | mfx-grep --channel c1 -c) == 5))
	mfx-bus verify raw
}

@test "a pack without a time of receipt gets one: it is found by time" {
	mfx-gen --count 3 | mfx-pub raw
	(($(mfx-sub raw --no-follow --from -1h | wc -l) == 3))
	(($(mfx-sub raw --no-follow --from @0 --until -1h | wc -l) == 0))
}

@test "what readers could not read alike is refused" {
	local n=0 line
	while read -r line; do
		n=$((n + 1))
		status 65 mfx-pub --rejects bad raw <<<"$line" 2>err
	done <<-'END'
	[{"channel": "c", "channel": "d", "n": "a", "v": 1}]
	[{"channel":"c/messages/d","n":"a","v":1}]
	[{"channel":"c","n":"a","publisher":"x\ny","v":1}]
	[{"channel":"c","subtopic":"a.*","n":"a","v":1}]
	[{"channel": "c", "n": "a", "v": tru}]
	{"bn":"urn:dev:mac:0024befffe804ff1/","e":[{"n":"temp","v":1}]}
	{"channel":"c","bn":"x"}
	[]
	END
	((n == 8 && $(wc -l <bad) == 8))
	[[ ! -s $(newest raw) ]]
}
