#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The pages: they are clean, and what they show works.
#
# Every example of every page is run: each literal block under EXAMPLES, and
# each elsewhere that begins with a command.  Those of one page are one
# script, run by bash with pipefail and errexit in a directory of its own;
# our programs are tests/page_program there, which gives those an end that
# have none.  Where lines begin with "$ ", those are the commands (with the
# lines after one that ends in a pipe or a backslash), and the others are
# what they have to print.
#
# In front of an example a page may have comments:
#	.\" given COMMAND	which is run before it (functions: pages.bash)
#	.\" into FILE		it is no command but what is in that file
load setup
load tls
load servers

# pages whose examples have a server
SERVER_GIVEN='^\.\\" given .*\ban?_(postgres|influx|mongo|cassandra|redis)'

# it takes long to start
setup_file() {
	! with_servers || server_start cassandra
}

# the text of a page's examples as a script
examples() {
	awk -v page="${1##*/}" '
	    function begin() {
		print "echo " page ":" FNR " >&2"
		printf "%s", given
		given = ""
		on = 1
	    }
	    function end() {
		print into != "" ? "END_OF_FILE" : "$"
		on = 0
		into = ""
	    }
	    /^\.Sh / { section = $2 }
	    sub(/^\.\\" given /, "") { given = given $0 "\n"; next }
	    sub(/^\.\\" into /, "") { into = $0; next }
	    /^\.D[l1] (Li )?mfx-[a-z-]+ / {
		sub(/^\.D[l1] (Li )?/, "")
		begin()
		print
		end()
		next
	    }
	    /^\.Bd -literal/ { block = 1; next }
	    /^\.Ed/ {
		if (on) end()
		block = 0
		next
	    }
	    block == 1 {
		block = 2
		if (section == "EXAMPLES" || /^(\$ |mfx-|export |sqlite3 )/)
			begin()
		if (into != "") print "cat >" into " <<END_OF_FILE"
	    }
	    on' "$1" |
	sed 's/\\&//g; s/\\-/-/g; s/\\(aq/'\''/g; s/\\e/\\/g' |
	sed 's,//mfx\.example\.com,//$host,; s,//host/,//$host/,
	    s,127\.0\.0\.1:8185,127.0.0.1:$port,; s,8883,$port,
	    s,/etc/mfx/,$PWD/,; s,/run/mfx/,$PWD/,; s,/var/lib/mfx,$MFX_HOME,
	    s,/usr/local/lib/mfx/,$BIN/,; s,^user mfx$,user $(id -un),' |
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

# the commands of the processes whose directory this is
running_in() {
	local cwd
	for cwd in $(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1" 2>/dev/null); do
		echo "still runs: $(tr '\0' ' ' <"${cwd%/cwd}/cmdline")"
	done
}

all_ended() {
	[[ -z $(running_in "$1") ]]
}

@test "every page of a program has an example" {
	local page bad=0
	for page in "$ROOT"/man/*.1 "$ROOT"/man/mfx.7; do
		if [[ -z $(examples "$page") ]]; then
			echo "${page##*/}: no example"
			bad=1
		fi
	done
	((bad == 0))
}

@test "the examples of the pages work" {
	local page bad=0 dir p
	export SEEN=$PWD/seen REMOTE
	free_port REMOTE
	mkdir seen
	for p in "$BIN"/mfx-* coap-client-openssl; do
		ln -s "$ROOT/tests/page_program" "seen/${p##*/}"
	done
	export BATS_TEST_DIRNAME ROOT BIN
	for page in "$ROOT"/man/*.[1-8]; do
		with_servers || ! grep -qE "$SERVER_GIVEN" "$page" || continue
		dir=$BATS_TEST_TMPDIR/${page##*/}
		mkdir "$dir"
		cd "$dir"
		{
			echo '. "$ROOT/tests/pages.bash"'
			examples "$page"
		} >script
		if ! timeout 120 env BATS_TEST_TMPDIR="$dir" \
		    bash -euo pipefail script >out 2>err </dev/null 3>&-; then
			echo "${page##*/}:"
			cat script out err
			bad=1
		fi
		cd "$BATS_TEST_TMPDIR"
		# nothing that an example starts outlives its page
		if ! await 20 all_ended "$dir"; then
			running_in "$dir"
			bad=1
		fi
	done
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

# the forms of a page's SYNOPSIS, one a line
forms() {
	mandoc -T ascii "$ROOT/man/$1.1" | col -bx |
		sed -n '/^SYNOPSIS/,/^DESCRIPTION/{/^     /p}' |
		awk -v name="$1" '
		    $1 == name { if (NR > 1) print form; form = "" }
		    { $1 = $1; form = form " " $0 }
		    END { print form }' | sed 's/ | /|/g'
}

@test "a verb has a form in its page, with the operands that its table has" {
	local p verb operands bad=0 n=0
	for p in "$BIN"/mfx-*; do
		p=${p##*/}
		forms "$p" >forms
		while IFS=$'\x1f' read -r verb operands; do
			((++n))
			if ! awk -v verb="$verb" -v operands="$operands" '
			    BEGIN { gsub(/[][]/, "", operands) }
			    { gsub(/[][]/, "") }
			    verb == "" || "|" $2 "|" ~ "[|]" verb "[|]" {
				end = length($0) - length(operands)
				if (substr($0, end + 1) == operands)
					ok = 1
			    }
			    END { exit !ok }' forms; then
				echo "$p $verb: no form with: $operands"
				bad=1
			fi
		done < <("$p" --options |
			awk -F '\t' '$2 == "" { print $1 "\x1f" $4 }')
	done
	((bad == 0 && n > 40))
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
