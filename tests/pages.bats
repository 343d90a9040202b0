#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The pages: they are clean, and what they show works.
#
# In a page, a line `.\" test` in front of a literal block says that the
# block is run here, by bash with pipefail and errexit, the blocks of one
# page as one script in a directory of its own.  Where lines begin with
# "$ ", those are the commands (with the lines behind one that ends in a
# pipe or a backslash), and the others are what they have to print.
load setup

# the runnable text of a page
examples() {
	awk '/^\.\\" test$/ { armed = 1; next }
	    armed && /^\.Bd -literal/ { on = 1; armed = 0; next }
	    /^\.Ed/ { if (on) print "$"; on = 0 }
	    on' "$1" |
	sed 's/\\&//g; s/\\-/-/g; s/\\(aq/'\''/g; s/\\e/\\/g' |
	awk 'function compare() {
		if (shown) print "END_OF_OUTPUT"
		shown = 0
	    }
	    $0 == "$" { compare(); prompted = 0; next }
	    /^\$ / {
		compare()
		prompted = 1
		sub(/^\$ /, "")
		printf "{ "
		going = 1
	    }
	    !prompted { print; next }
	    going {
		print
		going = /[|\\]$/
		if (!going) print "} >printed"
		next
	    }
	    !shown { print "diff - printed <<\"END_OF_OUTPUT\""; shown = 1 }
	    { print }'
}

# a page that was given no mark shows nothing that works
@test "every page of a program has an example that is run" {
	local page bad=0
	for page in "$ROOT"/man/*.1 "$ROOT"/man/mfx.7; do
		if [[ -z $(examples "$page") ]]; then
			echo "${page##*/}: no example with the mark"
			bad=1
		fi
	done
	((bad == 0))
}

@test "the examples of the pages work" {
	local page bad=0 dir p
	# what is there to be looked at prints something
	mkdir seen
	for p in mfx-fmt mfx-read-sqlite; do
		printf '%s\n' '#!/bin/bash' 'out=$(mktemp)' \
		    "'$BIN/$p' \"\$@\" >\$out || exit" \
		    "[[ -s \$out ]] || echo \"$p \$*\" >>'$PWD/silent'" \
		    'cat "$out"; rm "$out"' >"seen/$p"
		chmod +x "seen/$p"
	done
	PATH=$PWD/seen:$PATH
	for page in "$ROOT"/man/*.[1-8]; do
		dir=$BATS_TEST_TMPDIR/${page##*/}
		mkdir "$dir"
		cd "$dir"
		export MFX_HOME=$dir/home
		examples "$page" >script
		if ! bash -euo pipefail script >out 2>err </dev/null; then
			echo "${page##*/}:"
			cat script out err
			bad=1
		fi
	done
	[[ ! -e $BATS_TEST_TMPDIR/silent ]] ||
		{ cat "$BATS_TEST_TMPDIR/silent"; bad=1; }
	((bad == 0))
}

# literal text of pages, and of the README, each command on one line
shown_commands() {
	sed -n '/^\.Bd -literal/,/^\.Ed/p; s/^\.Dl //p' "$ROOT"/man/*.[1-8] |
		sed 's/\\e$/\\/; s/\\-/-/g; s/\\(aq/'\''/g' |
		cat - <(grep '^    ' "$ROOT/README.md") |
		sed -e ':a' -e '/[\\|]$/{N;s/\\\{0,1\}\n/ /;ba' -e '}' |
		grep -oE '\bmfx-[a-z-]+[^|#&;<>()]*'
}

@test "options that pages and README show exist" {
	local program rest option bad=0
	shown_commands >shown
	while read -r program rest; do
		[[ -x $BIN/$program ]] || continue
		for option in $(grep -oE '(^| )--[a-z-]+' <<<"$rest"); do
			if ! "$program" --options | cut -f 2 |
			    grep -qxe "$option"; then
				echo "$program has no $option: $rest"
				bad=1
			fi
		done
	done <shown
	((bad == 0 && $(wc -l <shown) > 30))
}

@test "mandoc has nothing against any page" {
	run mandoc -T lint -W warning "$ROOT"/man/*.[1-8]
	echo "$output"
	((status == 0)) && [[ -z $output ]]
}

@test "every page has the sections that belong there" {
	local page section bad=0
	for page in "$ROOT"/man/*.1; do
		for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' \
		    EXAMPLES 'SEE ALSO'; do
			if ! grep -qx "\.Sh $section" "$page"; then
				echo "${page##*/}: no $section"
				bad=1
			fi
		done
	done
	((bad == 0))
}
