#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# scripts/deploy/prometheus: what promtool and amtool say of it, and a real
# Prometheus that finds a server down and up again
load setup

DIR=$ROOT/scripts/deploy/prometheus

@test "promtool takes the configuration and the rules, and their tests pass" {
	promtool check config "$DIR/prometheus.yml"
	promtool check rules "$DIR/mfx.rules.yml"
	promtool test rules "$DIR/mfx.rules.test.yml"
	# which fail when a rule says something else
	cp "$DIR"/mfx.rules* .
	sed -i 's/oldest_unread_seconds > 300/oldest_unread_seconds > 3000/' mfx.rules.yml
	status 1 promtool test rules mfx.rules.test.yml
}

@test "amtool takes the configuration of Alertmanager" {
	amtool check-config "$DIR/alertmanager.yml"
	severity() {
		amtool config routes test --config.file "$DIR/alertmanager.yml" \
		    "severity=$1"
	}
	[ "$(severity critical)" = duty ]
	[ "$(severity warning)" = ops ]
}

@test "each alert has a test, a severity and texts" {
	local name
	for name in $(sed -n 's/.*- alert: //p' "$DIR/mfx.rules.yml"); do
		grep -qE "alertname: $name\$" "$DIR/mfx.rules.test.yml" ||
			{ echo "$name: no test"; false; }
		sed -n "/- alert: $name\$/,/- alert:/p" "$DIR/mfx.rules.yml" >alert
		grep -qE 'severity: (critical|warning)' alert
		grep -q 'summary: ' alert && grep -q 'description: ' alert
	done
}

# the state of the alert for our server: firing, pending or nothing
alert() {
	curl -sS "http://127.0.0.1:$PROMETHEUS/api/v1/alerts" |
		jq -r '.data.alerts[] | select(.labels.server == "mfx-adapt-http") |
		    .labels.alertname + " " + .state'
}

fires() {
	[ "$(alert)" = 'MfxServerDown firing' ]
}

answers() {
	curl -sS "http://127.0.0.1:$PROMETHEUS/api/v1/query?query=up" |
		jq -e '.data.result[] | select(.metric.server == "mfx-adapt-http" and .value[1] == "1")'
}

@test "Prometheus scrapes a server, and its alert fires and clears" {
	local port admin
	free_port PROMETHEUS port admin
	echo 'correct horse' | mfx-users create --password-file - ann@example.com
	cp "$DIR"/{prometheus,mfx.rules}.yml .
	sed -i -E "s/(interval): [0-9].*/\1: 200ms/; s/127.0.0.1:9185/127.0.0.1:$admin/; /^alerting/,/^\$/d" prometheus.yml
	sed -i -E 's/for: [0-9]+m/for: 200ms/' mfx.rules.yml
	start_ready mfx-adapt-http -l "127.0.0.1:$port" --admin "127.0.0.1:$admin" -o raw
	server=$PID
	start prometheus --config.file prometheus.yml --storage.tsdb.path tsdb \
	    --web.listen-address "127.0.0.1:$PROMETHEUS"
	await 60 answers
	refute fires
	kill "$server"
	await 60 fires
	start_ready mfx-adapt-http -l "127.0.0.1:$port" --admin "127.0.0.1:$admin" -o raw
	await 60 answers
	cleared() { [ -z "$(alert)" ]; }
	await 60 cleared
}
