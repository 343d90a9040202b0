# SPDX-License-Identifier: Apache-2.0
# A small site for the suites that use all of it: `load site` after `load
# setup`.

# one user, one channel and one thing on it: $THING, $KEY (and the file
# `key`), $CHANNEL
make_site() {
	export MFX_USER=ann@example.com
	local thing
	mfx-users create "$MFX_USER" --password-file - <<<'correct horse'
	thing=$(mfx-things create --name meter)
	THING=$(jq -r .id <<<"$thing")
	KEY=$(jq -r .key <<<"$thing")
	(umask 077; echo "$KEY" >key)
	CHANNEL=$(mfx-channels create --name garden | jq -r .id)
	mfx-channels connect "$CHANNEL" "$THING"
}

# serve [OPTION…]: mfx-adapt-http on $PORT
serve() {
	[[ ${PORT-} ]] || free_port PORT
	start_ready mfx-adapt-http -l "127.0.0.1:$PORT" "$@"
	MESSAGES=http://127.0.0.1:$PORT/channels/$CHANNEL/messages
}

# post BODY [SUBTOPIC] [CONTENT-TYPE]: prints the status that came back.  BODY
# is as for curl, so @FILE as well.
post() {
	curl -sS -o answer -w '%{http_code}' -m 20 -X POST \
	    -H "Authorization: $KEY" \
	    -H "Content-Type: ${3:-application/senml+json}" \
	    --data-binary "$1" "$MESSAGES${2:+/$2}"
}

# expect STATUS BODY …
expect() {
	local want=$1 got
	shift
	got=$(post "$@")
	[[ $got == "$want" ]] || { echo "answered $got, not $want: $1"; return 1; }
}

# follow: runs the pipeline from the bus into messages.db until the end of the
# test; its messages are in follow.err
follow() {
	mkfifo to-normalize to-store
	mfx-sub raw/store >to-normalize 2>>follow.err 3>&- &
	PIDS+=($!)
	mfx-normalize <to-normalize >to-store 2>>follow.err 3>&- &
	PIDS+=($!)
	mfx-write-sqlite --ack raw/store messages.db \
	    <to-store 2>>follow.err 3>&- &
	PIDS+=($!)
}

# stores what is on the bus, and returns
store_all() {
	mfx-sub raw/store --no-follow | mfx-normalize |
		mfx-write-sqlite --ack raw/store "${1:-messages.db}"
}

# on_small_disk MEGABYTES DIR FUNCTION: runs it with a disk of that size mounted
# at DIR, which nobody else sees and which disappears afterwards
on_small_disk() {
	mkdir -p "$2"
	export -f make_site serve post expect await pause start_ready free_port status \
	    start "$3"
	export CHANNEL THING KEY BATS_TEST_TMPDIR
	unshare --mount $( ((EUID == 0)) || echo --map-root-user) \
	    bash -euo pipefail -c "mount -t tmpfs -o size=${1}m none '$2'
	        PIDS=() PORT=; trap 'kill \"\${PIDS[@]}\" 2>/dev/null || :; wait' EXIT
	        $3" 3>&-
}
