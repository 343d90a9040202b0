#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-top: chains of processes, their slowest stage, the busiest tenants; as
# text, as JSON, and on the screen of a real terminal, which tmux is.
load setup
load site

lines() {
	mfx-gen --seed 1 --count "$1" --channel c --publisher p --start 1700000000
}

# json FILTER: of one look
json() {
	mfx-top -t json -n 1 --every 100ms >look && jq -er "$1" look
}

# json_is FILTER VALUE
json_is() {
	[[ $(json "$1") == "$2" ]]
}

# ---- text and JSON ----

@test "a pipeline is a chain, with its stream, group and store" {
	lines 100 | mfx-pub raw
	follow
	await 20 json_is '.groups[] | select(.group == "store") | .lag' 0
	json '.chains | length' | grep -qx 1
	json '.chains[0] | [.stream, .group, .store, .lag] | @tsv' >got
	printf 'raw\tstore\tsqlite:messages.db\t0\n' | cmp - got
	[[ $(json '.chains[0].pids | @csv') == "$(IFS=,; echo "${PIDS[*]}")" ]]
	[[ $(jq -r '.processes[] | select(.program == "mfx-normalize")
	    | [.lines_in, .lines_out] | @csv' look) == 100,300 ]]
	# none has anything to do
	refute jq -e '.chains[0].bottleneck' look
	mfx-top -b -n 1 --every 100ms >text
	grep -q '^  raw > store > sqlite:messages.db .* lag 0 0s$' text
	grep -qE "^    mfx-sub  +${PIDS[0]} " text
	(($(awk '{ if (length > n) n = length } END { print n }' text) <= 80))
}

@test "rates are those between two looks" {
	mkfifo in
	mfx-pub raw <in 3>&- &
	PIDS+=($!)
	exec 5>in
	lines 1 >&5
	await 20 json_is '.processes | length' 1
	mfx-top -t json -n 1 --every 1s >look 3>&- 5>&- &
	local top=$!
	PIDS+=("$top")
	# as many as will be counted between its looks, if not before
	until gone "$top"; do
		lines 50 >&5
		pause 0.05
	done
	jq -e '.processes[0] | .lines_in_rate > 0 and .lines_in > 1 and
	    .lines_in_rate < .lines_in * 1.2' look
	exec 5>&-
}

@test "the slowest stage is marked: the one whose pipe is full" {
	mfx-pub raw </dev/null
	follow
	await 20 json_is '.processes | length' 3
	kill -STOP "${PIDS[1]}"
	lines 20000 | mfx-pub raw
	await 20 json_is '.chains[0].bottleneck' "${PIDS[1]}"
	mfx-top -b -n 1 --every 100ms >text
	grep -qE "^\*   mfx-normalize +${PIDS[1]}T .* slow\$" text
	(($(grep -c '^\*' text) == 1))
	# now the writer
	kill -STOP "${PIDS[2]}"
	kill -CONT "${PIDS[1]}"
	await 20 json_is '.chains[0].bottleneck' "${PIDS[2]}"
	kill -CONT "${PIDS[2]}"
	await 60 json_is '.chains[0].lag' 0
	json_is '.chains[0].bottleneck // "none"' none
}

@test "a group without a reader, and chains by their lag" {
	lines 100 | mfx-pub raw
	mfx-bus seek --create raw/small -1h
	mfx-bus seek --create raw/large start
	mfx-sub --no-follow -n 90 raw/small >/dev/null
	mfx-bus seek raw/small end
	mfx-top -b -n 1 --every 100ms --sort lag >text
	[[ $(grep -o 'raw > [a-z]* > no reader' text) == "$(printf '%s\n' \
	    'raw > large > no reader' 'raw > small > no reader')" ]]
	mfx-top -b -n 1 --every 100ms --sort name >text
	[[ $(grep -o 'raw > [a-z]* > no reader' text | tail -n 1) == \
	    'raw > small > no reader' ]]
}

@test "the busiest tenants, with their names, which can't act on a terminal" {
	make_site
	mfx-things update "$THING" --name $'m\u202ered'
	serve -o raw
	expect 202 '[{"n":"t","v":1}]'
	expect 202 '[{"n":"t","v":2}]'
	await 20 json_is '[.busiest[] | select(.messages == 2 and .bytes == 34)
	    | .kind] | join(" ")' 'user thing channel'
	[[ $(jq -r '.busiest[] | select(.kind == "user") | .id' look) == "$MFX_USER" ]]
	[[ $(jq -r '.busiest[] | select(.kind == "thing") | [.id, .owner]
	    | join(" ")' look) == "$THING $MFX_USER" ]]
	[[ $(jq -r '.busiest[] | select(.kind == "thing") | .name' look) == \
	    $'m\u202ered' ]]
	[[ $(jq -r '.busiest[] | select(.kind == "channel") | .name' look) == garden ]]
	mfx-top -b -n 1 --every 100ms >text
	refute grep -qP '[\x00-\x09\x0b-\x1f\x7f]' text
	refute grep -q $'\u202e' text
	grep -qF 'm\xe2\x80\xaered' text
}

@test "a user with many things is busy, though none of these is" {
	make_site
	seq 60 | jq -c '{name: ("t" + tostring)}' | mfx-things create -f - >things
	jq -r .id things | xargs mfx-channels connect "$CHANNEL"
	serve -o raw
	for KEY in $(jq -r .key things); do
		expect 202 '[{"n":"t","v":1}]'
	done
	await 20 json_is '.busiest[] | select(.kind == "user") | .messages' 60
	[[ $(jq '[.busiest[] | select(.kind == "thing")] | length' look) -le 32 ]]
}

@test "outside of a site, and with a bus that can't be read" {
	json_is '[.processes, .chains, .streams, .busiest] | map(length) | add' 0
	[[ ! -e $MFX_HOME ]]
	export MFX_BUS=$PWD/look
	json .no_bus
	mfx-top -b -n 1 --every 100ms | sed -n 2p | grep -qF "$(jq -r .no_bus look)"
}

@test "a reader that ends, and stdin and stdout without a terminal" {
	status 64 mfx-top <<<q >out 2>err
	grep -q 'not a terminal; see -b$' err
	mfx-top -b --every 100ms 2>err | head -n 1 >/dev/null
	[[ ! -s err ]]
	start mfx-top -b --every 100ms
	await 20 test -s "$PID_OUT"
	kill "$PID"
	wait "$PID"
}

# ---- the screen ----

# term COLUMNS ROWS COMMAND: in a terminal; the shell in it says how it ended,
# and whether the terminal is as before
term() {
	export TMUX_TMPDIR=$BATS_TEST_TMPDIR
	unset TMUX
	cat >run.sh <<-E
		before=\$(stty -g)
		echo before
		$3
		echo "ended \$?"
		[[ \$(stty -g) == "\$before" ]] && echo as before
		read -r
	E
	tmux -f /dev/null new-session -d -x "$1" -y "$2" -s t \
	    "exec env TERM=screen bash --norc run.sh" 3>&-
	PIDS+=("$(tmux display-message -p -t t '#{pid}')")
}

keys() {
	tmux send-keys -t t "$@"
}

screen() {
	tmux capture-pane -p -t t >pane && grep -qE -- "$1" pane
}

no_screen() {
	tmux capture-pane -p -t t >pane && refute grep -qE -- "$1" pane
}

# the pid of the mfx-top in it
top_pid() {
	pgrep -P "$(tmux display-message -p -t t '#{pane_pid}')" mfx-top
}

# how often it has looked, as its clock shows
clock() {
	tmux capture-pane -p -t t | sed -n '1s/^mfx-top  \([0-9:]*\)Z.*/\1/p'
}

clock_is_not() {
	[[ $(clock) != "$1" ]]
}

@test "the screen: chains, keys, and the terminal as it was" {
	make_site
	lines 100 | mfx-pub raw
	mfx-bus seek --create raw/idle start
	follow
	term 80 24 'mfx-top --every 200ms'
	await 20 screen '^mfx-top  [0-9:]+Z  processes: 3  chains: 2  sorted by name$'
	await 20 screen '^  raw > store > sqlite:messages.db .* lag 0 0s$'
	screen '^> raw > idle > no reader .* lag [0-9.]+k [0-9]+d$'
	screen '^    STAGE  +PID +IN/s +OUT/s +BYTE/s +FILL +CPU +MEM$'
	screen "^    mfx-normalize +${PIDS[1]} "
	refute grep -qE '.{81}' pane
	# the selected chain stays so when they are sorted otherwise
	keys s
	await 20 screen 'sorted by rate$'
	keys s
	await 20 screen 'sorted by lag$'
	[[ $(grep -oE 'raw > (idle|store)' pane | head -n 1) == 'raw > idle' ]]
	keys Down
	await 20 screen '^> raw > store'
	keys s
	keys s
	await 20 screen 'sorted by name$'
	screen '^> raw > store'
	keys Enter
	await 20 no_screen 'raw > idle'
	screen 'lines in +100 +lines out +100$'
	keys Enter
	await 20 screen 'raw > idle'
	keys k
	await 20 screen '^> raw > idle'
	keys t
	await 20 screen '^    BUSIEST .* no messages of things were counted$'
	keys '?'
	await 20 screen 'q +quit'
	keys Escape
	await 20 screen STAGE
	keys p
	await 20 screen PAUSED
	keys Space
	await 20 no_screen PAUSED
	await 20 clock_is_not "$(clock)"
	keys q
	await 20 screen '^ended 0$'
	await 20 screen '^as before$'
	screen '^before$'
	refute grep -q STAGE pane
}

@test "the screen: another size, long names, and more chains than lines" {
	local i
	lines 1 | mfx-pub raw
	for i in $(seq -w 1 60); do
		mfx-bus seek --create "raw/$i-a-group-whose-name-is-quite-long-so-that-it-is-cut" start
	done
	term 60 12 'mfx-top --every 200ms'
	await 20 screen 'chains: 60'
	await 20 screen '^> raw > 01-a-group.*\.\.\. .*lag [0-9]+ [0-9]+d$'
	(($(wc -l <pane) == 12))
	refute grep -qE '.{61}' pane
	keys End
	await 20 screen '^> raw > 60'
	screen STAGE
	keys Home
	await 20 screen '^> raw > 01'
	tmux resize-window -t t -x 100 -y 30
	await 20 screen 'raw > 20'
	(($(wc -l <pane) == 30))
	keys NPage
	await 20 screen '^> raw > 11'
	tmux resize-window -t t -x 20 -y 4
	await 20 no_screen 'raw > 20'
	keys q
	tmux resize-window -t t -x 80 -y 24
	await 20 screen '^ended 0$'
}

@test "the screen: the terminal is put back after signals, and a stop" {
	local s
	for s in TERM INT QUIT SEGV ABRT HUP; do
		rm -rf tmux-*
		term 80 24 'mfx-top --every 200ms'
		await 20 screen STAGE
		await 20 top_pid >/dev/null
		if [[ $s == INT ]]; then keys C-c; else kill -$s "$(top_pid)"; fi
		[[ $s != HUP ]] || keys q
		await 20 screen '^ended [0-9]+$'
		await 20 screen '^as before$'
		screen '^before$'
		[[ $s != TERM && $s != INT && $s != HUP ]] || screen '^ended 0$'
		# the cursor is seen again
		[[ $(tmux display-message -p -t t '#{cursor_flag}') == 1 ]]
		tmux kill-server
	done
}

@test "the screen: stopped by ^Z and going on" {
	cat >job.sh <<-'E'
		set -m
		before=$(stty -g)
		mfx-top --every 200ms
		[[ $(stty -g) == "$before" ]] && echo stopped as before
		read -r
		fg %1 >/dev/null
		echo "ended $?"
	E
	term 80 24 'bash --norc job.sh'
	await 20 screen STAGE
	keys C-z
	await 20 screen '^stopped as before$'
	keys Enter
	await 20 screen STAGE
	keys q
	await 20 screen '^ended 0$'
	await 20 screen '^as before$'
}

@test "the screen: processes that come, are killed and vanish" {
	lines 100 | mfx-pub raw
	term 80 24 'mfx-top --every 200ms'
	await 20 screen 'processes: 0'
	follow
	await 20 screen 'processes: 3'
	kill -9 "${PIDS[@]: -3}"
	await 20 screen 'processes: 0'
	await 20 screen 'raw > store > no reader'
	keys q
	await 20 screen '^ended 0$'
}

@test "200 pipelines" {
	local i
	lines 10 | mfx-pub raw
	mkdir fifos
	for i in $(seq 1 200); do
		mkfifo "fifos/$i"
		mfx-sub "raw/g$i" >"fifos/$i" 2>/dev/null 3>&- &
		PIDS+=($!)
		mfx-grep --name '*' <"fifos/$i" >/dev/null 2>&1 3>&- &
		PIDS+=($!)
	done
	await 120 json_is '[.chains[].pids | select(length == 2)] | length' 200
	[[ $(jq '[.chains[].group] | unique | length' look) == 200 ]]
	term 80 24 'mfx-top'
	await 60 screen 'processes: 400  chains: 200'
	keys End
	await 60 screen '^> raw > g99 '
	keys q
	await 20 screen '^ended 0$'
}
