# SPDX-License-Identifier: Apache-2.0
# Completion for bash, of all programs: each is asked for its options and
# operands (prog --options prints verb, --option, letter, argument, help, with
# tabs between; without an option the argument is the operands), so nothing
# here has to follow them.  Ids come from the registry.

# the words that complete the current one, from lines
_mfx_reply()
{
	local IFS=$'\n'
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_mfx_files()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

# where the registry and the bus are
_mfx_home()
{
	local home=${XDG_STATE_HOME:-$HOME/.local/state}/mfx
	((EUID)) || home=/var/lib/mfx
	echo "${MFX_HOME:-$home}"
}

# ids of things or channels of --user or $MFX_USER, or users: from the
# program beside the one that is completed; no registry is made for that
_mfx_ids()
{
	[[ -e $(_mfx_home)/registry.db ]] || return
	local user=$MFX_USER i from='^{"id":'
	[[ $1 != users ]] || from='^{"id":"[^"]*","email":'
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} != --user ]] || user=${COMP_WORDS[i + 1]}
	done
	_mfx_reply "$(MFX_USER=$user "${dir}mfx-$1" list 2>/dev/null </dev/null |
		sed -n "s/$from"'"\([^"\\]*\)".*/\1/p')"
}

_mfx_streams()
{
	local bus=${MFX_BUS:-$(_mfx_home)/bus}

	_mfx_reply "$(cd -- "${bus#dir:}" 2>/dev/null && compgen -d)"
}

# what can be the value of option $1 or, with '', an operand: by the name of
# the option, or else by the kind of value, $2
_mfx_value()
{
	case $1:$2 in
	--channel:*|:CHANNEL) _mfx_ids channels ;;
	--thing:*|--publisher:*|:THING) _mfx_ids things ;;
	--group:GROUP|--parent:GROUP|:GROUP) _mfx_ids groups ;;
	*:EMAIL)	_mfx_ids users ;;
	*:*'|'*)	_mfx_reply "${2//|/$'\n'}" ;;
	*:STREAM*)	_mfx_streams ;;
	*:*FILE*|*:*DIR*|*:*PATH*) _mfx_files ;;
	esac
}

# the operand number $1, counted from 0; the last kind may be "..."
_mfx_operand()
{
	local kinds
	read -ra kinds <<<"$kinds_text"
	((${#kinds[@]})) || return
	if [[ ${kinds[-1]} == ...* ]] && (($1 >= ${#kinds[@]} - 2)); then
		set -- $((${#kinds[@]} - 2))
	fi
	set -- "${kinds[$1]-}"
	[[ $1 != \[* ]] || set -- "${1//[][]/}"
	_mfx_value '' "$1"
}

# Reads the table of the program: all verbs, the one that was typed, its
# operands, and the options it has with their arguments.
_mfx_table()
{
	local i v name letter arg all
	all=$("${cmd[@]}" --options 2>/dev/null </dev/null)
	all=${all//$'\t'/$'\x1f'}
	while IFS=$'\x1f' read -r v name _; do
		[[ $name || -z $v ]] || verbs[$v]=1
	done <<<"$all"
	for ((i = first; i < COMP_CWORD; i++)); do
		v=${COMP_WORDS[i]}
		if [[ $v != -* && ${verbs["$v"]} ]]; then
			verb=$v first=$((i + 1))
			break
		fi
	done
	while IFS=$'\x1f' read -r v name letter arg _; do
		[[ $v == "$verb" && -z $name ]] && kinds_text=$arg
		[[ $name && ( -z $v || $v == "$verb" ) ]] || continue
		options[$name]=$arg
		[[ $letter == - ]] || long[-$letter]=$name
	done <<<"$all"
}

# how many operands stand in front of the current word
_mfx_count_operands()
{
	local i word value=
	for ((i = first; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		word=${long["$word"]:-$word}
		if [[ $word == = ]]; then
			value=1
		elif [[ $value ]]; then
			value=
		elif [[ $word == -?* ]]; then
			value=${options["$word"]:+1}
		else
			operands=$((operands + 1))
		fi
	done
}

_mfx()
{
	local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local cmd=("${COMP_WORDS[0]/#\~/$HOME}") prog=${COMP_WORDS[0]##*/}
	local dir=${cmd[0]%"$prog"} first=1 verb='' operands=0
	local kinds_text=
	local -A verbs=() options=() long=()

	COMPREPLY=()
	if [[ $prog == mfx && ${COMP_WORDS[1]} != -* ]] &&
	    ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != help ]]; then
		prog=mfx-${COMP_WORDS[1]} first=2
		cmd+=("${COMP_WORDS[1]}")
	fi
	_mfx_table
	# --option=value comes as three words
	if [[ $cur == = ]]; then
		cur=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	before=${long["$before"]:-$before}
	if [[ ${options["$before"]} ]]; then
		_mfx_value "$before" "${options["$before"]}"
	elif [[ $cur == -* ]]; then
		_mfx_reply "$(printf '%s\n' "${!options[@]}")"
	elif [[ ${#verbs[@]} -gt 0 && ( -z $verb || $verb == help ) ]]; then
		_mfx_reply "$(printf '%s\n' "${!verbs[@]}")"
	else
		_mfx_count_operands
		_mfx_operand "$operands"
	fi
}

# the programs that mfx lists as its verbs, and the one whose name this file
# has, through a link, when bash-completion looks for it
complete -F _mfx mfx "$(basename -- "${BASH_SOURCE[0]}" .bash)" $(
	mfx --options 2>/dev/null </dev/null |
	sed -n $'s/\t\t.*//; /^help$\|^version$/d; /\t/!s/^/mfx-/p')
