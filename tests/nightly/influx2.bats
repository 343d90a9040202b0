#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-{write,read,prune}-influx beside a real InfluxDB 2: what is peculiar to
# it.  `make nightly PARTS=influx2`, after scripts/setup nightly; what all
# stores do alike is asked of it there by conformance_influx.bats.
load ../setup
load ../tls
load ../servers

W=mfx-write-influx
R=mfx-read-influx

setup_file() {
	server_start influx2
}

setup_suite_test() {
	D=t$BATS_TEST_NUMBER
	P=$(server_bucket $D)
}

# api PATH [OPTION…], and query TEXT in InfluxQL: clients that are not ours
api() {
	server_curl influx2 "/api/v2/$1" "${@:2}"
}
query() {
	server_curl influx2 "/query?db=$D&epoch=ns" --data-urlencode "q=$1"
}

# flux PIPELINE: rows of what is in the bucket, as CSV
flux() {
	api 'query?org=mfx' -H 'Content-Type: application/vnd.flux' \
	    -H 'Accept: application/csv' -d "from(bucket: \"$D\")
	    |> range(start: 1700-01-01T00:00:00Z, stop: 2200-01-01T00:00:00Z)
	    |> $1"
}

# token_for ACTION…: the token of somebody who may do these in the bucket
token_for() {
	local org bucket
	org=$(api orgs | jq -er '.orgs[0].id')
	bucket=$(api "buckets?name=$D" | jq -er '.buckets[0].id')
	jq -n --arg org "$org" --arg id "$bucket" '{ orgID: $org, permissions:
	    [$ARGS.positional[] | { action: ., resource:
	    { type: "buckets", id: $id, orgID: $org } }] }' --args "$@" |
		api authorizations -d @- | jq -er .token
}

@test "InfluxDB 2: what we write, Flux reads, and what it is given we read" {
	cat >lines <<-'EOF2'
	{"channel":"c1","publisher":"p1","protocol":"http","subtopic":"a.b","n":"dev:t","u":"Cel","v":21.5,"t":1700000000.123456789}
	{"channel":"c1","publisher":"p1","n":"dev:big","v":9007199254740993,"t":1700000001}
	{"channel":"c1","publisher":"p1","n":"dev:s","vs":"a\tb'; drop, \"table\" readings\\ $1 é\n","t":1700000002}
	{"channel":"c1","publisher":"p1","n":"dev:b","vb":false,"t":1700000004}
	{"channel":"c1","publisher":"p1","n":"dev:d","vd":"AP8","t":1700000005,"ct":"text/plain"}
	EOF2
	$W --gzip on "$P" <lines
	$R "$P" | diff lines -
	flux 'filter(fn: (r) => r._field == "value" and r.unit == "Cel")' >got
	grep -q '2023-11-14T22:13:20.123456789Z,21.5,value,readings,c1' got
	api "write?org=mfx&bucket=$D" -d \
	    'readings,channel=c9,name=x value=4.25 1700000009000000001'
	[[ $($R --channel c9 "$P") == \
	    '{"channel":"c9","n":"x","v":4.25,"t":1700000009.000000001}' ]]
}

@test "InfluxDB 2: a wrong token, organization or bucket; tokens that may do less" {
	local open=${P%/*} reads writes
	INFLUX_TOKEN=wrong status 77 $W "$P" </dev/null
	INFLUX_TOKEN=wrong status 77 $R "$P"
	INFLUX_TOKEN=wrong status 77 mfx-prune-influx --keep-age 1d "$P"
	INFLUX_TOKEN= status 77 $R "$P"
	lines 1 3 | status 78 $W "$open/none?org=mfx" 2>err
	grep -q 'bucket "none" not found' err
	status 78 $W "$open/$D?org=none" </dev/null 2>err
	grep -q 'organization name "none" not found' err
	status 66 $R "$open/none?org=mfx"
	reads=$(token_for read) writes=$(token_for write)
	lines 1 3 | INFLUX_TOKEN=$writes $W "$P"
	INFLUX_TOKEN=$writes status 66 $R "$P"
	[[ $(INFLUX_TOKEN=$reads $R -c "$P") == 3 ]]
	INFLUX_TOKEN=$reads status 77 $W "$P" </dev/null
	INFLUX_TOKEN=$reads status 77 mfx-prune-influx --keep-age 1d "$P"
	[[ $($R -c "$P") == 3 ]]
	(umask 077; echo "$reads" >token)
	[[ $(INFLUX_TOKEN= $R --token-file token -c "$P") == 3 ]]
}

@test "InfluxDB 2: what it refuses is set aside, the rest is stored" {
	local now
	lines 1 1 | $W "$P"
	api "write?org=mfx&bucket=$D" \
	    -d 'readings,channel=x,kind=v stringValue=1 1700000000000000000'
	{
		lines 2 30
		echo '{"channel":"c1","seq":31,"n":"s","vs":"a","t":1700000001}'
		echo '{"channel":"c1","seq":32,"n":"s","vs":"c","t":1600000002}'
		lines 33 40
	} | status 65 $W --ack raw/store --rejects bad "$P" 2>err
	grep -q 'field type conflict' err
	[[ $(wc -l <bad) == 1 && $(grep -c '"vs":"a"' bad) == 1 ]]
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 40 ]]
	# beyond the retention of the bucket
	P=$(server_bucket ${D}kept \
	    '"retentionRules":[{"type":"expire","everySeconds":86400}]')
	now=$(date +%s)
	printf '%s\n' '{"n":"a","v":1,"t":1}' "{\"n\":\"a\",\"v\":2,\"t\":$now}" |
		status 65 $W --rejects old "$P" 2>err
	grep -q 'retention policy' err
	[[ $(wc -l <old) == 1 && $($R -c "$P") == 1 ]]
}

@test "InfluxDB 2: aggregates of the server are ours, to the last digit" {
	local a e
	{
		"$ROOT/tests/stores/model.py" lines 3 2000 twins
		printf '{"channel":"big","n":"n","v":%s,"t":%s}\n' \
		    9007199254740993 1700000001 9007199254740992 1700000002 \
		    -9007199254740993 1700000003 -9007199254740992 1700000004 \
		    1e300 1700000005 7 4700000000.000000001 \
		    3 -8520336000.854775807
	} >lines
	$W "$P" <lines
	$W --layout twins "$P" <lines
	for a in min max count last avg; do
		for e in '' 1h 7ns 500d; do
			$R --aggregate $a ${e:+--every $e} "$P" >server
			$R --layout twins --aggregate $a ${e:+--every $e} \
			    "$P" >frame
			diff <(sort server) <(sort frame)
		done
	done
	[[ $($R --order desc --limit 1 "$P") == *'"v":7,"t":4700000000.000000001}' ]]
}

@test "InfluxDB 2: as version 1, by a mapping of a database, with the token as password" {
	local at org id
	org=$(api orgs | jq -er '.orgs[0].id')
	id=$(api "buckets?name=$D" | jq -er '.buckets[0].id')
	at=http://mfx:$INFLUX_TOKEN@127.0.0.1:$(server_port influx2)
	lines 1 5 | $W "$at/$D"
	[[ $($R -c "$at/$D") == 5 ]]
	status 78 $W "$at/${D}_other" </dev/null 2>err
	grep -q 'no dbrp mapping found' err
	jq -n --arg org "$org" --arg id "$id" --arg db "${D}_other" \
	    '{ orgID: $org, bucketID: $id, database: $db, default: true,
	    retention_policy: "year" }' | api dbrps -d @-
	[[ $($R -c "$at/${D}_other?rp=year") == 5 ]]
	lines 6 7 | $W "$at/${D}_other"
	[[ $($R -c "$P") == 7 ]]
}

@test "InfluxDB 2: prune removes of some channels, to the nanosecond" {
	local layout c1="a'b,c d=\"e\"" c2='a\b'
	local old=$(($(date +%s) - 90000))
	for layout in mfx twins mainflux; do
		P=$(server_bucket $D$layout)
		jq -nc --arg c1 "$c1" --arg c2 "$c2" --argjson t $old \
		    '["x", 0], ["x", -60480000], ["x", 89940], [$c1, 1], [$c2, 1],
		    ["", 1] | { channel: .[0], n: "y", v: 1, t: ($t + .[1]) } |
		    if .channel == "" then del(.channel) else . end' |
			$W --layout $layout "$P"
		prune() {
			mfx-prune-influx --layout $layout --keep-age 1d "$@" "$P"
		}
		[[ $(prune --channel 'a*' --dry-run) == '{"readings":2}' ]]
		[[ $(prune --channel "$c1") == '{"readings":1}' ]]
		[[ $(prune --channel "a' OR time > 0 --") == '{"readings":0}' ]]
		[[ $(prune --channel 'a?[b]') == '{"readings":1}' ]]
		[[ $(prune --channel '') == '{"readings":1}' ]]
		[[ $(prune) == '{"readings":2}' ]]
		[[ $($R --layout $layout -c "$P") == 1 ]]
	done
	# another client does not see them either
	D=${D}mfx
	[[ $(flux 'filter(fn: (r) => r._field == "value") |> count()' |
	    grep -c readings) == 1 ]]
}
