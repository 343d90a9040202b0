#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Processes that are killed, disks that are full: what was acknowledged is
# stored exactly once, whatever happened.
load setup
load site

setup_suite_test() {
	make_site
}

# KILLS=1000 SEED=7 bats tests/faults.bats for a longer run, or the same
kills() {
	local port seed=${SEED:-$((10#$(date +%N) % 100000))} database=$1 kills=$2
	shift 2
	free_port port
	echo "# seed $seed" >&3
	"$ROOT/tests/faults.py" --kills "${KILLS:-$kills}" --seed "$seed" \
	    --port "$port" --channel "$CHANNEL" --key-file key \
	    --adapter "mfx-adapt-http -l 127.0.0.1:$port -o raw" \
	    --database "$database" "$@" >counts ||
		{ cat counts; tail -n 20 stages.log; false; }
	sed 's/^/# /' counts >&3
	mfx-bus verify raw
	# no half of a line was ever taken for a bad one
	if grep -E "ended.*, 65\)" counts; then tail -n 20 stages.log; false; fi
}

@test "80 kills of any stage: every 202 is stored exactly once" {
	kills messages.db 80 \
	    --stage "mfx-sub raw/store" --stage mfx-normalize \
	    --stage "mfx-write-sqlite --ack raw/store messages.db"
}

@test "80 kills with grep in the pipe, which drops the ends of lines and all marks" {
	kills messages.db 80 --names a \
	    --stage "mfx-sub raw/store" --stage mfx-normalize \
	    --stage "grep --line-buffered client[0-9]*:a" \
	    --stage "mfx-write-sqlite --batch 7 --every 20ms --ack raw/store messages.db"
}

@test "40 kills over two streams, with grep before each sink" {
	kills messages.db 40 --names a \
	    --stage "mfx-sub raw/norm" --stage mfx-normalize \
	    --stage "grep --line-buffered client[0-9]*:a" \
	    --stage "mfx-pub --ack raw/norm norm" \
	    --pipeline "mfx-sub norm/store" \
	    --stage "grep --line-buffered client" \
	    --stage "mfx-write-sqlite --every 20ms --ack norm/store messages.db"
}

full_bus() {
	local bus=$MFX_HOME/bus i answer refused=0 taken=0
	head -c 1500000 /dev/zero >"$bus/ballast"
	serve -o raw
	printf '[{"n":"dev:x","vs":"%s"}]' "$(head -c 20000 /dev/zero | tr '\0' x)" >body
	for ((i = 0; i < 60; i++)); do
		answer=$(post @body)
		case $answer in
		202) taken=$((taken + 1)) ;;
		503|507) refused=$((refused + 1)) ;;
		*) echo "answered $answer"; return 1 ;;
		esac
	done
	echo "taken $taken refused $refused"
	((taken > 0 && refused > 0))
	# nothing half-written
	cat "$bus"/raw/*.ndjson | jq -c . | wc -l >lines
	[[ $(<lines) == "$taken" && $(tail -c 1 "$bus"/raw/*.ndjson) == "" ]]
	# and it goes on by itself
	rm "$bus/ballast"
	await 20 expect 202 @body
	cat "$bus"/raw/*.ndjson | jq -c . | wc -l >lines
	(($(<lines) == taken + 1))
	mfx-bus verify raw
}

@test "bus on a full disk: 503, nothing half-written, and on when there is room" {
	on_small_disk 2 "$MFX_HOME/bus" full_bus
}

full_store() {
	mfx-gen --count 100000 --seed 1 --channel "$CHANNEL" | mfx-pub raw
	{ mfx-sub raw/store --no-follow | mfx-normalize |
		mfx-write-sqlite --ack raw/store small/m.db 2>err; } &
	PIDS+=($!)
	await 30 grep -qi full err
	# what has been stored can be read meanwhile, and is no more than that
	mfx-read-sqlite small/m.db | sort >before
	# it goes on by itself, to the end
	mount -t tmpfs -o remount,size=200m none small
	wait "${PIDS[-1]}"
	mfx-read-sqlite small/m.db | sort >after
	[[ -s before && -z $(comm -23 before after) ]]
	# a store of numbers keeps 3.610 as 3.61
	mfx-sub raw --no-follow | mfx-normalize | sed -E 's/"(seq|part)":[0-9]*,//g
	    s/("v":-?[0-9]+\.[0-9]*[1-9])0+,/\1,/; s/("v":-?[0-9]+)\.0+,/\1,/' |
		sort | cmp - after
}

@test "store on a full disk: it waits, goes on, and nothing is lost or doubled" {
	on_small_disk 4 "$BATS_TEST_TMPDIR/small" full_store
}
