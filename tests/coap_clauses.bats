#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-coap, clause by clause: tests/coap/clauses.tsv says which clause
# each of these shows.  What comes back is in coap_clauses.py's words.
load setup
load site
load coap

setup_suite_test() {
	make_site
	export CHANNEL KEY
}

serve_both() { COAP_IN=/dev/null serve_coap -i raw -o raw "$@"; }

# clause WHAT [ARGUMENT…]: see coap_clauses.py
clause() {
	timeout 100 "$ROOT/tests/coap_clauses.py" "$1" "$PORT" "${@:2}"
}

# RFC 7252 3, 4.2, 4.3
@test "versions, types, classes, tokens: ignored or reset, never served" {
	serve_both
	clause headers >got
	grep -cvE '^(version|short|request)| [0-3] ' got && false
	# other versions, acknowledgements and Resets that are wrong: silence
	awk '/^(version|short|request)/ || $(NF - 1) ~ /^[23]$/' got |
		grep -v -e ' -$' && false
	# of what may be reset all is but an empty one without confirmation
	awk '$(NF - 2) ~ /^[01]$/' got | grep -v 'rst 0.00$' && false
	(($(grep -c 'rst 0.00$' got) == 35))
	grep -qx 'empty 1 -' got
	# only the good ones are stored
	[[ -z $(lines | jq -r '.[0].subtopic' | grep -vx good) ]]
}

@test "a Reset has the message id of what it rejects, however many" {
	serve_both
	[[ $(clause reset_id) == 'True 40' ]]
	[[ $(clause ids) == '20 True' ]]
}

# RFC 7252 5.4.1, 5.4.3, 5.4.5, 5.10
@test "options: critical and elective, repeated, too long" {
	serve_both
	[[ $(clause codes '[]' '[(2048, b"x")]' '[(2049, b"x")]' \
	    '[(9, b"x")]') == '2.04 2.04 4.02 4.02' ]]
	# once too often
	[[ $(clause codes '[(FORMAT, 110), (FORMAT, 112)]' \
	    '[(HOST, b"a"), (HOST, b"a")]' \
	    '[(ACCEPT, 110), (ACCEPT, 110)]' \
	    '[(BLOCK1, 6), (BLOCK1, 6)]') == '2.04 4.02 4.02 4.02' ]]
	lines | tail -n 1 | jq -e '.[0].n == "a"'
	# of another length than they may have
	[[ $(clause codes '[(FORMAT, b"abc")]' '[(OBSERVE, b"abcd")]' \
	    '[(SIZE1, b"abcde")]' '[(HOP_LIMIT, b"ab")]' \
	    '[(NO_RESPONSE, b"ab")]' '[(TAG, b"123456789")]') == \
	    '2.04 2.04 2.04 2.04 2.04 2.04' ]]
	[[ $(clause codes '[(ACCEPT, b"abc")]' '[(BLOCK2, b"abcd")]' \
	    '[(HOST, b"")]' '[(IF_NONE_MATCH, b"x")]' \
	    '[(PORT_OPTION, b"abc")]' '[(PROXY_URI, b"")]' \
	    '[(IF_MATCH, b"123456789")]') == \
	    '4.02 4.02 4.02 4.02 4.02 4.02 4.02' ]]
	# those of which nothing hangs on; our own mark of another's making
	[[ $(clause codes '[(HOST, b"x.example")]' '[(PORT_OPTION, 1)]' \
	    '[(QUERY, b"")]' '[(65000, b"\4\0\0\0")]') == \
	    '2.04 2.04 2.04 2.04' ]]
	[[ $(clause unknown_non) == 'rst 0.00' ]]
}

# RFC 7252 5.10.8
@test "If-Match and If-None-Match: 4.12 unless any will do" {
	serve_both
	[[ $(clause codes '[(IF_MATCH, b"ab")]' '[(IF_NONE_MATCH, b"")]' \
	    '[(IF_MATCH, b"")]' '[(IF_MATCH, b"ab"), (IF_MATCH, b"")]' \
	    '[(IF_MATCH, b""), (IF_NONE_MATCH, b"")]') == \
	    '4.12 4.12 2.04 2.04 4.12' ]]
	n_lines 2
}

# RFC 7252 5.7.2, 5.8; RFC 8768 3
@test "no proxy: 5.05; Hop-Limit 0 is 4.00, 1 is for us; methods: 4.05" {
	serve_both
	[[ $(clause codes '[(PROXY_URI, b"coap://x/")]' '[(39, b"coap")]' \
	    '[(HOP_LIMIT, b"\0")]' '[(HOP_LIMIT, 1)]' '[(HOP_LIMIT, 255)]' \
	    '[(HOP_LIMIT, 1), (HOP_LIMIT, b"\0")]') == \
	    '5.05 5.05 4.00 2.04 2.04 2.04' ]]
	[[ $(clause methods) == '4.05 4.05 4.05 4.05' ]]
}

# RFC 7252 5.10.4, 5.10.8, 7.2; RFC 6690 4.1
@test "/.well-known/core: filters, Accept, conditions, blocks" {
	serve_both
	clause core '[]' '[(ACCEPT, 40)]' '[(QUERY, b"rt=mfx*")]' \
	    '[(QUERY, b"rt=mfx.channels")]' '[(QUERY, b"href=/channels")]' \
	    '[(BLOCK2, 0)]' '[(QUERY, b"rt=other")]' '[(QUERY, b"x")]' \
	    '[(ACCEPT, 50)]' '[(IF_NONE_MATCH, b"")]' '[(IF_MATCH, b"a")]' \
	    '[(BLOCK2, 7)]' >got
	diff - got <<-'END'
	2.05 40 True False
	2.05 40 True False
	2.05 40 True False
	2.05 40 True False
	2.05 40 True False
	2.05 40 True True
	2.05 40 False False
	2.05 40 False False
	4.06 0 False False
	4.12 0 False False
	4.12 0 False False
	4.00 0 False False
	END
}

# RFC 7959 2.2, 2.5, 2.9; RFC 9175 3
@test "blocks: two bodies at once, in other sizes, with Request-Tag" {
	serve_both
	local how all
	for how in paths tags; do
		all='2.31 2.31 2.31 2.04 2.31 2.31 2.31 2.04'
		[[ $(clause two_uploads "$how") == "$all" ]]
	done
	# 2 of each, and one of a single block each time
	n_lines 6
	clause upload_sizes >got
	printf '%s\n' '2.04 2.31' '4.00 4.00 4.08' '4.13 1048576' |
		diff - got
	[[ $(clause codes '[(BLOCK1, 7)]' '[(BLOCK2, 7)]') == '4.00 4.00' ]]
	[[ $(clause gets '[(BLOCK2, 7)]' '[(BLOCK2, 1 << 4)]') == \
	    '4.00 4.00' ]]
	[[ $(clause downloads) == '1 1 8 8' ]]
}

# RFC 7967 2
@test "No-Response: what is not wanted is acknowledged and no more" {
	serve_both
	clause no_response >got
	printf '%s\n' '2 empty 4.12' '8 2.04 empty' '16 2.04 4.12' \
	    '26 empty empty' '0 2.04 4.12' 'non -' | diff - got
}

# RFC 7641 2, 3.6, 4.1; RFC 7959 3.4
@test "Observe: its values, a Reset of any kind, blocks as asked for" {
	serve_both
	clause observe_values >got
	printf '%s\n' '0 2.05 True' '0 2.05 True' '1 2.05 False' \
	    '2 2.05 False' '16777215 2.05 False' 2.04 | diff - got
	[[ $(clause reset_non) == none ]]
	[[ $(clause observe_blocks 2 | xargs) == '64 10 4 True 64' ]]
	[[ $(clause observe_blocks 0 | xargs) == '16 8 14 True 16' ]]
}

# RFC 7252 5.9.3.4, 5.5.2
@test "5.03 says when to come again, and all refusals why" {
	serve_both --max-observers 0
	[[ $(clause later) == '5.03 5 there are too many observers' ]]
}

# RFC 8323 3.2, 3.3, 5
@test "TCP: signalling, and what ends the connection with an Abort" {
	serve_both
	clause signals >got
	diff - got <<-'END'
	good 2.04:g
	no csm 7.05 closed
	ping first 7.05 closed
	ping 7.03:abc
	ping with elective 7.03:p
	ping with critical 7.05 closed
	csm with critical 7.05 closed
	csm with elective 2.04:g
	second csm with critical 7.05 closed
	long size 7.05 closed
	release 2.04:g closed
	release with critical 7.05 closed
	abort closed
	empty 2.04:g
	answer 2.04:g
	unknown signal 2.04:g
	token of 9 7.05 closed
	option 15 7.05 closed
	no payload 7.05 closed
	too long 7.05 closed
	critical 4.02:c
	hop limit 2.04:h
	END
	[[ $(clause bad_csm | xargs) == '9 7.05 2109 True 2 7.05 2102 True' ]]
}

# RFC 8323 3.2, 5.3.1, 6
@test "TCP: messages in any pieces, of BERT, and not longer than allowed" {
	serve_both
	[[ $(clause pieces) == '391 True' ]]
	clause bert >said
	[[ $(xargs <said) == \
	    'bert 2.31:1 2.31:2 2.04:3 odd 4.00:4 [2048, 2048, 9'??'] True' ]] ||
		{ cat said; false; }
	[[ $(clause small_messages) == '2.05 True True' ]]
}

@test "TLS and DTLS are screened as well" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
	    2>openssl.log
	local tls
	free_port tls
	serve_both --listen-tls "127.0.0.1:$tls" --tls-cert cert.pem \
	    --tls-key key.pem
	PORT=$tls clause tls >got
	printf '%s\n' 'good 2.04:g' 'no csm 7.05 closed' 'ping 7.03:abc' \
	    'release 2.04:g closed' 'token of 9 7.05 closed' | diff - got
}

@test "clauses.tsv: each clause has a test that is there, or a reason" {
	clauses_shown coap/clauses.tsv 100
}
