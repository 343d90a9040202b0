#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Two users of one service, one of whom asks for as much as can be asked for:
# the other is answered, always, and what nobody waits for any more ends.
load setup

setup_suite_test() {
	local user thing
	for user in ann bob; do
		mfx-users create "$user@example.com" --password-file - \
		    <<<'correct horse'
		thing=$(mfx-things create --name meter --user "$user@example.com")
		export "${user^^}_KEY=$(jq -r .key <<<"$thing")"
		export "${user^^}_THING=$(jq -r .id <<<"$thing")"
		export "${user^^}_CHANNEL=$(mfx-channels create --name garden \
		    --user "$user@example.com" | jq -r .id)"
		local channel=${user^^}_CHANNEL id=${user^^}_THING
		mfx-channels connect "${!channel}" "${!id}" \
		    --user "$user@example.com"
	done
	free_port PORT
	# bob is greedy
	printf '{"channel":"%s","publisher":"%s","n":"t","v":1,"t":1700000000}\n' \
	    "$ANN_CHANNEL" "$ANN_THING" | mfx-write-sqlite "$MFX_HOME/messages.db"
}

# the_case NAME [OPTION…]: of tenants.py; then the service ends as it should
the_case() {
	start_ready mfx-api -l "127.0.0.1:$PORT" "${@:2}"
	API_PID=$PID timeout 280 /usr/bin/python3 "$ROOT/tests/tenants.py" \
	    "$PORT" "$1" 3>&- >said || { cat said "$PID_ERR"; return 1; }
	kill "$PID"
	status 0 wait "$PID"
}

@test "globs over long names" { the_case globs; }
@test "aggregates and counts over many readings" { the_case scans; }
@test "metadata that has to be compared pair by pair" { the_case metadata; }
@test "lists that are not read" { the_case unread; }
@test "exports that are not read" { the_case exports; }
@test "lists far from their beginning, of many" { the_case offsets; }
@test "bulks of many things" { the_case bulks; }
@test "bodies that don't end" { the_case bodies; }
@test "connections without a request, from one address and from many" {
	local admin
	free_port admin
	ADMIN=$admin the_case connections --max-connections 300 \
	    --admin "127.0.0.1:$admin"
}
@test "SIGTERM while another process has the registry locked" {
	local i
	start_ready mfx-api -l "127.0.0.1:$PORT"
	mkfifo go
	/usr/bin/python3 - "$MFX_HOME/registry.db" >locked 3>&- <<-'EOT' &
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1], isolation_level=None)
		db.execute("BEGIN IMMEDIATE")
		print("locked", flush=True)
		open("go").read()
	EOT
	PIDS+=($!)
	await 20 grep -q locked locked
	for i in 1 2 3; do
		curl -sS -m 60 -o "made.$i" -w '%{http_code}\n' \
		    -H 'Content-Type: application/json' \
		    -d "{\"email\":\"new$i@example.com\",\"password\":\"correct horse\"}" \
		    "http://127.0.0.1:$PORT/users" >"code.$i" 3>&- &
		clients[i]=$!
		PIDS+=($!)
	done
	await 20 eval 'curl -sS -m 10 "http://127.0.0.1:$PORT/metrics" |
	    grep -qx "api_connections 4"'
	kill "$PID"
	await 25 eval '! kill -0 "$PID" 2>/dev/null'
	status 0 wait "$PID"
	for i in 1 2 3; do
		wait "${clients[i]}"
		grep -qx 503 "code.$i"
	done
	: >go
}
@test "SIGTERM in the midst of it: it ends with 0" {
	start_ready mfx-api -l "127.0.0.1:$PORT"
	API_PID=$PID timeout 280 /usr/bin/python3 "$ROOT/tests/tenants.py" \
	    "$PORT" stopped 3>&-
	status 0 wait "$PID"
}
