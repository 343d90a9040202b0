# SPDX-License-Identifier: Apache-2.0
# Completion for fish, of all programs: each is asked for its options and
# operands (prog --options prints verb, --option, letter, argument, help, with
# tabs between; without an option the argument is the operands), so nothing
# here has to follow them.  Ids come from the registry.

# where the registry and the bus are
function __mfx_home
    if set -q MFX_HOME
        echo $MFX_HOME
    else if test (id -u) = 0
        echo /var/lib/mfx
    else if set -q XDG_STATE_HOME
        echo $XDG_STATE_HOME/mfx
    else
        echo $HOME/.local/state/mfx
    end
end

# ids with names of things or channels of --user or $MFX_USER, or users:
# from the program beside the one that is completed; no registry is made
# for that
function __mfx_ids --argument-names dir what
    test -e (__mfx_home)/registry.db; or return
    set -l words (commandline -opc)
    set -l at (contains -i -- --user $words)
    and set -lx MFX_USER $words[(math $at + 1)]
    set -l text '"([^"\\\\]*)"'
    set -l from '^\{"id":'$text'(?:,"name":'$text')?.*'
    test $what = users; and set from '^\{"id":"[^"]*","email":'$text'().*'
    type -q {$dir}mfx-$what; or return
    {$dir}mfx-$what list 2>/dev/null </dev/null |
        string replace -rf -- $from '$1\t$2'
end

function __mfx_streams
    set -l bus (__mfx_home)/bus
    set -q MFX_BUS; and set bus (string replace -r '^dir:' '' $MFX_BUS)
    path basename $bus/*/ 2>/dev/null
end

# what can be the value of an option or, with '', an operand: by the name of
# the option, or else by the kind of value
function __mfx_value --argument-names dir option argument
    switch $option:$argument
        case '--channel:*' ':CHANNEL'
            __mfx_ids "$dir" channels
        case '--thing:*' '--publisher:*' ':THING'
            __mfx_ids "$dir" things
        case '--group:GROUP' '--parent:GROUP' ':GROUP'
            __mfx_ids "$dir" groups
        case '*:EMAIL'
            __mfx_ids "$dir" users
        case '*|*'
            string split '|' -- $argument
        case '*:STREAM*'
            __mfx_streams
        case '*FILE*' '*DIR*' '*PATH*'
            __fish_complete_path (commandline -ct | string replace -r '^--[^=]*=' '')
    end
end

# the operand number $n, counted from 0; the last kind may be "..."
function __mfx_operand --argument-names dir n
    set -l kinds $argv[3..]
    set n (math $n + 1)
    if string match -q -- '...*' $kinds[-1]; and test $n -ge (count $kinds)
        set n (math (count $kinds) - 1)
    end
    __mfx_value "$dir" '' (string replace -r '^\[([^]]*)\]?$' '$1' -- $kinds[$n])
end

function __mfx_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l cmd $words[1]
    set -l prog (string replace -r '.*/' '' -- $cmd)
    set -l dir (string replace -r '[^/]*$' '' -- $cmd)
    set -l verb ''
    set -e words[1]
    if test "$prog" = mfx -a (count $words) -gt 0
        if not string match -q -- '-*' $words[1]; and test $words[1] != help
            set prog mfx-$words[1]
            set -a cmd $words[1]
            set -e words[1]
        end
    end
    type -q $cmd[1]; or return
    set -l table ($cmd --options 2>/dev/null </dev/null)
    set -l verbs (string match -r '^[^\t]+(?=\t\t)' -- $table)
    for word in $words
        if contains -- $word $verbs
            set verb $word
            break
        end
    end

    # what stands in front: operands, and perhaps an option that waits
    set -l operands 0
    set -l waits
    set -l argument
    for word in $words
        if set -q waits[1]
            set -e waits
        else if string match -q -- '-?*' $word
            set -l row (__mfx_row "$verb" $word $table)
            if test -n "$row[4]"
                set waits $row[2]
                set argument $row[4]
            end
        else if test "$word" != "$verb"
            set operands (math $operands + 1)
        end
    end
    if set -q waits[1]
        __mfx_value "$dir" $waits $argument
    else if string match -q -- '--*=*' $current
        set -l option (string replace -r '=.*' '' -- $current)
        set -l row (__mfx_row "$verb" $option $table)
        __mfx_value "$dir" $option "$row[4]" | string replace -r -- '^' "$option="
    else if string match -q -- '-*' $current
        for line in $table
            set -l row (string split \t -- $line)
            test -n "$row[2]"; and contains -- $row[1] '' $verb
            and printf '%s\t%s\n' $row[2] $row[5]
        end
    else if set -q verbs[1]; and contains -- "$verb" '' help
        string replace -rf '^([^\t]+)\t\t.*\t' '$1\t' -- $table
    else
        set -l row (string match -r "^$verb\t\t\t([^\t]*)" -- $table)
        __mfx_operand "$dir" $operands (string split -n ' ' -- $row[2])
    end
end

# the row of an option, long or short, that the verb has
function __mfx_row --argument-names verb option
    for line in $argv[3..]
        set -l row (string split \t -- $line)
        contains -- $row[1] '' $verb; or continue
        if contains -- $option $row[2] -$row[3]
            printf '%s\n' $row
            return
        end
    end
end

complete -c mfx -f -a '(__mfx_complete)'
for name in (type -q mfx; and mfx --options | string match -r '^[^\t]+(?=\t\t)')
    contains -- $name help version
    or complete -c mfx-$name -f -a '(__mfx_complete)'
end
