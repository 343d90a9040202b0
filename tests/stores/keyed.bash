# SPDX-License-Identifier: Apache-2.0
# The row of tests/stores/conformance for a store without transactions, which
# knows a reading by its id.

store_prunes=

store_start() {
	local dir=$ROOT/${BUILD:-build}/stores
	make -s -C "$ROOT" "${BUILD:-build}/stores/keyed"
	mkdir -p keyed
	ln -sf "$dir/keyed" keyed/mfx-write-keyed
	ln -sf "$dir/keyed" keyed/mfx-read-keyed
	PATH=$PWD/keyed:$PATH
}

store_place() {
	echo "$BATS_TEST_TMPDIR/$1.keyed"
}
