#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A property of the suite: what any of its programs writes as lines or packs,
# mfx-normalize and mfx-check take, whatever the program was given.
load setup

# taken FILE [TYPE]: each record of it, and there are some
taken() {
	[[ -s $1 ]]
	mfx-normalize -t "${2:-lines}" "$1" >taken.out 2>taken.err ||
		{ echo "$1:"; cat taken.err; return 1; }
	mfx-check -t "${2:-lines}" "$1" >check.out 2>&1 ||
		{ echo "$1:"; grep error check.out; return 1; }
}

# Some of what is made is itself too much, such as a value and a base value
# that are each at the end of a double's range: it goes.
make_input() {
	"$ROOT/tests/own_output.py" "$1" 400 >all
	mfx-normalize --rejects bad all >/dev/null 2>err || (($? == 65))
	{ sort bad; sort all; } 2>/dev/null | sort | uniq -u >in
	(($(wc -l <in) > 300))
}

@test "what the filters and the encoder write is taken" {
	local seed type
	for seed in 1 2 3; do
		make_input $seed
		rm -f bad
		mfx-normalize in >normal
		taken normal
		(($(mfx-normalize normal | cmp - normal | wc -l) == 0))
		mfx-normalize --input-order in >normal2
		taken normal2
		mfx-normalize --primary-units --rejects out.bad in >primary \
		    2>err || (($? == 65))
		taken primary
		mfx-grep --channel C in >some
		taken some
		mfx-grep --value '>0' in >some
		taken some
		for type in json cbor xml sensml sensmlc; do
			# what the form can't say is refused, not written
			mfx-encode -t $type --payload in >packs 2>err ||
				(($? == 65))
			taken packs $type
			[[ $type == sensml* ]] && continue
			mfx-encode -t $type --lines in >packs 2>err ||
				(($? == 65))
			taken packs
			[[ $type == json ]] || continue
			# and it is the same, but for times no pack can hold
			mfx-normalize packs | sort >back
			mfx-normalize in |
				mfx-grep --from 1978-07-04T21:24:16Z |
				sort | cmp - back
		done
	done
}

@test "what comes off the bus and out of a store is taken" {
	local seed a
	for seed in 4 5; do
		make_input $seed
		rm -rf bad "$MFX_HOME" m.db*
		mfx-pub raw in
		mfx-sub --no-follow --from start raw >sub
		taken sub
		(($(wc -l <sub) == $(wc -l <in)))
		mfx-normalize sub | mfx-pub normalized
		mfx-sub --no-follow --from start normalized >sub
		taken sub
		mfx-write-sqlite m.db <in
		mfx-read-sqlite m.db >read
		taken read
		for a in avg min max sum count last; do
			mfx-read-sqlite --aggregate $a m.db >read 2>err ||
				(($? == 65))
			taken read
			mfx-read-sqlite --aggregate $a --every 1h --order desc \
			    m.db >read 2>err || (($? == 65))
			taken read
		done
	done
}

@test "a sum and an average beyond a double are left out, and told" {
	printf '{"channel":"c","n":"%s","v":%s,"t":%d}\n' a 1.7e308 1700000000 \
	    a 1.7e308 1700000001 b -1.7e308 1700000000 b -1.7e308 1700000001 \
	    c 1 1700000000 | mfx-write-sqlite m.db
	for a in sum avg; do
		status 65 mfx-read-sqlite --aggregate $a m.db >read 2>err
		[[ $(<read) == '{"channel":"c","n":"c","v":1,"t":1700000000}' ]]
		grep -q '^mfx-read-sqlite: 2 records are left out: ' err
	done
	(($(mfx-read-sqlite --aggregate max m.db | wc -l) == 3))
}

@test "what is made up is taken" {
	mfx-gen --seed 7 --count 500 >gen
	taken gen
	mfx-gen --seed 7 --count 500 --records 9 --channel c --subtopic a/b >gen
	taken gen
	mfx-gen --seed 7 --count 5 --start 0 --every 1s >gen
	taken gen
}
