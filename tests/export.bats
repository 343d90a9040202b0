#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-export: what a site's programs, bus, registry and stores tell Prometheus.
load setup
load site

lines() {
	mfx-gen --seed 1 --count "$1" --channel c --publisher p --start 1700000000
}

# runs a program whose stdin is open as fd 5
fed() {
	mkfifo in
	"$@" <in >out 2>err 3>&- &
	PID=$!
	PIDS+=("$PID")
	exec 5>in
}

# export_on [OPTION…]: mfx-export on $PORT
export_on() {
	free_port PORT
	start_ready mfx-export -l "127.0.0.1:$PORT" "$@"
}

page() {
	curl -sS -m 20 "$@" "http://127.0.0.1:$PORT/metrics" >page
}

# the value of a series, whose labels are in the order of the page
series() {
	awk -v s="$1" 'index($0, s " ") == 1 { print $NF }' "${2:-page}"
}

# page_has SERIES VALUE
page_has() {
	page && [[ $(series "$1") == "$2" ]]
}

@test "programs, bus, groups, registry, store and disk are on a page that promtool takes" {
	make_site
	lines 100 >some
	mfx-pub raw <some
	mfx-sub raw/store --no-follow -n 40 | mfx-normalize |
		mfx-write-sqlite --ack raw/store messages.db
	fed mfx-pub more
	lines 5 >&5
	export_on --store main=messages.db --store gone=none.db
	await 10 page_has "mfx_lines_out_total{program=\"mfx-pub\",pid=\"${PIDS[0]}\",output=\"more\"}" 5
	promtool check metrics <page >promtool 2>&1
	[[ ! -s promtool ]] || { cat promtool; return 1; }
	[[ $(series 'mfx_stream_size_bytes{stream="raw"}') == "$(wc -c <some)" ]]
	[[ $(series 'mfx_stream_written_bytes_total{stream="raw"}') == "$(wc -c <some)" ]]
	local group='{stream="raw",group="store"}'
	[[ $(series "mfx_group_position$group") == "$(head -n 40 some | wc -c)" ]]
	[[ $(series "mfx_group_lag_bytes$group") == "$(tail -n 60 some | wc -c)" ]]
	[[ $(series "mfx_group_lag_lines$group") == 60 ]]
	[[ $(series "mfx_group_has_reader$group") == 0 ]]
	(($(series "mfx_group_oldest_unread_seconds$group" | cut -d. -f1) > 1000000))
	(($(series "mfx_group_moved_timestamp_seconds$group" | cut -d. -f1) > 1700000000))
	[[ $(series mfx_registry_users) == 1 ]]
	[[ $(series mfx_registry_things) == 1 ]]
	[[ $(series mfx_registry_connections) == 1 ]]
	[[ $(series 'mfx_store_up{store="main"}') == 1 ]]
	[[ $(series 'mfx_store_up{store="gone"}') == 0 ]]
	[[ $(series 'mfx_up{part="bus"}') == 1 ]]
	(($(series mfx_disk_free_bytes) > 0))
	# nothing is made to know all that
	[[ -z $(find "$MFX_HOME/bus" -name '.*.reader' -path '*more*') ]]
	(($(grep -c none.db "$PID_ERR") == 1))
	exec 5>&-
}

@test "a reader is seen, and that it is gone" {
	lines 10 | mfx-pub raw
	mfx-sub raw/store >out 2>err 3>&- &
	PIDS+=($!)
	export_on
	await 10 page_has 'mfx_group_has_reader{stream="raw",group="store"}' 1
	kill "${PIDS[0]}"
	await 10 page_has 'mfx_group_has_reader{stream="raw",group="store"}' 0
	page
	refute grep 'program="mfx-sub"' page
}

@test "a histogram is cumulative, and OpenMetrics ends with EOF" {
	mkdir "$MFX_HOME"
	fed mfx-pub raw
	lines 5 >&5
	export_on
	await 10 page_has "mfx_lines_out_total{program=\"mfx-pub\",pid=\"${PIDS[0]}\",output=\"raw\"}" 5
	local labels="program=\"mfx-pub\",pid=\"${PIDS[0]}\",output=\"raw\""
	[[ $(series "mfx_commit_seconds_bucket{$labels,le=\"+Inf\"}") == \
	    "$(series "mfx_commit_seconds_count{$labels}")" ]]
	(($(series "mfx_commit_seconds_count{$labels}") > 0))
	page -H 'Accept: application/openmetrics-text; version=1.0.0'
	[[ $(tail -n 1 page) == '# EOF' ]]
	grep -qx '# TYPE mfx_lines_out counter' page
	page -D head
	grep -qi '^content-type: text/plain; version=0.0.4' head
	[[ $(curl -sS -o body -w '%{http_code}' "http://127.0.0.1:$PORT/") == 404 ]]
	[[ $(curl -sS -o body -w '%{http_code}' -X DELETE \
	    "http://127.0.0.1:$PORT/metrics") == 405 ]]
	exec 5>&-
}

# systemctl SCRIPT: one of our own, in front of the real one
systemctl_is() {
	mkdir -p fake
	printf '#!/bin/sh\n%s\n' "$1" >fake/systemctl
	chmod +x fake/systemctl
	PATH=$PWD/fake:$PATH
}

@test "units of systemd, and a systemctl that fails or does not answer" {
	mkdir -p "$MFX_HOME"
	systemctl_is 'printf "%s\n" "$@" >args
		printf "Id=mfx-api.service\nActiveState=active\nNRestarts=3\n\n"
		printf "NRestarts=0\nId=mfx-a\\x2db.service\nActiveState=failed\n\n"
		printf "Id=mfx.slice\nActiveState=active\n"'
	mfx-export --units 'mfx-*' --textfile page 2>err
	[[ ! -s err ]]
	[[ $(tail -n 1 args) == 'mfx-*' ]]
	promtool check metrics <page
	[[ $(series 'mfx_unit_state{unit="mfx-api.service",state="active"}') == 1 ]]
	[[ $(series 'mfx_unit_state{unit="mfx-api.service",state="failed"}') == 0 ]]
	grep -qFx 'mfx_unit_state{unit="mfx-a\\x2db.service",state="failed"} 1' page
	[[ $(series 'mfx_unit_state{unit="mfx.slice",state="active"}') == 1 ]]
	[[ $(series 'mfx_unit_restarts_total{unit="mfx-api.service"}') == 3 ]]
	[[ $(grep -c '^mfx_unit_restarts_total' page) == 2 ]]
	[[ $(series 'mfx_up{part="units"}') == 1 ]]
	systemctl_is 'echo "System has not been booted with systemd" >&2; exit 1'
	mfx-export --units 'mfx-*' --textfile page 2>err
	[[ $(series 'mfx_up{part="units"}') == 0 ]]
	[[ $(series 'mfx_up{part="bus"}') == 1 ]]
	grep -q "could not show the units 'mfx-\*'" err
	systemctl_is 'echo $$ >pid; while :; do read -r x </dev/zero; done'
	mfx-export --units 'mfx-*' --textfile page 2>err
	[[ $(series 'mfx_up{part="units"}') == 0 ]]
	grep -qi 'timed out' err
	gone "$(cat pid)"
}

@test "the busiest things and channels, when asked for" {
	make_site
	serve -o raw
	expect 202 '[{"n":"t","v":1}]'
	export_on --top
	local labels
	labels="program=\"mfx-adapt-http\",pid=\"${PIDS[0]}\",output=\"raw\""
	await 10 page_has "mfx_top_messages_total{$labels,thing=\"$THING\",user=\"$MFX_USER\"}" 1
	[[ $(series "mfx_top_bytes_total{$labels,channel=\"$CHANNEL\",user=\"$MFX_USER\"}") == 17 ]]
	[[ $(series "mfx_top_bytes_total{$labels,user=\"$MFX_USER\"}") == 17 ]]
	promtool check metrics <page
	mfx-export --textfile page
	refute grep mfx_top_ page
}

@test "a stream that is removed after it was listed is no trouble" {
	lines 10 | mfx-pub kept
	lines 10 | mfx-pub gone
	strace -f -qq -o trace -P "$MFX_HOME/bus/gone" -e inject=openat:error=ENOENT \
	    mfx-export --textfile page 2>err
	grep -q 'INJECTED' trace
	[[ ! -s err ]] || { cat err; return 1; }
	[[ $(series 'mfx_up{part="bus"}') == 1 ]]
	[[ $(series 'mfx_stream_segments{stream="kept"}') == 1 ]]
	refute grep -q 'stream="gone"' page
}

@test "without a site it serves, and says what is not there" {
	export_on
	page
	[[ $(series 'mfx_up{part="processes"}') == 1 ]]
	[[ $(series 'mfx_up{part="disk"}') == 0 ]]
	grep -q "$MFX_HOME" "$PID_ERR"
	[[ ! -e $MFX_HOME ]]
}

@test "a file for node_exporter is replaced as a whole" {
	lines 10 | mfx-pub raw
	mfx-export --textfile site.prom
	[[ $(series 'mfx_stream_segments{stream="raw"}' site.prom) == 1 ]]
	[[ $(ls site*) == site.prom ]]
	promtool check metrics <site.prom
	status 74 mfx-export --textfile none/site.prom
}

@test "a collector of OpenTelemetry gets what the page has" {
	lines 10 | mfx-pub raw
	python3 -u "$ROOT/tests/export.py" 200 503 400 >got 2>wrong 3>&- &
	PIDS+=($!)
	await 10 test -s got
	local url
	url=http://127.0.0.1:$(head -n 1 got)/v1/metrics
	echo 'X-Token: secret' >headers
	mfx-export --otlp "$url" --otlp-header-file headers
	[[ ! -s wrong ]] || { cat wrong; return 1; }
	grep -qx $'token\tsecret' got
	grep -qx $'mfx_stream_segments\tgauge\t1\tstream=raw' got
	grep -q $'^mfx_stream_written_bytes_total\tsum\t' got
	status 75 mfx-export --otlp "$url"
	status 69 mfx-export --otlp "$url" 2>err
	grep -q 'answered 400' err
	status 75 mfx-export --otlp http://127.0.0.1:1/v1/metrics
}

@test "histograms go to a collector too, again and again" {
	mkdir "$MFX_HOME"
	fed mfx-pub raw
	lines 5 >&5
	python3 -u "$ROOT/tests/export.py" 503 200 >got 2>wrong 3>&- &
	PIDS+=($!)
	await 10 test -s got
	mfx-export --otlp "http://127.0.0.1:$(head -n 1 got)/" --every 1s \
	    2>said 3>&- &
	PIDS+=($!)
	await 10 grep -q $'^mfx_commit_seconds\thistogram\t' got
	[[ ! -s wrong ]] || { cat wrong; return 1; }
	grep -q 'answered 503; trying again' said
	grep -q 'it goes on' said
	exec 5>&-
}

@test "Prometheus scrapes it" {
	lines 10 | mfx-pub raw
	export_on
	local at=$PORT web
	free_port web
	cat >prometheus.yml <<-END
		global: { scrape_interval: 1s }
		scrape_configs:
		  - job_name: mfx
		    static_configs: [ { targets: [ "127.0.0.1:$at" ] } ]
	END
	promtool check config prometheus.yml
	start prometheus --config.file=prometheus.yml \
	    --web.listen-address="127.0.0.1:$web" --storage.tsdb.path=tsdb
	query() {
		curl -sS -m 5 --data-urlencode "query=$1" \
		    "http://127.0.0.1:$web/api/v1/query" |
			jq -e -r '.data.result[0].value[1]'
	}
	scraped() {
		[[ $(query 'mfx_stream_segments{stream="raw"}') == 1 ]]
	}
	await 30 scraped
	[[ $(query up) == 1 ]]
}

@test "misuse is said" {
	status 64 mfx-export --store x
	status 64 mfx-export --every 1s
	status 64 mfx-export --textfile a --otlp b
	status 64 mfx-export --otlp-header-file a
}
