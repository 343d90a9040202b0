# SPDX-License-Identifier: Apache-2.0
# The row of tests/stores/conformance for SQLite files.

store_place() {
	echo "$BATS_TEST_TMPDIR/$1.db"
}
