# SPDX-License-Identifier: Apache-2.0
# The row of tests/stores/conformance for the store of mfx-extend(7).

store_start() {
	make -s -C "$ROOT" \
	    "${BUILD:-build}"/extend/mfx-{write,read,prune}-tsv
	PATH=$ROOT/${BUILD:-build}/extend:$PATH
}

store_place() {
	echo "$BATS_TEST_TMPDIR/$1.tsv"
}
