#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-status: a whole site on one screen.
load setup
load site

setup_suite_test() {
	make_site
}

@test "an empty site, and none at all" {
	mfx-status --every 1ms >out
	grep -qx "site $MFX_HOME" out
	grep -q "^registry: 1 users, 1 things, 1 channels, 1 connections$" out
	grep -qE '^disk: [0-9.]+ [KMGTPE]iB free of ' out
	grep -qx 'certificates that end within 30 days: none' out
	MFX_HOME=$PWD/none status 1 mfx-status --every 1ms >out
	grep -q '^NOT UP: ' out
	# a question makes nothing
	[[ ! -e none ]]
}

@test "programs, streams, groups and stores, on a screen of 80 columns" {
	mfx-gen --count 100 | mfx-pub raw
	mfx-sub raw/store --no-follow | mfx-normalize |
		mfx-write-sqlite --ack raw/store m.db
	mfx-gen --count 5 | mfx-pub raw
	serve -o raw
	mfx-status --every 1ms --store m=m.db >out
	grep -qE '^mfx-adapt-http +[0-9].* 0 +0 +0$' out
	grep -qE '^raw +[0-9.]+ KiB +0 B +' out
	grep -qE '^raw/store +[0-9.]+ (B|KiB) +5 .* NO$' out
	grep -qE '^m +yes +[0-9]+ ' out
	(($(grep -v ^site out | wc -L) <= 80)) || { cat out; false; }
	status 1 mfx-status --every 1ms --store m=none.db >out
	grep -qE '^m +NO ' out
	grep -qx 'NOT UP: m' out
	status 64 mfx-status --store m.db
}

@test "alarms and certificates are counted" {
	mfx-certs ca init
	mfx-certs issue --days 9 "$THING" >/dev/null
	echo 'alarm any value > 30 by rule' >rules
	echo '{"channel":"c","publisher":"p","n":"t","v":31,"t":1}' |
		mfx-alarm rules >/dev/null || true
	mfx-status --every 1ms >out
	grep -q '^certificates that end within 30 days: 1: mfx-certs expiring$' out
	[[ ! -e $MFX_HOME/alarm.db ]] || grep -q '^alarms: ' out
}
