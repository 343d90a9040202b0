# SPDX-License-Identifier: Apache-2.0
# The row of tests/stores/conformance for InfluxDB: a place is a database.
# Readings of one series and time are one point in its first layout; the one
# that keeps them is asked in influx.bats.
load tls
load servers

store_server=influx
store_lacks=twins
# each question is a scan
store_lines=1000

store_place() {
	echo "$(server_url influx)/t${BATS_TEST_NUMBER}_$1"
}
