#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What people see at a terminal and programs never do: tables as wide as that.
load setup

@test "a table fits the terminal, and is whole in a pipe" {
	local width id
	local U=fit@example.com
	mfx-users create "$U" --password-file - <<<"correct horse"
	id=$(mfx-things create --name "$(printf 'n%.0s' {1..60})" --user "$U" \
	    --metadata '{"a":"a text that is longer than there is room for"}' |
		jq -r .id)
	for width in 40 60 80; do
		python3 "$ROOT/tests/terminal_width.py" $width \
		    mfx-things list -H --user "$U" >table
		(($(wc -L <table) <= width))
		# the end of the id tells which it is
		grep -q "${id: -3} " table
	done
	python3 "$ROOT/tests/terminal_width.py" 300 mfx-things list -H --user "$U" |
		grep -q "^$id "
	mfx-things list -H --user "$U" | cmp - <(
		python3 "$ROOT/tests/terminal_width.py" 300 mfx-things list -H \
		    --user "$U")
}
