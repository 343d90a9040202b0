#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-site backup, verify, list, restore: what a backup that is made under load
# has in it, what a killed one leaves, and what is refused.
# BACKUP_MOMENTS=50: how many random moments a site at work is copied at, and
# BACKUP_RATE=10000: how many messages a second it has then.
load setup
load identity

MOMENTS=${BACKUP_MOMENTS:-6}
RATE=${BACKUP_RATE:-2000}

a_site() {
	CHANNEL=$(mfx-channels create --name garden | jq -r .id)
	mfx-channels connect "$CHANNEL" "$(mfx-things create --name meter |
		jq -r .id)"
}

# a site with a few segments, a store that is behind, and a registry
small_site() {
	a_site
	local i
	# a segment each
	for i in 1 2 3 4 5 6; do
		mfx-gen --seed $i --count 400 --channel "$CHANNEL" \
		    --start 1700000000 --every 1s |
			MFX_BUS_SEGMENT=100000 mfx-pub raw
	done
	mfx-sub raw/store --no-follow -n 500 | mfx-normalize |
		mfx-write-sqlite --ack raw/store "$MFX_HOME/messages.db"
}

a_key() {
	(umask 077; head -c 32 /dev/urandom >backup.key)
}

# what a site says: lines, groups, readings, registry
says() (
	export MFX_HOME=$1
	mfx-sub raw --no-follow
	mfx-bus groups | jq -c '{group, seq}'
	mfx-read-sqlite "$1/messages.db"
	mfx-things list --keys
	mfx-channels list
	mfx-events
)

# backup TO [OPTION…], quietly
backup() {
	mfx-site backup -q "$@" >made
}

restored() {
	rm -rf "$1"
	mfx-site restore -q --to "$@" >made
}

# ---- what is in it ----

@test "a site and what is restored from each form of backup say the same" {
	small_site
	a_key
	mkdir "$MFX_HOME/mqtt"
	echo state >"$MFX_HOME/mqtt/mosquitto.db"
	says "$MFX_HOME" >before
	backup shelf
	backup sealed --key backup.key
	backup x.tar
	backup y.tar --key backup.key
	mfx-site backup -q - >z.tar
	local from files
	files=$(find shelf/*/site -type f | wc -l)
	for from in shelf x.tar z.tar; do
		mfx-site verify "$from" | jq -e ".files == $files"
		restored other "$from"
		cp "$MFX_HOME/master.key" other/
		says "$PWD/other" | cmp - before
	done
	mfx-site restore -q --to fromstdin - <x.tar
	diff -r fromstdin other -x master.key -x '*-wal' -x '*-shm'
	for from in sealed y.tar; do
		mfx-site verify --key backup.key "$from" | jq -e ".files == $files + 1"
		restored other "$from" --key backup.key
		says "$PWD/other" | cmp - before
	done
	[[ $(<other/mqtt/mosquitto.db) == state ]]
	# by hand, too
	tar -xf x.tar
	cp "$MFX_HOME/master.key" site/
	says "$PWD/site" | cmp - before
	(($(stat -c %a other/master.key) == 600))
	(($(find other -perm /077 | wc -l) == 0))
}

@test "keys are in a sealed backup only, and nothing can be read in that" {
	small_site
	a_key
	mfx-site backup shelf 2>err
	grep -q "master.key: not in a backup in clear" err
	mfx-site backup x.tar 2>err
	python3 -c 'import pathlib, sys
key = pathlib.Path(sys.argv[1]).read_bytes()
for f in [pathlib.Path("x.tar"), *pathlib.Path("shelf").rglob("*")]:
    assert not f.is_file() or key not in f.read_bytes(), f
' "$MFX_HOME/master.key"
	mfx-site restore --to other x.tar 2>err
	grep -q "master.key was not in the backup: put it into other" err
	status 78 env MFX_HOME="$PWD/other" mfx-things list 2>/dev/null
	backup sealed --key backup.key
	backup y.tar --key backup.key
	refute grep -rqaE 'meter|garden|SQLite|channel|raw/store' sealed/*/[ms]* y.tar
	refuses 77 "it is sealed" mfx-site verify -q y.tar
	refuses 77 "it is sealed" mfx-site list -q sealed/*
	(umask 077; head -c 32 /dev/urandom >another.key)
	refuses 65 "sealed under another key" mfx-site verify -q -q \
	    --key another.key y.tar
	chmod 644 another.key
	refuses 78 "others may read it" mfx-site verify -q --key another.key y.tar
	(umask 077; echo short >short.key)
	refuses 78 "it must be 32 bytes" mfx-site backup -q --key short.key z.tar
	[[ ! -e z.tar ]]
}

@test "compressed: what zstd writes and reads, sealed or not" {
	small_site
	a_key
	says "$MFX_HOME" >before
	backup x.tar.zst
	(($(stat -c %s x.tar.zst) * 3 < $(jq .bytes made)))
	mfx-site backup -q --compress - >y
	mfx-site backup -q --compress --key backup.key - >z
	backup v.tar --compress --key backup.key
	refute grep -qa 'raw/store' z
	# by hand
	zstd -q -dc x.tar.zst | tar -x
	cp "$MFX_HOME/master.key" site/
	says "$PWD/site" | cmp - before
	local from
	for from in x.tar.zst y z v.tar; do
		mfx-site verify --key backup.key $from
		mfx-site list --key backup.key $from | grep -q '"group":"raw/store"'
		restored other $from --key backup.key
		cp "$MFX_HOME/master.key" other/ 2>/dev/null || :
		says "$PWD/other" | cmp - before
	done
	# another's frames, several of them, with much to remember
	zstd -q -dc y | split -b 300000 - part.
	for from in part.*; do zstd -q -19 $from; done
	cat part.*.zst >w
	mfx-site verify w
	mfx-site restore -q --to fromstdin - <w
	# based on a compressed one, and one that is cut off or changed anywhere
	backup u.tar.zst --since x.tar.zst
	mfx-site verify u.tar.zst x.tar.zst | jq -e '.elsewhere == null'
	refuses 65 "cut off" mfx-site verify -q <(head -c -1 y)
	python3 - <<-'END'
	import pathlib, subprocess
	whole = pathlib.Path("y").read_bytes()
	for at in range(100, len(whole), len(whole) // 40):
	    b = bytearray(whole)
	    b[at] ^= 1
	    pathlib.Path("changed").write_bytes(b)
	    done = subprocess.run(["mfx-site", "verify", "-q", "changed"],
	                          capture_output=True, text=True)
	    assert done.returncode == 65, (at, done)
	    assert done.stderr.count("\n") == 1, done
	    pathlib.Path("changed").write_bytes(whole[:at])
	    done = subprocess.run(["mfx-site", "verify", "-q", "changed"],
	                          capture_output=True, text=True)
	    assert done.returncode == 65, (at, done)
	END
	# a window of 128 MiB is more than a reader allows
	head -c 20000000 /dev/zero | zstd -q --ultra -22 --long=27 >long
	refuses 65 "damaged" mfx-site verify -q long
	refuses 64 "only for a tar" mfx-site backup -q --compress shelf
	refuses 64 "only for a directory" mfx-site backup -q --keep 2 t.tar.zst
}

@test "what the last backup has is not copied again" {
	small_site
	backup shelf
	local first second
	first=$(jq -r .backup made)
	mfx-gen --count 10 --channel "$CHANNEL" | MFX_BUS_SEGMENT=100000 mfx-pub raw
	backup shelf
	second=$(jq -r .backup made)
	jq -e '.written < .bytes / 2' made
	find shelf -name '*.ndjson' -links 2 | grep -q "$second"
	# each is whole without the other
	rm -rf "shelf/$first"
	mfx-site verify "shelf/$second"
	says "$MFX_HOME" >before
	restored other shelf
	cp "$MFX_HOME/master.key" other/
	says "$PWD/other" | cmp - before
}

@test "a tar that is based on another one needs it" {
	small_site
	backup x.tar
	backup y.tar --since x.tar
	mfx-gen --count 500 --channel "$CHANNEL" | MFX_BUS_SEGMENT=100000 mfx-pub raw
	backup z.tar --since y.tar
	(($(stat -c %s z.tar) < $(stat -c %s x.tar)))
	mfx-site verify z.tar | jq -e '.elsewhere > 0'
	refuses 66 "which was not given" mfx-site restore -q --to other z.tar
	refuses 66 "which was not given" mfx-site restore -q --to other z.tar y.tar
	says "$MFX_HOME" >before
	mfx-site restore -q --to other z.tar x.tar
	cp "$MFX_HOME/master.key" other/
	says "$PWD/other" | cmp - before
	a_key
	refuses 78 "in clear, unlike" mfx-site backup -q --key backup.key \
	    --since x.tar w.tar
}

@test "--keep leaves the newest, list shows them" {
	small_site
	local i
	for i in 1 2 3 4; do backup shelf --keep 3; done
	(($(ls shelf | wc -l) == 3))
	mfx-site list shelf | jq -r .backup | cmp - <(ls shelf)
	mfx-site list -H shelf | grep -q "^$(ls shelf | head -n 1) .* no$"
	mfx-site list "shelf/$(ls shelf | tail -n 1)" >lines
	grep -qx '{"group":"raw/store","seq":[0-9]*,"store":"messages.db"}' lines
	refuses 64 "only for a directory" mfx-site backup -q --keep 2 x.tar
	touch x.tar
	refuses 73 "it exists" mfx-site backup -q x.tar
}

@test "a store and files outside of the site come along" {
	small_site
	mkdir etc
	echo listener >etc/mosquitto.conf
	mv "$MFX_HOME/messages.db" away.db
	backup x.tar --store away.db --config etc
	mfx-site restore --to other x.tar 2>err
	grep -q "2 files were outside of the site" err
	cmp etc/mosquitto.conf "other/elsewhere/$PWD/etc/mosquitto.conf"
	mfx-read-sqlite away.db | cmp - <(mfx-read-sqlite \
	    "other/elsewhere/$PWD/away.db")
	refuses 78 "not an SQLite file" mfx-site backup -q --store err y.tar
	[[ ! -e y.tar && ! -e y.tar.new ]]
}

@test "another machine: another path, another user" {
	small_site
	a_key
	says "$MFX_HOME" >before
	mfx-site backup --key backup.key - >moved
	mkdir there
	cp moved backup.key there/
	local as=(unshare --user --map-user=1234 env -C there
	    MFX_HOME="$PWD/there/of/mine" PATH="$PATH" MFX_USER="$MFX_USER")
	"${as[@]}" mfx-site restore --key backup.key moved
	"${as[@]}" bash -c "$(declare -f says); says '$PWD/there/of/mine'" |
		cmp - before
	# by root for them
	if ((EUID == 0)); then
		install -d -o 1234 -g 1234 -m 700 theirs
		mfx-site restore --key backup.key --to theirs moved
		(($(find theirs ! -user 1234 | wc -l) == 0))
	fi
}

# ---- at work ----

# load: devices, a pipeline into a store, one into another stream, changes of
# the registry and their events, until the end of the test
work() {
	mkfifo gen norm1 norm2 store1 store2 things
	exec 7<>gen
	MFX_BUS_SEGMENT=200000 mfx-pub raw <gen 3>&- 7>&- & PIDS+=($!)
	mfx-sub raw/store >norm1 3>&- & PIDS+=($!)
	mfx-normalize <norm1 >store1 3>&- & PIDS+=($!)
	mfx-write-sqlite --every 50ms --ack raw/store "$MFX_HOME/messages.db" \
	    <store1 3>&- & PIDS+=($!)
	mfx-sub raw/norm >norm2 3>&- & PIDS+=($!)
	mfx-normalize <norm2 >store2 3>&- & PIDS+=($!)
	MFX_BUS_SEGMENT=200000 mfx-pub --ack raw/norm normalized <store2 3>&- & PIDS+=($!)
	mfx-events --follow -o events 3>&- & PIDS+=($!)
	( while :; do mfx-things create --name "$RANDOM" || exit; done >made.things
	) 3>&- & PIDS+=($!)
}

# devices SEED: messages of half a second
devices() {
	mfx-gen --rate "$RATE" --count $((RATE / 2)) --records 1 --seed "$1" \
	    --things 50 --channel "$CHANNEL" >&7 3>&- & PIDS+=($!)
}

# whole lines of a stream as they are on the bus
stream() {
	cat "$1"/bus/"$2"/*.ndjson
}

lines_of() {
	(($(stream "$MFX_HOME" raw | wc -l) >= $1))
}

# goes on after a restore, to the end of what is there
finish() (
	export MFX_HOME=$1
	mfx-sub raw/store --no-follow | mfx-normalize |
		mfx-write-sqlite --ack raw/store "$1/messages.db"
	mfx-sub raw/norm --no-follow | mfx-normalize |
		mfx-pub --ack raw/norm normalized
	mfx-events -o events
)

# once SITE: every line of raw is in the store and in `normalized`, and every
# event on the bus, once
once() (
	export MFX_HOME=$1
	mfx-bus verify raw normalized >/dev/null
	stream "$1" raw | mfx-normalize | sort >want
	(($(uniq -d want | wc -l) == 0))
	stream "$1" normalized | sort | cmp - want
	stream "$1" raw | mfx-normalize | jq -c '[.n, .t, .v]' | sort >want
	mfx-read-sqlite "$1/messages.db" | jq -c '[.n, .t, .v]' | sort |
		cmp - want
	mfx-events | jq -c .id | cmp - <(stream "$1" events | jq -c .id)
	[[ $(sqlite3 "$1/registry.db" 'PRAGMA integrity_check;
	    PRAGMA foreign_key_check') == ok ]]
)

# bats test_tags=many
@test "under load, at random moments: none is lost and none is twice" {
	a_site
	a_key
	work
	local i things to lines
	for ((i = 1; i <= MOMENTS; i++)); do
		lines=$(stream "$MFX_HOME" raw | wc -l)
		devices $i
		await 60 lines_of $((lines + 1 + RANDOM % (RATE / 4)))
		stream "$MFX_HOME" raw >acked
		things=$(mfx-things list | wc -l)
		case $((i % 3)) in
		0)	to=shelf
			backup shelf --keep 2 ;;
		1)	to=$i.tar
			backup $i.tar ;;
		2)	to=$i.tar
			mfx-site backup --key backup.key - >$i.tar ;;
		esac
		restored other "$to" --key backup.key
		cp "$MFX_HOME/master.key" other/ 2>/dev/null || :
		finish "$PWD/other"
		once "$PWD/other"
		# what had been acknowledged is the beginning of it
		cmp -n "$(stat -c %s acked)" acked <(stream other raw)
		(($(MFX_HOME=$PWD/other mfx-things list | wc -l) >= things))
	done
	# what came after the last backup, again: then it has all
	kill "${PIDS[@]}" 2>/dev/null || :
	wait "${PIDS[@]}" || :
	PIDS=()
	finish "$MFX_HOME"
	once "$MFX_HOME"
	stream "$MFX_HOME" raw | tail -c +$((1 + $(stream other raw | wc -c))) |
		MFX_HOME=$PWD/other mfx-pub raw
	finish "$PWD/other"
	once "$PWD/other"
	stream other raw | cmp - <(stream "$MFX_HOME" raw)
}

# bats test_tags=many
@test "--until: a moment between two backups, and the pipelines go on from there" {
	small_site
	mfx-sub raw/store --no-follow | mfx-normalize |
		mfx-write-sqlite --ack raw/store "$MFX_HOME/messages.db"
	mfx-sub raw/norm --no-follow | mfx-normalize |
		mfx-pub --ack raw/norm normalized
	backup shelf
	local at before n time
	mfx-gen --seed 7 --count 300 --channel "$CHANNEL" | mfx-pub raw
	before=$(stream "$MFX_HOME" raw | wc -l)
	at=$(mfx-bus stat raw | jq .last)
	mfx-gen --seed 8 --count 300 --channel "$CHANNEL" |
		MFX_BUS_SEGMENT=1000 mfx-pub raw
	time=$(stream "$MFX_HOME" raw | sed -nE \
	    "$((before + 1))s/.*\"received\":([0-9.]*).*/\1/p")
	finish "$MFX_HOME"
	backup shelf
	# by position, and by the time of a line
	for n in "$at" "raw@$((at + 7))" "@$time"; do
		restored other shelf --until "$n"
		cp "$MFX_HOME/master.key" other/
		(($(stream other raw | wc -l) == before))
		finish "$PWD/other"
		once "$PWD/other"
	done
	refuses 65 "messages.db has raw up to" mfx-site restore -q \
	    --to third --until 1000 "shelf/$(ls shelf | tail -n 1)"
	refuses 66 "no backup from before" mfx-site restore -q \
	    --to third --until 10 shelf
	refuses 66 "no backup from before" mfx-site restore -q \
	    --to third --until 2020-01-01 shelf
	refuses 64 "--until 'soon'" mfx-site restore -q --to third \
	    --until soon shelf
	[[ ! -e third && ! -e .third.restore ]]
	# now: all that the last one has
	restored other shelf --until now
	stream other raw | cmp - <(stream "$MFX_HOME" raw)
}

# ---- killed ----

# each KIND COMMAND…: killed at the first call of this kind, the second, …,
# until it comes to its end; `after` is called each time
each() {
	local kind=$1 n=0 got
	shift
	while ((n < 400)); do
		n=$((n + 1))
		got=0
		head -c 8 /dev/zero >count
		LD_PRELOAD=$ROOT/${BUILD:-build}/inject.so INJECT_CALL=$kind \
		    INJECT_ERRNO=-9 INJECT_NTH=$n INJECT_COUNT=count \
		    "$@" >killed.out 2>killed.err || got=$?
		((got == 137)) || break
		after
	done
	((got == 0 && n > 1)) || { cat killed.err; return 1; }
	echo "$kind: $n" >>killed
}

# bats test_tags=many
@test "a backup that is killed anywhere leaves those that are whole" {
	small_site
	${MAKE:-make} -s -C "$ROOT" "${BUILD:-build}/inject.so"
	after() {
		local one
		for one in shelf/2*; do
			[[ ! -e $one ]] || mfx-site verify -q "$one" >/dev/null
		done
	}
	for kind in rename sync unlink; do
		each $kind mfx-site backup -q --keep 2 shelf
		(($(ls shelf | wc -l) <= 2))
	done
	each write mfx-site backup -q --keep 2 shelf
	backup shelf --keep 1
	# nothing is left of those that were killed
	(($(ls -A shelf | wc -l) == 1))
	after() {
		[[ ! -e x.tar ]] || { mfx-site verify -q x.tar && rm x.tar; }
	}
	each rename mfx-site backup -q x.tar
	rm x.tar
	each unlink mfx-site backup -q x.tar
	mfx-site verify x.tar
	[[ $(ls -A | grep -c 'mfx-backup\|\.new$') == 0 ]]
	says "$MFX_HOME" >before
	restored other x.tar
	cp "$MFX_HOME/master.key" other/
	says "$PWD/other" | cmp - before
}

@test "a disk that is full at any write: it is said, and nothing new is there" {
	small_site
	${MAKE:-make} -s -C "$ROOT" "${BUILD:-build}/inject.so"
	backup shelf
	local had n got to
	had=$(ls -A shelf)
	for to in shelf x.tar y.tar.zst; do
		for ((n = 1; n < 400; n++)); do
			got=0
			head -c 8 /dev/zero >count
			LD_PRELOAD=$ROOT/${BUILD:-build}/inject.so \
			    INJECT_CALL=write INJECT_ERRNO=28 INJECT_NTH=$n \
			    INJECT_COUNT=count mfx-site backup -q $to \
			    >made 2>full || got=$?
			((got != 0)) || break
			grep -q 'No space left' full
			# it was made, and that could not be said
			! grep -q '<stdout>' full || break
			[[ $to != shelf || $(ls -A shelf) == "$had" ]]
			[[ -z $(ls -A | grep '^[xy]\.tar') ]]
		done
		((n > 1))
		mfx-site verify -q $to >made
		[[ $to == shelf ]] || rm $to
	done
	refuses 75 'No space left' bash -c 'mfx-site backup -q --compress - >/dev/full'
}

# bats test_tags=many
@test "a backup and a verify are stopped within a large file, too" {
	a_site
	truncate -s 1T large
	python3 - <<-'END'
	import tarfile
	with open("large.tar", "wb") as f:
	    for name, size in ("mfx-backup", 2), ("site/large", 1 << 40):
	        info = tarfile.TarInfo(name)
	        info.size = size
	        f.write(info.tobuf())
	        f.write(b"{}".ljust(512, b"\0") if size == 2 else b"")
	    f.truncate(1 << 41)
	END
	local verb got
	# Has it used a second of CPU?  Then it is at the large file; which files
	# it has open is for root to see, as it holds keys.
	at_large() {
		local user system
		read -r user system < <(cut -d' ' -f14,15 /proc/$PID/stat)
		((user + system >= $(getconf CLK_TCK)))
	}
	for verb in 'backup --config large -' 'verify large.tar'; do
		start bash -c "exec mfx-site $verb >/dev/null"
		await 20 at_large
		kill $PID
		await 20 gone $PID || { kill -9 $PID; false; }
		got=0
		wait $PID || got=$?
		((got == 75))
		grep -q stopped "$PID_ERR"
	done
}

# bats test_tags=many
@test "a restore that is killed anywhere leaves a whole site or none" {
	small_site
	${MAKE:-make} -s -C "$ROOT" "${BUILD:-build}/inject.so"
	backup x.tar
	says "$MFX_HOME" >before
	after() {
		[[ -e other ]] || return 0
		cp "$MFX_HOME/master.key" other/
		says "$PWD/other" | cmp - before
		rm -rf other
	}
	for kind in rename sync write open; do
		each $kind mfx-site restore -q --to other x.tar
		after
		[[ ! -e .other.restore ]]
	done
}

# ---- refused ----

@test "a site that is in use, or is there, is not restored over" {
	small_site
	backup x.tar
	refuses 73 "it is not empty" mfx-site restore -q x.tar
	mkfifo in
	exec 5<>in
	mfx-pub raw <in 3>&- &
	PID=$!
	PIDS+=("$PID")
	mfx-gen --count 1 --channel "$CHANNEL" >in
	await 10 inuse
	refuses 75 "bus/raw/lock: in use" mfx-site restore -q x.tar
	kill "$PID"
	await 10 gone "$PID"
	says "$MFX_HOME" >before
	free_port PORT
	start_ready mfx-api -l "127.0.0.1:$PORT"
	refuses 75 "registry.db: in use by pid $PID" mfx-site restore -q x.tar
	kill "$PID"
	await 10 gone "$PID"
	refuses 73 "it is not empty" mfx-site restore -q x.tar
	says "$MFX_HOME" | cmp - before
	[[ ! -e .home.restore ]]
}

inuse() {
	refute flock -n "$MFX_HOME/bus/raw/lock" true
}

@test "a tar that is damaged or hostile is refused with its place" {
	small_site
	backup x.tar
	python3 "$ROOT/tests/backup_hostile.py" x.tar hostile
	local one what
	while IFS=$'\t' read -r one what; do
		refuses 65 "$what" mfx-site verify -q "hostile/$one"
		refuses 65 "$what" mfx-site restore -q --to other "hostile/$one"
		[[ ! -e other && ! -e .other.restore && ! -e escaped ]]
	done <hostile/list
	(($(wc -l <hostile/list) > 15))
}

@test "one bit of a backup changed, anywhere, is noticed" {
	small_site
	a_key
	backup shelf
	backup y.tar --key backup.key
	local f at
	for f in $(find shelf -type f) ; do
		cp -pf "$f" kept
		chmod 600 "$f"
		at=$((RANDOM * 32768 % $(stat -c %s "$f")))
		python3 -c 'import sys
f = open(sys.argv[1], "r+b"); at = int(sys.argv[2])
f.seek(at); b = f.read(1); f.seek(at); f.write(bytes([b[0] ^ 1]))' "$f" $at
		status 65 mfx-site verify shelf 2>err
		cat kept >"$f"
	done
	mfx-site verify shelf
	for at in 3 20 40 70000 $(($(stat -c %s y.tar) - 1)); do
		python3 -c 'import sys
f = bytearray(open("y.tar", "rb").read()); f[int(sys.argv[1])] ^= 1
open("z.tar", "wb").write(f)' $at
		status 65 mfx-site verify --key backup.key z.tar 2>err
	done
	for at in 0 10 30 60 65000 70000 $(($(stat -c %s y.tar) - 1)); do
		head -c $at y.tar >z.tar
		status 65 mfx-site verify --key backup.key z.tar 2>err
	done
}

@test "two at once: the second one says so" {
	small_site
	mkdir shelf
	exec 6<shelf
	flock 6
	refuses 75 "another backup is being made" mfx-site backup -q shelf
	exec 6<&-
	backup shelf
	mkdir .other.restore
	exec 6<.other.restore
	flock 6
	refuses 75 "another restore is at work" mfx-site restore -q --to other shelf
	exec 6<&-
	restored other shelf
}
