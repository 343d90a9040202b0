# SPDX-License-Identifier: Apache-2.0
# The row of tests/stores/conformance for Cassandra: a place is a keyspace,
# which the writer makes.
load tls
load servers

store_server=cassandra

W="mfx-write-cassandra --replication 1"
store_records=10000
store_moments=2
store_lines=700
store_clock=yes
# its log is in memory that is mapped: its JVM ends when there is no room
store_restarts=yes

store_place() {
	echo "$(server_url $store_server)t${BATS_TEST_NUMBER}_$1"
}

store_reads() {
	local keyspace=${1##*/}
	/usr/bin/python3 "$ROOT/tests/servers.py" \
	    "cassandra://cassandra:cassandra@127.0.0.1:$(server_port \
	    cassandra)/" '' cql "CREATE ROLE reads WITH LOGIN = true
	    AND PASSWORD = 'eye'" "GRANT SELECT ON KEYSPACE $keyspace TO reads"
	echo "${1/$SERVER_USER:$SERVER_PASSWORD/reads:eye}"
}
