#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Completions, each in its own shell: what the tab key offers
load setup

setup_suite_test() {
	echo password | mfx-users create ann@example.com --password-file -
	export MFX_USER=ann@example.com
	THING=$(mfx-things create --name 'lamp one' | jq -r .id)
	CHANNEL=$(mfx-channels create --name kitchen \
	    --metadata '{"id":"not me"}' | jq -r .id)
	GROUP=$(mfx-groups create --name house | jq -r .id)
	mkdir -p "$MFX_HOME/bus/raw" "$MFX_HOME/bus/normalized"
	touch Makefile-of-mine
}

# each prints what is offered after the last word, one a line, sorted

in_bash() {
	bash --norc -c '. "$1/completions/mfx.bash"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		function=$(complete -p "${1##*/}" | sed "s/.*-F \([^ ]*\).*/\1/")
		"$function"
		printf "%s\n" "${COMPREPLY[@]}"' - "$ROOT" "$@" |
		sed '/^$/d' | sort
}

in_fish() {
	XDG_CONFIG_HOME=$PWD fish --no-config -c \
	    'source $argv[1]/completions/mfx.fish; complete -C "$argv[2]"' \
	    "$ROOT" "$*" | cut -f 1 | sort
}

in_zsh() {
	python3 "$BATS_TEST_DIRNAME/zsh_complete.py" "$ROOT/completions" \
	    "$*" >listed
	# with descriptions one a line, else in columns
	sed 's/ -- .*//' listed | tr -s ' ' '\n' | sed '/^$/d' | sort
}

# offers WORD…: what is on stdin, one a line, is what each shell offers
offers() {
	local shell
	sort >wanted
	for shell in bash fish zsh; do
		"in_$shell" "$@" >offered
		diff wanted offered || { echo "$shell: $*" >&2; return 1; }
	done
}

offers_nothing() {
	local shell
	for shell in bash fish; do
		run "in_$shell" "$@"
		[ -z "$output" ] || { echo "$shell: $output" >&2; return 1; }
	done
}

programs() {
	ls "$ROOT"/man/mfx-*.1 | sed 's/.*mfx-//; s/\.1$//'
	printf '%s\n' help version
}

options() {
	"$@" --options | cut -f 2 | grep -e -- | sort
}

@test "mfx and the tab key: the programs" {
	programs | offers mfx ''
	programs | grep ^g | offers mfx g
	programs | offers mfx help ''
	printf '%s\n' --site --log --quiet --verbose --help --version |
		offers mfx -
}

@test "options are those that the program says it has" {
	options mfx-gen | offers mfx-gen --
	options mfx-gen | offers mfx gen -
	options mfx-grep | grep ^--re | offers mfx grep x --re
	# every program, in the shell that takes no time to start
	local p
	for p in "$BIN"/mfx-*; do
		p=${p##*/}
		diff <("$p" --options | awk -F '\t' '$1 == "" && $2 { print $2 }' |
		    sort) <(in_bash "$p" --)
	done
}

@test "values of an option" {
	printf '%s\n' table tsv csv json influx template spark |
		offers mfx-fmt --type ''
	printf '%s\n' table tsv template | offers mfx-fmt -t t
	printf '%s\n' text json journal time | offers mfx gen --log ''
	[ "$(in_bash mfx-fmt --type = c)" = csv ]
	[ "$(in_fish mfx-fmt --type=c)" = --type=csv ]
	[ "$(in_zsh mfx-fmt --type=c)" = csv ]
}

@test "verbs, and the options of each" {
	mfx-things --options | awk -F '\t' '$2 == "" { print $1 }' >verbs
	offers mfx-things '' <verbs
	offers mfx things '' <verbs
	mfx-things --options | awk -F '\t' \
	    '$2 != "" && ($1 == "" || $1 == "list") { print $2 }' |
		offers mfx things list --
}

@test "ids from the registry, also of another --user" {
	echo "$THING" | offers mfx-things get ''
	echo "$THING" | offers mfx things remove "${THING:0:4}"
	echo "$CHANNEL" | offers mfx-channels connect ''
	echo "$THING" | offers mfx channels connect "$CHANNEL" ''
	echo "$THING" | offers mfx channels connect "$CHANNEL" x ''
	echo "$GROUP" | offers mfx-groups assign ''
	echo "$GROUP" | offers mfx things list --group ''
	echo "$GROUP" | offers mfx-groups create --parent ''
	echo "$THING" | offers mfx-can ''
	printf '%s\n' publish subscribe | offers mfx can "$THING" ''
	echo "$CHANNEL" | offers mfx-can "$THING" publish ''
	echo "$CHANNEL" | offers mfx-gen --channel ''
	echo "$THING" | offers mfx-grep --publisher ''
	echo ann@example.com | offers mfx things list --user ''
	unset MFX_USER
	echo "$THING" | offers mfx things get --user ann@example.com ''
}

@test "operands, each by its kind" {
	offers_nothing mfx-things create ''
	offers_nothing mfx-can "$THING" publish "$CHANNEL" ''
	echo ann@example.com | offers mfx-users verify ''
	echo ann@example.com | offers mfx token login ''
	offers_nothing mfx-token create ''
	echo "$CHANNEL" | offers mfx-channels list "$CHANNEL" "${CHANNEL:0:4}"
	[ "$(in_bash mfx bus prune '')" = $'normalized\nraw' ]
	[ "$(in_fish mfx-pub r)" = raw ]
	echo Makefile-of-mine | offers mfx pub raw Makef
	offers_nothing mfx-gen ''
}

@test "nothing is offered and nothing is said without a registry" {
	export MFX_HOME=$PWD/none
	offers_nothing mfx-things get ''
	[ ! -e none ]
}

@test "files and streams" {
	echo Makefile-of-mine | offers mfx-fmt Makef
	echo Makefile-of-mine | offers mfx grep --rejects Makef
	echo Makefile-of-mine | offers mfx things create --file Makef
	[ "$(in_bash mfx sub '')" = $'normalized\nraw' ]
	[ "$(in_fish mfx sub n)" = normalized ]
}
