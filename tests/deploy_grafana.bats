#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# scripts/deploy/grafana: what Grafana's schema says of the dashboards, and each
# query of each panel and variable, put to the real data source as Grafana would
# put it: it finds something.
load setup
load site
load tls
load servers

DIR=$ROOT/scripts/deploy/grafana
BOARDS=$DIR/dashboards

# queries KIND BOARD: each query of its panels, a line of JSON each: the
# target, with the panel's title
queries() {
	jq -c --arg type "$1" '.panels[] | .title as $title | .targets[]
	    | select(.datasource.type == $type) + {title: $title}' \
	    "$BOARDS/$2.json" >queries
	[[ -s queries ]]
	# of that kind are all of them
	[[ $(wc -l <queries) == "$(jq '[.panels[].targets[]] | length' "$BOARDS/$2.json")" ]]
}

# each FUNCTION: with each of these, until it finds something
each() {
	local query
	while IFS= read -r query <&6; do
		await 60 "$1" "$query" || {
			jq . <<<"$query"
			cat asked answer 2>/dev/null
			return 1
		}
	done 6<queries
}

# is there nothing left that Grafana would have replaced?
replaced() {
	cat >asked
	refute grep -E '\$[{_A-Za-z]' asked
}

# ---- the files ----

@test "Grafana's schema takes each dashboard, and not one that is wrong" {
	local check
	check=$("$ROOT/scripts/stores" --directory dashboards)/dashboards
	"$check" "$BOARDS"/*.json
	for wrong in '.panels[0].gridPos.w = "8"' '.panels[0].options.other = 1' \
	    '.panels[1].targets[0].expresion = "up"' '.title = 5' '.extra = 1'; do
		jq "$wrong" "$BOARDS/platform.json" >wrong.json
		status 1 "$check" wrong.json
	done
}

@test "each dashboard has an id of its own, and data sources that are provisioned" {
	[[ $(jq -r .uid "$BOARDS"/*.json | sort | uniq -d) == '' ]]
	jq -r '.. | .datasource? | objects | .uid + " " + .type' "$BOARDS"/*.json |
		sort -u >used
	/usr/bin/python3 -c 'import sys, yaml
for d in yaml.safe_load(sys.stdin)["datasources"]:
    print(d["uid"], d["type"])
    for v in d.get("secureJsonData", {}).values():
        assert v.startswith("$MFX_"), v' \
	    <"$DIR/provisioning/datasources/mfx.yaml" | sort >provisioned
	diff used provisioned
	[[ $(/usr/bin/python3 -c 'import sys, yaml
print(yaml.safe_load(sys.stdin)["providers"][0]["options"]["path"])' \
	    <"$DIR/provisioning/dashboards/mfx.yaml") == \
	    /usr/local/share/mfx/deploy/grafana/dashboards ]]
}

@test "panels of a dashboard do not overlap, and stay within 24 columns" {
	for board in "$BOARDS"/*.json; do
		jq -e '[.panels[] | .gridPos] as $p
		    | all($p[]; .x + .w <= 24)
		    and ([range($p | length) as $i | range($i) as $j
			| [$p[$i], $p[$j]]
			| select(.[0].x < .[1].x + .[1].w and .[1].x < .[0].x + .[0].w
			    and .[0].y < .[1].y + .[1].h and .[1].y < .[0].y + .[0].h)]
			== []) and ([.panels[].id] | unique | length) == ($p | length)' \
		    "$board"
	done
}

# ---- Prometheus ----

prometheus_asks() {
	local end
	printf -v end %.0f "$(date +%s)"
	jq -r .expr <<<"$1" | sed 's/\$__rate_interval/10s/g; s/\$\(stream\|user\)/.*/g' |
		replaced || return
	if [[ $(jq .instant <<<"$1") == true ]]; then
		set -- query
	else
		set -- query_range -d start=$((end - 60)) -d end="$end" -d step=5
	fi
	curl -sS -m 10 --data-urlencode query@asked "${@:2}" \
	    "http://127.0.0.1:$PROMETHEUS/api/v1/$1" >answer
	jq -e '.status == "success" and (.data.result | length > 0)' answer
}

# the values of a variable: label_values(METRIC, LABEL)
prometheus_has_variables() {
	local metric label
	while IFS=' ' read -r metric label; do
		curl -sS -m 10 -G --data-urlencode "match[]=$metric" \
		    "http://127.0.0.1:$PROMETHEUS/api/v1/label/$label/values" |
			jq -e '.data | length > 0'
	done < <(jq -r '.templating.list[] | select(.type == "query") | .query.query' \
	    "$BOARDS/$1.json" | sed -n 's/^label_values(\(.*\), \(.*\))$/\1 \2/p')
}

# a site with something to see, which goes on while it is looked at
busy_site() {
	mkdir fake
	cat >fake/systemctl <<-'END'
		#!/bin/sh
		printf 'Id=mfx-api.service\nActiveState=active\nNRestarts=1\n'
	END
	chmod +x fake/systemctl
	make_site
	follow
	serve -o raw
	free_port API EXPORT PROMETHEUS
	start_ready mfx-api -l "127.0.0.1:$API" --store messages=messages.db
	echo '{"channel":"c","n":1}' | mfx-pub --rejects bus:dead raw || true
	PATH=$PWD/fake:$PATH start_ready mfx-export -l "127.0.0.1:$EXPORT" --top \
	    --units 'mfx-*' --store messages=messages.db
	sed -E "s/(interval): [0-9].*/\1: 1s/; s/127.0.0.1:9150/127.0.0.1:$EXPORT/
	    /^rule_files/,/^\$/d; /^alerting/,/^\$/d; /those that were given/,\$d" \
	    "$ROOT/scripts/deploy/prometheus/prometheus.yml" >prometheus.yml
	start prometheus --config.file prometheus.yml --storage.tsdb.path tsdb \
	    --web.listen-address "127.0.0.1:$PROMETHEUS"
	start keep_busy
}

keep_busy() {
	while post '[{"n":"t","v":1},{"n":"h","v":40}]' >/dev/null; do
		KEY=wrong post '[]' >/dev/null
		curl -sS -H "Authorization: $KEY" \
		    "http://127.0.0.1:$API/channels/$CHANNEL/messages" >/dev/null
		echo '{"n":1' | mfx-pub --rejects bus:dead raw || true
		pause 0.5
	done
}

@test "platform, pipelines and tenants: Prometheus, which scrapes mfx-export, knows all that they ask" {
	local board
	busy_site
	for board in platform pipelines tenants; do
		queries prometheus $board
		each prometheus_asks
		prometheus_has_variables $board
	done
}

# ---- messages of a channel, in stores ----

# packs that came in the last minutes, with values of each kind
some_messages() {
	local now
	now=$(date +%s)
	CHANNEL=0196f000-0000-7000-8000-000000000001
	FROM=$((now - 600)) TO=$((now + 60))
	mfx-gen --count 60 --things 2 --start $((now - 300)) --every 5s \
	    --channel $CHANNEL >packs
	printf '[{"channel":"%s","publisher":"p","protocol":"http","received":%d,"n":"door","vb":true},{"n":"state","vs":"open"}]\n' \
	    $CHANNEL $((now - 10)) >>packs
	NAMES=$(mfx-normalize packs | jq -r .n | sort -u)
}

# the words of a list, quoted for SQL; for a regular expression
NAMES_SQL() { sed "s/.*/'&'/" <<<"$NAMES" | paste -sd,; }
NAMES_REGEX() { echo "($(sed 's/[][().*+?^$\/|]/\\&/g' <<<"$NAMES" | paste -sd'|'))"; }

postgres_asks() {
	jq -r '.rawSql? // .' <<<"$1" | sed "
	    s/\\\$__unixEpochGroupAlias(time, \\\$__interval)/floor((time)\/60)*60 AS \"time\"/
	    s/\\\$__unixEpochNanoFilter(time_ns)/time_ns >= ${FROM}000000000 AND time_ns <= ${TO}000000000/
	    s/\\\${channel:sqlstring}/'$CHANNEL'/; s/\\\${name:sqlstring}/$(NAMES_SQL)/" |
		replaced || return
	psql -v ON_ERROR_STOP=1 -At -f asked "$(server_url postgres)" >answer &&
		[[ -s answer ]]
}

@test "messages in PostgreSQL: each query finds rows" {
	server_start postgres
	some_messages
	mfx-normalize packs | mfx-write-postgres "$(server_url postgres)"
	queries grafana-postgresql-datasource messages-postgres
	each postgres_asks
	# the newest one first, whatever kind its value has
	[[ $(head -n 1 answer) == *'|state|open|'* || $(head -n 1 answer) == *'|door|true|'* ]]
	jq -c '.templating.list[].query' "$BOARDS/messages-postgres.json" >queries
	each postgres_asks
	[[ $(<answer) == "$NAMES" ]]
}

influx_asks() {
	jq -r '.query? // .' <<<"$1" | sed "
	    s/\\\$timeFilter/time >= ${FROM}000ms AND time <= ${TO}000ms/
	    s/\\\$__interval/60s/; s/\\\${channel}/$CHANNEL/
	    s,\\\${name:regex},$(NAMES_REGEX),
	    s/\\\$tag_name//" | replaced || return
	server_curl influx /query -G --data-urlencode "db=$SERVER_DATABASE" \
	    --data-urlencode q@asked >answer &&
		jq -e '.results | all(.error == null and (.series | length > 0))' answer
}

@test "messages in InfluxDB: each query finds points" {
	server_start influx
	some_messages
	mfx-normalize packs | mfx-write-influx "$(server_url influx)/$SERVER_DATABASE"
	queries influxdb messages-influx
	each influx_asks
	jq -e '[.results[0].series[0].values[][] | select(. == "open" or . == true)]
	    | length == 2' answer
	jq -c '.templating.list[].query' "$BOARDS/messages-influx.json" >queries
	each influx_asks
	[[ $(jq -r '.results[0].series[].values[][1]' answer) == "$NAMES" ]]
}

# ---- … and through mfx-api ----

# As Infinity does: the path after the data source's URL, parameters, jq, and
# columns of what that gives.
api_asks() {
	local params=() p
	while IFS= read -r p; do
		params+=(--data-urlencode "$p")
	done < <(jq -r '.url_options.params[] | .key + "=" + .value' <<<"$1" |
	    sed "s/\\\${__from:date:seconds}/$FROM/; s/\\\${__to:date:seconds}/$TO/
	    s/\\\$__interval/60s/; s/\\\${name}/*/")
	jq -r .url <<<"$1" | sed "s/\\\${channel}/$CHANNEL/" | replaced
	printf '%s\n' "${params[@]}" | cat asked - | replaced || return
	curl -sS --fail-with-body -m 20 -G -H "Authorization: $KEY" "${params[@]}" \
	    "http://127.0.0.1:$API$(head -n 1 asked)" >answer || return
	jq "$(jq -r .root_selector <<<"$1")" answer >rows
	jq -e --argjson target "$1" '($target.columns) as $columns
	    | length > 0 and all(.[]; . as $row | all($columns[];
		. as $c | $row[$c.selector] | if $c.type == "string" then
		type == "string" else type == "number" end))' rows
}

@test "messages through mfx-api: each path gives what its columns name" {
	make_site
	local channel=$CHANNEL
	some_messages
	CHANNEL=$channel
	sed "s/0196f000-0000-7000-8000-000000000001/$CHANNEL/" packs | mfx-normalize |
		mfx-write-sqlite messages.db
	free_port API
	start_ready mfx-api -l "127.0.0.1:$API" --store messages=messages.db
	queries yesoreyeram-infinity-datasource messages-api
	each api_asks
	jq -e '.[0].value == "open" or .[0].value == "true"' rows
	# each kind of panel in milliseconds, as Infinity wants it
	jq -e "all(.[]; .time / 1000 > $FROM and .time / 1000 < $TO)" rows
}
