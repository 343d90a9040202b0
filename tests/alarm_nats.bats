#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# mfx-alarm when the bus is away
load setup
load bus
load servers

@test "events that wait for the bus are on it once it is back, though no line comes" {
	server_start nats
	export MFX_BUS=$(server_url nats)
	there() {
		mfx-sub --no-follow --from start alarms | grep -q "$1"
	}
	echo 'alarm hot value > 80' >rules
	mkfifo fifo
	start_ready_on fifo mfx-alarm -o alarms rules
	echo '{"publisher":"p1","n":"t","v":90,"t":100}' >&5
	await 20 there '"vs":"raise"'
	server_kill nats
	echo '{"publisher":"p1","n":"t","v":1,"t":101}' >&5
	await 20 grep 'the events wait' err
	pause 2	# it has looked around meanwhile
	server_restart nats
	await 60 there '"vs":"clear"'
	exec 5>&-
	await 20 gone "$PID"
	(($(mfx-sub --no-follow --from start alarms | wc -l) == 2))
}
