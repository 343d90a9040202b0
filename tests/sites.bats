#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Sites by name (mfx --site, MFX_SITE), and mfx-config, which says what is used.
load setup
load site

setup_suite_test() {
	make_site
	SITES=$XDG_CONFIG_HOME/mfx/sites
	mkdir -p "$SITES"
	printf '# where the cows are\n\nMFX_HOME=%s\nMFX_USER=%s\n' \
	    "$MFX_HOME" "$MFX_USER" >"$SITES/farm"
	printf 'MFX_HOME=%s/other\n' "$PWD" >"$SITES/town"
}

value() {
	mfx-config | jq -r --arg n "$1" \
	    'select(.name == $n) | .from + " " + .value'
}

@test "mfx --site is another site, whatever the environment says" {
	MFX_HOME=/nowhere MFX_USER=bob@example.com MFX_URL=http://127.0.0.1:1 \
	    mfx --site farm things list | jq -e '.name == "meter"'
	# nothing of this one is left there
	MFX_USER=ann@example.com status 78 mfx --site town things list 2>err
	grep -q "$PWD/other" err
}

@test "MFX_SITE is for every program, and the environment wins" {
	unset MFX_HOME MFX_USER
	export MFX_SITE=farm
	mfx-things list | jq -e '.name == "meter"'
	mfx things list | jq -e '.name == "meter"'
	MFX_HOME=$PWD/other status 78 mfx-things list
	# --site is stronger than it
	MFX_SITE=none mfx --site farm things list | jq -e '.name == "meter"'
}

@test "an unknown site: the nearest one; a file that is wrong: its line" {
	status 66 mfx --site frm things list 2>err
	grep -q "no site 'frm'; nearest is 'farm'" err
	MFX_SITE=frm status 66 mfx-things list 2>err
	grep -q "nearest is 'farm'" err
	# which help does not need
	MFX_SITE=frm mfx-things --help >/dev/null
	status 64 mfx --site ../farm things list
	status 64 mfx --site '' things list
	printf 'MFX_HOME=x\n\nMFX_USR=y\n' >"$SITES/bad"
	status 78 mfx --site bad things list 2>err
	grep -q "sites/bad:3: unknown variable 'MFX_USR'; nearest is 'MFX_USER'" err
	echo word >"$SITES/bad"
	status 78 mfx --site bad things list 2>err
	grep -q 'bad:1: not VARIABLE=VALUE' err
	printf 'MFX_HOME=a\0b\n' >"$SITES/bad"
	status 78 mfx --site bad things list
	head -c 100000 /dev/zero | tr '\0' '#' >"$SITES/bad"
	refute mfx --site bad config
}

@test "mfx-config says what is used and from where, and no secret" {
	[[ $(value MFX_HOME) == "environment $MFX_HOME" ]]
	[[ $(value MFX_BUS) == "default $MFX_HOME/bus" ]]
	[[ $(value MFX_URL) == 'default (not set)' ]]
	MFX_SITE=farm MFX_HOME= value MFX_HOME >got
	[[ $(<got) == "site $MFX_HOME" ]]
	export PGPASSWORD=hush MFX_STORE=postgres://ann:hush@db/mfx
	mfx --site farm config | grep -q '"from":"site"'
	mfx-config | refute grep hush
	[[ $(value PGPASSWORD) == 'environment (set)' ]]
	MFX_STORE=postgres://ann@db/mfx value MFX_STORE >got
	[[ $(<got) == 'environment postgres://ann@db/mfx' ]]
	mfx-config -H | grep -q '^MFX_HOME  *'
}

@test "mfx-config --sites lists them" {
	[[ $(mfx-config --sites | jq -r .site | xargs) == 'farm town' ]]
	mfx --site town config --sites | jq -se '.[1].used == "yes"'
	rm -r "$SITES"
	mfx-config --sites | refute grep .
}
