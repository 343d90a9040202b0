#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the programs do with each format of lib/senml/codec.h: the same for
# every row of the table, also for one that was added.  tests/unit/codec.c has
# what needs no program.
load setup

# the formats that a program's --type offers
formats_of() {
	"$1" --options | awk -F '\t' '$2 == "--type" { print $4 }' |
		tr '|' '\n' | grep -vx lines
}

setup_suite_test() {
	mapfile -t FORMATS < <(formats_of mfx-encode)
	((${#FORMATS[@]} >= 5))
}

is_stream() {
	[[ $1 == sensml* ]]
}

# records of each kind, all fields, numbers with all their digits
records() {
	cat <<-'END'
	{"n":"d:a","u":"Cel","v":21.50,"t":1700000000.25}
	{"n":"d:b","vs":"x é\t\\\n<&>\"'=,;","t":1700000000.25}
	{"n":"d:c","vb":true,"s":3.250,"t":1700000001}
	{"n":"d:d","v":0.12345678901234567,"t":1700000001,"ut":10}
	{"n":"e","vd":"AAH_-Q","t":1700000002,"ct":"60"}
	{"n":"f","v":18446744073709551615,"t":1700000002}
	END
}

# numbers by their value: CBOR does not keep how they were written
by_value() {
	python3 -c '
import decimal, json, sys
for line in sys.stdin:
    r = json.loads(line, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
    print(sorted((k, v.normalize() if isinstance(v, decimal.Decimal) else v)
                 for k, v in r.items()))'
}

@test "the list of formats is the same everywhere" {
	local p
	for p in mfx-normalize mfx-check; do
		diff <(formats_of mfx-encode) <(formats_of $p)
		$p --help | grep -qF "$(IFS='|'; echo "${FORMATS[*]}")|lines"
	done
	for p in mfx-normalize mfx-check mfx-encode; do
		status 64 $p --type nothing 2>err
		grep -qF "$(IFS='|'; echo "${FORMATS[*]}")" err
	done
}

@test "records come back as they were, in order, from each format" {
	local form
	records >want
	for form in "${FORMATS[@]}"; do
		mfx-encode -t "$form" --payload want >"out.$form" 2>err ||
			mfx-encode -t "$form" want >"out.$form"
		mfx-normalize -t "$form" --input-order "out.$form" >got
		diff <(by_value <want) <(by_value <got)
		mfx-check -q -t "$form" "out.$form"
	done
}

@test "the vectors come back from each format" {
	local form f n=0
	while read -r f; do
		# what is refused says so, in words; a time that counts from now
		# is another one later
		jq -c 'select(.t >= 268435456)' "$VECTORS/$f" \
		    >one 2>/dev/null || continue
		cat one >>all
		n=$((n + 1))
	done < <(cut -f 3 "$VECTORS/CASES.tsv" | grep -v etch | sort -u)
	((n >= 14))
	# one version in a stream
	grep -v bver all | mfx-normalize >want
	for form in "${FORMATS[@]}"; do
		mfx-encode -t "$form" want |
		    if [[ $form == json ]]; then mfx-normalize --input-order
		    else mfx-normalize -t "$form" --input-order; fi >got
		diff <(by_value <want) <(by_value <got)
	done
}

@test "packs of each format go through lines as payloads" {
	local form
	records | sed 's/^{/{"channel":"c","publisher":"p",/' >want
	for form in "${FORMATS[@]}"; do
		is_stream "$form" && continue
		mfx-encode -t "$form" --lines want >lines
		[[ $(jq -c '.[0].channel' lines) == '"c"' ]]
		mfx-normalize --input-order lines >got
		diff <(by_value <want) <(by_value <got)
		mfx-check -q lines
	done
}

@test "input that ends too early: a message for each, and nothing half written" {
	local form n size
	records | head -n 3 >in
	for form in "${FORMATS[@]}"; do
		mfx-encode -t "$form" --payload in >whole 2>err ||
			mfx-encode -t "$form" in >whole
		size=$(wc -c <whole)
		# the newline after a pack is not of it
		! cmp -s <(tail -c 1 whole) <(echo) || size=$((size - 1))
		rm -f part.*
		for ((n = 1; n < size; n++)); do
			head -c $n whole >"part.$(printf '%05d' $n)"
		done
		status 65 mfx-normalize -t "$form" --input-order part.* >got 2>err
		grep -qE '^mfx-normalize: part\.[0-9]*:[0-9:]+ .{8,}' err
		if is_stream "$form"; then
			# whole records only
			mfx-normalize -t "$form" whole >want
			sort -u got | refute grep -vxFf want
		else
			[[ ! -s got ]]
			# one error in each file, with its place
			status 65 mfx-check -q -t "$form" part.* >errors
			[[ $(wc -l <errors) == $((size - 1)) ]]
			refute grep -vE '^part\.[0-9]{5}:[0-9]+(:[0-9]+)?: error: .{8,}' errors
		fi
	done
}

@test "bytes of no kind, and an item without an end, are refused" {
	local form
	records | head -n 3 >in
	head -c 3000 /dev/urandom >noise
	for form in "${FORMATS[@]}"; do
		status 65 mfx-normalize -t "$form" noise >got 2>err
		[[ ! -s got && -s err ]]
		mfx-encode -t "$form" in >whole
		{
			head -c $(($(wc -c <whole) / 2)) whole
			head -c 18M /dev/zero | tr '\0' x
		} | status 65 mfx-normalize -t "$form" >got 2>err
		[[ -s err ]]
		is_stream "$form" || [[ ! -s got ]]
	done
}

@test "a stop between two reads changes nothing" {
	local form n size
	records | head -n 3 >in
	for form in "${FORMATS[@]}"; do
		mfx-encode -t "$form" --payload in >whole 2>err ||
			mfx-encode -t "$form" in >whole
		mfx-normalize -t "$form" whole >want
		# a byte each time
		dd if=whole bs=1 status=none | mfx-normalize -t "$form" |
			diff want -
	done
}
