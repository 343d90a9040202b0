# Loaded by every suite (`load setup`): our programs first in PATH, a home of
# its own for each test, and servers that end with the test, by pid.  Nothing
# here or in a suite sleeps for a guessed time: await a condition.

ROOT=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
BIN=${MFX_BIN:-$ROOT/bin}
# Debian's login PATH has no sbin, where mosquitto and nginx are
PATH=$BIN:$PATH:/usr/sbin:/sbin
VECTORS=$ROOT/tests/vectors
# of free_port; in a user namespace of a test, too, where $UID is another
export MFX_PORTS=${MFX_PORTS:-/tmp/mfx-ports.$UID}
# nobody writes into it: what pause reads for a while
[[ -p $MFX_PORTS/silent ]] || {
	mkdir -p -m 700 "$MFX_PORTS"
	mkfifo -m 600 "$MFX_PORTS/silent" 2>/dev/null || true
}

# bats notes where it is before each command, which takes longer than most
# commands.  Here the place is noted when one has failed; `bats --trace` is as
# ever.
failed_here() {
	BATS_ERROR_STATUS=${BATS_ERROR_STATUS:-$?}
	bats_capture_stack_trace
	bats_error_trap
}

setup() {
	if ((${BATS_TRACE_LEVEL:-0} == 0)); then
		trap - DEBUG
		trap failed_here ERR
		BATS_DEBUG_LAST_STACK_TRACE=()
		BATS_DEBUG_LASTLAST_STACK_TRACE=()
	fi
	export MFX_HOME=$BATS_TEST_TMPDIR/home
	unset MFX_BUS MFX_LOG MFX_USER MFX_URL MFX_TOKEN_FILE MFX_CACERT MFX_STORE
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	PIDS=()
	cd "$BATS_TEST_TMPDIR" || return
	if declare -F setup_suite_test >/dev/null; then setup_suite_test; fi
}

teardown() {
	local pid
	if declare -F servers_end >/dev/null; then servers_end; fi
	for pid in "${PIDS[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

# pause SECONDS, or a part of one: how long a fault lasts, and when the next one
# comes.  No process is made for it, so that $! stays.
pause() {
	read -rt "$1" <>"$MFX_PORTS/silent" || true
}
# await pauses, in a shell that a test gives it to as well
export -f pause

# await SECONDS COMMAND…: waits until the command succeeds, or fails; no less
# than a minute, as a machine that runs other suites may be as slow as that.  It
# is run again after a tenth of the time that has gone by, so that waiting for
# long costs little.
await() {
	local _begin=${EPOCHREALTIME/[^0-9]/} _now _pause _end
	_end=$((_begin + ($1 > 60 ? $1 : 60) * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		_now=${EPOCHREALTIME/[^0-9]/}
		if ((_now >= _end)); then
			echo "never came: $*" >&2
			return 1
		fi
		_pause=$(((_now - _begin) / 10))
		((_pause >= 10000)) || _pause=10000
		((_pause <= 250000)) || _pause=250000
		printf -v _pause 0.%06d $_pause
		pause $_pause
	done
}

# has the process ended?
gone() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	[[ ${stat##*) } == [ZX]* ]]
}

# start COMMAND…: in the background, until the end of the test; its pid is $PID,
# its stdout and stderr go to the files $PID_OUT and $PID_ERR
start() {
	PID_OUT=$BATS_TEST_TMPDIR/out.${#PIDS[@]}
	PID_ERR=$BATS_TEST_TMPDIR/err.${#PIDS[@]}
	"$@" >"$PID_OUT" 2>"$PID_ERR" 3>&- &
	PID=$!
	PIDS+=("$PID")
}

# start_ready COMMAND…: starts one of our servers with --ready-fd and waits
# until it is ready; with PID_TO=FILE set its stdout goes there, and with
# PID_FROM=FILE its stdin comes from there
start_ready() {
	local fifo=$BATS_TEST_TMPDIR/ready.${#PIDS[@]} line
	mkfifo "$fifo"
	PID_OUT=$BATS_TEST_TMPDIR/out.${#PIDS[@]}
	PID_ERR=$BATS_TEST_TMPDIR/err.${#PIDS[@]}
	"$@" --ready-fd 9 <"${PID_FROM:-/dev/null}" >"${PID_TO:-$PID_OUT}" \
	    2>"$PID_ERR" 3>&- 9>"$fifo" &
	PID=$!
	PIDS+=("$PID")
	if ! read -rt 60 line <"$fifo"; then
		cat "$PID_ERR" >&2
		return 1
	fi
}

# free_port NAME…: sets each of these variables to a port of 127.0.0.1.  No
# other test of any suite gets that port until this one and its servers have
# ended: they hold a lock on a file of that name.  No connection gets it while a
# server restarts, either: those get ports from 32768 on.  Not for $(…), where
# the lock would end.
free_port() {
	local _name _port _lock _hex _dir=$MFX_PORTS
	mkdir -p -m 700 "$_dir"
	for _name; do
		while :; do
			_port=$((10000 + RANDOM % 22768))
			exec {_lock}>"$_dir/$_port"
			printf -v _hex ':%04X ' "$_port"
			if flock -n "$_lock" &&
			    ! grep -q "$_hex" /proc/net/{tcp,udp}{,6}; then
				break
			fi
			exec {_lock}>&-
		done
		printf -v "$_name" %s "$_port"
	done
}

# clock_of FILE: what stands before a command whose wall clock clock_set moves
clock_of() {
	[[ -e $1 ]] || head -c 8 /dev/zero >"$1"
	echo env "LD_PRELOAD=$ROOT/${BUILD:-build}/clock.so" "CLOCK_FILE=$1"
}

# clock_set FILE SECONDS: it is as fast as that, from now on
clock_set() {
	python3 -c 'import struct, sys
with open(sys.argv[1], "r+b") as f:
    f.write(struct.pack("@q", int(sys.argv[2])))' "$@"
}

# silent FILE: it holds no message, except that a registry was made
silent() {
	refute grep -v ': made, as there was no registry$' "$1"
}

# status N COMMAND…: the command ends with exactly that status
status() {
	local want=$1 got=0
	shift
	"$@" || got=$?
	if ((got != want)); then
		echo "status $got, not $want: $*" >&2
		return 1
	fi
}

# refute COMMAND…: it has to fail.  `! COMMAND` in the middle of a test is never
# looked at (set -e passes over it).
refute() {
	local got=0
	"$@" || got=$?
	# 2: grep has not looked, as there is no such file
	if ((got == 0)) || [[ $1 == grep && $got -gt 1 ]]; then
		echo "status $got: $*" >&2
		return 1
	fi
}

# prints how many bytes wait in the pipe that is open as this descriptor
in_pipe() {
	python3 -c 'import fcntl, struct, sys, termios
n = fcntl.ioctl(int(sys.argv[1]), termios.FIONREAD, bytes(4))
print(struct.unpack("i", n)[0])' "$1"
}

# has all of it been read?
drained() {
	(($(in_pipe "$1") == 0))
}

# does the process sleep, waiting for something?
sleeps() {
	[[ $(sed 's/.*) //' "/proc/$1/stat") == S* ]]
}

# is the service of a runsv down, and not just between two starts?  Told to
# exit then, runsv would be told by our `finish` to stay.
rests() {
	[[ $(sv status "$1") =~ ^down:[^\;]*s,\ normally\ up(\;|$) ]]
}

# start_ready_on FIFO COMMAND…: with the FIFO as its stdin, which is open
# for writing as fd 5
start_ready_on() {
	local fifo=$1 ready=$BATS_TEST_TMPDIR/ready line
	shift
	rm -f "$ready"
	mkfifo "$ready"
	"$@" --ready-fd 9 <"$fifo" >out 2>err 3>&- 9>"$ready" &
	PID=$!
	PIDS+=("$PID")
	exec 5>"$fifo"
	read -rt 60 line <"$ready"
}

# clauses_shown FILE N: each clause of the table has a test that is there, or a
# reason, and there are more than N
clauses_shown() {
	local rfc section word text shown n=0
	while IFS=$'\t' read -r rfc section word text shown; do
		[[ $rfc != RFC ]] || continue
		n=$((n + 1))
		[[ -n $shown && $text ]] || { echo "$rfc $section: $text"; return 1; }
		[[ $word =~ ^(MUST|MUST\ NOT|SHOULD|SHOULD\ NOT)$ ]] ||
			{ echo "$rfc $section: $word"; return 1; }
		case $shown in
		'-: '?*) ;;
		unit/*': '*) grep -qF "TEST(\"${shown#*: }\")" \
			    "$ROOT/tests/${shown%%: *}.c" ||
			    { echo "no test '$shown'"; return 1; } ;;
		*': '*)	grep -qF "@test \"${shown#*: }\"" \
			    "$ROOT/tests/${shown%%: *}.bats" ||
			    { echo "no test '$shown'"; return 1; } ;;
		*) echo "$rfc $section: '$shown'"; return 1 ;;
		esac
	done <"$ROOT/tests/$1"
	((n > $2))
}
