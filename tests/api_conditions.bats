#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-api: preconditions of requests (RFC 9110 13), and that nothing of a
# request that can't be read is dropped in silence.  The cases are in
# api_conditions.py.
load setup

the_case() {
	local port
	free_port port
	start_ready mfx-api -l "127.0.0.1:$port" --attempts 100000 --registrations 1000000
	timeout 280 /usr/bin/python3 "$ROOT/tests/api_conditions.py" "$port" "$1"
	kill "$PID"
	status 0 wait "$PID"
	silent "$PID_ERR"
}

@test "If-Match: strong comparison, lists, * (RFC 9110 13.1.1)" {
	the_case if_match
}
@test "If-None-Match: weak comparison, lists, * (RFC 9110 13.1.2)" {
	the_case if_none_match
}
@test "If-Match before If-None-Match; dates are ignored (RFC 9110 13.2.2)" {
	the_case precedence
}
@test "several lines of a field are one list (RFC 9110 5.3)" {
	the_case several_lines
}
@test "anything but a list of entity tags is 400 (RFC 9110 8.8.3)" {
	the_case malformed_tags
}
@test "preconditions after the other checks (RFC 9110 13.2.1)" {
	the_case after_checks
}
@test "what has no entity tag: * is true, a tag is not (RFC 9110 13.1)" {
	the_case untagged
}
@test "a query that can't be read is 400, with its place" {
	the_case query_unreadable
}
@test "a parameter that is given twice, or that is not there" {
	the_case query_names
}
@test "true and false are said in these words" { the_case query_truth; }
@test "a body is one JSON value, each member once" { the_case body_whole; }
@test "a header that can't be two is not" { the_case header_twice; }
@test "an id that is too long is nobody's" { the_case id_too_long; }
