#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-sub --last, and records that are not lines: -0 and --framing.
load setup

# lines NAME FROM TO: messages that tell who wrote them and in what order
lines() {
	seq -f "{\"channel\":\"$1\",\"n\":\"$1\",\"v\":%.0f}" "$2" "$3"
}

read_all() {
	mfx-sub --no-follow --from start "$@"
}

# without positions and marks
bare() {
	sed -E '/^\{"seq":[0-9]+\}$/d; s/"seq":[0-9]+,//'
}

count_is() {
	(($(wc -l <"$1") == $2))
}

@test "--last: the last lines that there are, then what comes" {
	status 66 mfx-sub --no-follow --last 3 raw
	lines a 1 50 | mfx-pub raw
	mfx-sub --no-follow --last 3 raw | bare | cmp - <(lines a 48 50)
	mfx-sub --no-follow --last 99 raw | bare | cmp - <(lines a 1 50)
	start_ready mfx-sub --last 2 -n 4 raw
	lines a 51 52 | mfx-pub raw
	wait "$PID"
	bare <"$PID_OUT" | cmp - <(lines a 49 52)
	# a new group begins there, one that exists where it is
	mfx-sub --no-follow --last 1 raw/g | bare | cmp - <(lines a 52 52)
	mfx-bus seek raw/g start
	mfx-sub --no-follow --last 1 raw/g | bare | cmp - <(lines a 1 52)
	status 64 mfx-sub --last 1 --tail raw
	status 64 mfx-sub --last 0 raw
}

@test "lines ended by NUL, or after their length, from stream to stream" {
	local form
	lines a 1 3000 | mfx-pub raw
	for form in nul length; do
		mfx-sub --no-follow --framing $form raw/$form |
			mfx-pub --framing $form --ack raw/$form $form
		read_all $form | bare | cmp - <(lines a 1 3000)
		# as one who did not write it reads it
		mfx-sub --no-follow --framing $form raw >$form.bin
		python3 - $form <<'END' | bare | cmp - <(lines a 1 3000)
import sys
form = sys.argv[1]
data = open(form + ".bin", "rb").read()
while data:
    n = data.index(b"\0") if form == "nul" else int.from_bytes(data[:4], "big")
    at = 0 if form == "nul" else 4
    print(data[at:at + n].decode())
    data = data[n + (1 if form == "nul" else 4):]
END
		# cut off anywhere: what is whole is taken, and no more moves
		for n in 1 2 3 4 5 40 1000; do
			head -c $n $form.bin | mfx-pub --framing $form \
			    --ack raw/cut$n.$form cut$n.$form 2>err || true
			cmp <(read_all cut$n.$form 2>err | bare) \
			    <(read_all raw | bare | head -n "$(read_all cut$n.$form 2>/dev/null | wc -l)")
		done
	done
	mfx-sub --no-follow -0 raw | cmp nul.bin -
	# messages of several lines become lines
	printf '{"n":"a",\n"v":1}\0[{"n":"b","v":2},\n{"n":"c","v":3}]\0\0' |
		mfx-pub -0 many
	count_is <(read_all many) 2
	read_all many | mfx-normalize >made
	count_is made 3
	# a line break in a text, no frame, something too long
	printf '{"n":"x\ny","v":1}\0{"n":"z","v":1}\0' >bad
	status 65 mfx-pub -0 --rejects said many <bad 2>err
	grep -q 'a line break in a text' err
	status 65 mfx-pub --framing length many <<<'{"n":"z","v":1}' 2>err
	{ head -c 3000000 /dev/zero | tr '\0' x; cat bad; } >long
	status 65 mfx-pub -0 many <long 2>err
	count_is <(read_all many) 4
	# records of mfx-fmt
	read_all raw | mfx-fmt -0 -F '{name}\n{value}' | head -c 8 |
		cmp - <(printf 'a\n1\0a\n2\0')
	read_all raw | mfx-fmt --framing length -t tsv --fields value |
		head -c 10 | cmp - <(printf '\0\0\0\0011\0\0\0\0012')
	status 64 mfx-fmt -0 -t json
}
