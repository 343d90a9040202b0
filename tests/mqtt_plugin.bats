#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx_mosquitto.so in a real mosquitto, with mosquitto's own clients and
# Debian's python3-paho-mqtt.
load setup
load site
load mqtt

setup_suite_test() {
	make_site
}

@test "what a thing publishes is on the bus before it is acknowledged" {
	start_broker
	publish /room/1 '[{"n":"t","v":21}]' -q 1
	on_bus 1
	jq -e --arg c "$CHANNEL" --arg t "$THING" '.[0] | .channel == $c and
	    .publisher == $t and .protocol == "mqtt" and .subtopic == "room.1"
	    and .n == "t" and .v == 21' "$MFX_HOME"/bus/raw/*.ndjson
}
