#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where the servers listen: --listen and --admin, which read addresses by one
# function.
load setup

setup_suite_test() {
	mfx-users create --password-file - ann@example.com <<<"correct horse"
}

SERVERS=(mfx-adapt-http mfx-adapt-ws mfx-adapt-coap mfx-api)

# refuses OPTION ADDRESS: each of the servers, with 64 and in these words
refuses() {
	local p
	for p in "${SERVERS[@]}"; do
		set -- "$1" "$2" -l 127.0.0.1:0
		[[ $1 == --admin ]] || set -- "$1" "$2"
		status 64 timeout 20 "$p" "${@:3}" "$1" "$2" </dev/null 2>err
		grep -qF -- "$1 '$2': " err || { cat err; return 1; }
	done
}

@test "a port that can't be one, or none: 64, with the option and the value" {
	local address
	for address in 127.0.0.1:99999 127.0.0.1:65536 127.0.0.1: : '' \
	    127.0.0.1:+80 127.0.0.1:-1 '127.0.0.1: 80' '127.0.0.1:80 ' \
	    127.0.0.1:0x50 127.0.0.1:http 127.0.0.1 ::1:8185 '[::1]' \
	    '[::1]8185' 127.0.0.1:18446744073709551617; do
		refuses --listen "$address"
		refuses --admin "$address"
	done
}

@test "a name that stands for nothing: 64, and said with the option" {
	refuses --listen name.invalid:8185
}

@test ":PORT is all addresses of both kinds, --admin too" {
	local p host port admin
	for p in mfx-adapt-http mfx-adapt-ws mfx-api; do
		free_port port admin
		start_ready "$p" -l ":$port" --admin ":$admin"
		for host in 127.0.0.1 '[::1]'; do
			curl -gsS -m 20 -o answer "http://$host:$port/"
			curl -gfsS -m 20 -o answer "http://$host:$admin/version"
			grep -q version answer
		done
	done
	free_port port
	start_ready mfx-adapt-coap -l ":$port"
	: </dev/tcp/127.0.0.1/"$port"
	: </dev/tcp/::1/"$port"
}

@test "port 0 is the same free one for all addresses" {
	local port
	start_ready mfx-adapt-http -v -l :0
	await 20 grep -q 'serving on \[' "$PID_ERR"
	[[ $(grep -o 'serving on .*' "$PID_ERR" | sed 's/.*://' | sort -u |
	    wc -l) == 1 ]]
	(($(grep -c 'serving on' "$PID_ERR") == 2))
}

@test "a port that one kind of address has in use is refused as a whole" {
	local port
	free_port port
	start_ready mfx-adapt-http -l "[::]:$port"
	status 69 timeout 20 mfx-adapt-http -l ":$port" 2>err </dev/null
	grep -qF -- "--listen ':$port': Address already in use" err
	# but both kinds may be two programs'
	start_ready mfx-adapt-http -l "0.0.0.0:$port"
}

@test "a unix socket is ours alone, or has the mode that is asked for" {
	start_ready mfx-adapt-http -l "unix:$PWD/own" -l "unix:$PWD/all,mode=660"
	[[ $(stat -c %a own all | xargs) == '600 660' ]]
	curl -sS --unix-socket all http://localhost/version | grep -q version
	local wrong
	for wrong in "$PWD/x,mode=" "$PWD/x,mode=888" "$PWD/x,mode=rw" '' \
	    "$PWD/x,mode=66" "/$(printf 'x%.0s' {1..108})"; do
		status 64 timeout 20 mfx-adapt-http -l "unix:$wrong" 2>err </dev/null
		grep -qF -- "--listen 'unix:" err
	done
	[[ ! -e x ]]
}
