#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every filter and lines that are hard to read: filters_hostile.py has the
# table.
load setup

@test "each filter takes and refuses the same lines, and goes on" {
	mfx-pub hostile </dev/null
	timeout 500 "$ROOT/tests/filters_hostile.py"
}
