#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-bus and its like in the hands of an administrator who mistypes, asks
# about what does not exist, or is root.
load setup

setup_suite_test() {
	BUS=$MFX_HOME/bus
}

# lines NAME FROM TO: messages that tell who wrote them and in what order
lines() {
	seq -f "{\"channel\":\"$1\",\"n\":\"$1\",\"v\":%.0f}" "$2" "$3"
}

count_is() {
	(($(wc -l <"$1") == $2))
}

# the bus as it is: names, sizes and contents
picture() {
	(cd "$BUS" && find . -type f ! -name '.*' ! -name lock ! -name synced |
		sort | xargs -r sha256sum)
}

@test "prune wants a unit, and all that it names, before it removes anything" {
	lines a 1 100 | MFX_BUS_SEGMENT=100 mfx-pub -u raw
	touch -d '1 hour ago' "$BUS"/raw/*.ndjson
	picture >before
	status 64 mfx-bus prune --keep-age 30 raw 2>err
	grep -qF -- "--keep-age '30': give a unit: 30s, 30m, 30h or 30d" err
	status 64 mfx-bus prune --keep-age 30 days raw 2>err
	status 66 mfx-bus prune --keep-age 30s days raw 2>err
	grep -qF "no stream 'days' in $BUS" err
	status 66 mfx-bus prune --keep-age 30s raw rwa 2>err
	grep -qF "nearest is 'raw'" err
	status 64 mfx-bus prune --keep-bytes 1 raw ../raw 2>err
	status 64 mfx-bus prune --keep-age 30x raw 2>err
	status 64 mfx-bus prune --keep-age -30d raw 2>err
	mfx-bus prune --dry-run --keep-age 30m raw | jq -e '.segments > 10'
	mfx-bus prune -n --keep-age 1h30m raw | jq -e '.segments == 0'
	picture | cmp - before
	mfx-bus prune --keep-age 30m raw | jq -e '.segments > 10'
}

@test "seek and forget: all operands are looked at first, --dry-run moves none" {
	lines a 1 10 | mfx-pub raw
	mfx-sub raw/store -n 4 --auto-ack >/dev/null
	mfx-sub raw/live -n 2 --auto-ack >/dev/null
	picture >before
	status 1 mfx-bus seek raw/sotre end 2>err
	grep -qF "raw/sotre: no such group; nearest is 'store'; --create" err
	status 66 mfx-bus seek rwa/store end 2>err
	status 64 mfx-bus seek raw/store yesterday 2>err
	grep -qF "'yesterday': not start, end, a position, -1h or " err
	status 64 mfx-bus seek raw/store -5 2>err
	status 64 mfx-bus seek raw/store 2>err
	grep -q 'missing WHERE' err
	mfx-bus seek --dry-run raw/store start | jq -e '.seq == 0'
	mfx-bus seek --dry-run --create raw/new end | jq -e '.group == "new"'
	status 1 mfx-bus forget raw/store raw/sotre 2>err
	status 66 mfx-bus forget raw/store rwa/live 2>err
	mfx-bus forget --dry-run raw/store raw/live >out
	(($(wc -l <out) == 2))
	start_ready mfx-sub raw/live
	status 75 mfx-bus forget raw/store raw/live 2>err
	status 75 mfx-bus forget --dry-run raw/live 2>err
	kill "$PID"
	wait "$PID"
	picture | cmp - before
	[[ $(ls -A "$BUS") == raw ]]
	# a time before now is an operand, not an option
	mfx-bus seek raw/store -1h
	mfx-bus seek --create raw/new end
	[[ $(<"$BUS/raw/groups/new") == 301 ]]
	mfx-bus forget raw/store raw/live raw/new
	[[ -z $(ls "$BUS/raw/groups") ]]
}

@test "another reader is named by its pid" {
	lines a 1 1 | mfx-pub raw
	start_ready mfx-sub raw/g
	status 75 mfx-sub raw/g 2>err
	grep -qF "raw/g: another reader has this group, pid $PID" err
	status 75 mfx-bus forget raw/g 2>err
	grep -qF "pid $PID" err
}

@test "a question makes no bus, stream or group" {
	status 66 mfx-bus stat raw 2>err
	mfx-bus stat
	mfx-bus groups
	start_ready mfx-sub rwa
	grep -qF "waiting for stream 'rwa', which does not exist yet" "$PID_ERR"
	start_ready mfx-sub --tail rwa/g
	[[ ! -e $MFX_HOME ]]
	lines a 1 1 | mfx-pub raw
	[[ $(mfx-bus stat | jq -r .stream) == raw ]]
	[[ $(ls -A "$BUS") == raw ]]
	# and is answered when there is one
	lines b 1 3 | mfx-pub rwa
	await 20 count_is "$PID_OUT" 3
	await 20 count_is "$BATS_TEST_TMPDIR/out.0" 3
	(($(wc -l <"$PID_ERR") == 1))
	[[ $(mfx-bus groups rwa | jq -r .group) == g ]]
}

@test "an input of the bus that does not exist yet is delivered from" {
	mfx-users create --password-file - ann@example.com <<<"correct horse"
	start_ready mfx-adapt-ws -l 127.0.0.1:0 -i later -o raw
	[[ ! -e $BUS/later ]]
	lines a 1 3 | mfx-pub later
	kill "$PID"
	status 0 wait "$PID"
}

# as USER COMMAND…: as another user, without a home
as_other() {
	setpriv --reuid 12345 --regid 12345 --clear-groups "$@"
}

other_user() {
	local i
	trap 'rm -rf "$SITE"' EXIT
	mkdir "$MFX_HOME"
	cp "$BIN"/mfx-{pub,sub,bus} "$SITE"
	PATH=$SITE:$PATH
	chmod 711 "$SITE"
	chown 12345:12345 "$MFX_HOME"
	cd "$SITE"
	export MFX_BUS_SEGMENT=100
	for i in {1..6}; do
		lines a $i $i | mfx-pub raw
		lines a $i $i | as_other mfx-pub raw
	done
	mfx-sub raw/g -n 3 --auto-ack >/dev/null
	as_other mfx-sub raw/g -n 3 --auto-ack >/dev/null
	mfx-bus seek raw/g start
	mfx-sub --no-follow raw/g | mfx-pub --ack raw/g dst
	mfx-bus seek --create raw/h start
	as_other mfx-sub --no-follow raw/h | as_other mfx-pub --ack raw/h dst
	mfx-bus seek raw/h start
	as_other mfx-bus seek raw/h end
	as_other mfx-bus stat >/dev/null
	mfx-bus prune --keep-bytes 0 --past-groups raw >/dev/null
	as_other mfx-bus forget raw/g raw/h
	lines a 9 9 | as_other mfx-pub raw
	find "$MFX_HOME" ! -user 12345 >of_root
	[[ ! -s of_root ]] || { cat of_root; false; }
}

@test "root's commands leave nothing that the site's user can't write" {
	# where another user can get to
	SITE=$(mktemp -d)
	MFX_HOME=$SITE/home
	export SITE MFX_HOME BIN
	export -f other_user as_other lines
	if ((EUID == 0)); then
		bash -euo pipefail -c other_user
	else
		unshare --map-auto --map-root-user bash -euo pipefail -c other_user
	fi
}

@test "root follows no link that the site's user has put there" {
	local name
	lines a 1 1 | mfx-pub raw
	echo mine >"$BATS_TEST_TMPDIR/mine"
	for name in lock synced boot; do
		rm "$BUS/raw/$name"
		ln -s "$BATS_TEST_TMPDIR/mine" "$BUS/raw/$name"
		refute mfx-pub raw < <(lines a 2 2) 2>err
		rm "$BUS/raw/$name"
	done
	[[ $(<mine) == mine ]]
}

# what is synced, a line each: the file's path
synced_by() {
	cat >names.c <<'EOF'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
int
fsync(int fd)
{
	char link[64], path[4096];
	ssize_t n;
	FILE *f = fopen(getenv("SYNCED"), "a");

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path);
	fprintf(f, "%.*s\n", (int)n, path);
	fclose(f);
	return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
EOF
	gcc -include stdlib.h -shared -fPIC -o names.so names.c -ldl
	SYNCED=$PWD/synced LD_PRELOAD=$PWD/names.so "$@"
}

@test "new directories have their names on the disk, up to the site's" {
	local dir
	export MFX_HOME=$PWD/new/site
	lines a 1 1 | synced_by mfx-pub --sync always raw
	for dir in "$PWD" "$PWD/new" "$MFX_HOME" "$MFX_HOME/bus" \
	    "$MFX_HOME/bus/raw"; do
		grep -qxF "$dir" synced || { cat synced; false; }
	done
	# those too that another had made, and was killed
	rm -r new synced
	mkdir -p "$MFX_HOME/bus/raw/groups"
	lines a 1 1 | synced_by mfx-pub --sync interval raw
	for dir in "$MFX_HOME" "$MFX_HOME/bus" "$MFX_HOME/bus/raw"; do
		grep -qxF "$dir" synced || { cat synced; false; }
	done
}
