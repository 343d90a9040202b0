#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mosquitto with our plugin, and packets that MQTT forbids: mqtt_hostile.py has
# the tables.  Each row is judged by what is answered and by what is on the bus
# afterwards.
load setup
load site
load mqtt

setup_suite_test() {
	make_site
	make_more_things
}

@test "packets: whole, byte by byte, and with a message after them" {
	start_broker 'plugin_opt_tries 0'
	timeout 300 "$ROOT/tests/mqtt_hostile.py" >all
	sed -n 's/^? //p' all >may
	grep -v '^?' all >want
	(($(wc -l <want) > 20))
	jq -r '.[0].subtopic' "$MFX_HOME"/bus/raw/*.ndjson |
		grep -vxFf may >got
	diff <(sort want) <(sort got)
	[[ $(grep -c EVIL "$MFX_HOME"/bus/raw/*.ndjson) == 0 ]]
	kill -0 "$BROKER"
}
