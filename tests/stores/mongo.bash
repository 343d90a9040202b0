# SPDX-License-Identifier: Apache-2.0
# The row of tests/stores/conformance for MongoDB: a place is a database.
load tls
load servers

store_server=mongo

# It has no roles: what a server says to one who may only read is in
# mongo.bats.  FerretDB looks at all that is stored for each question
store_lines=600
store_records=4000
store_moments=4

store_place() {
	server_url $store_server |
		sed "s,/$SERVER_DATABASE\$,/t${BATS_TEST_NUMBER}_$1?authSource=&,; s,=/,=,"
}
