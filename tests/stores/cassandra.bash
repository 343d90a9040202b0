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

store_place() {
	echo "$(server_url cassandra)t${BATS_TEST_NUMBER}_$1"
}
