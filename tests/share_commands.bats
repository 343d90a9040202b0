#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every verb of every command that acts for a user, by the owner of a thing and
# a channel, by users whom they are shared with at each level, and by a
# stranger: as share_rows.bats has it of the API.  The verbs are those that the
# programs themselves say; one that is in no table here fails.
load setup
load identity

ROLES=(stranger manage use view owner)

# every program and verb that has --user, and those without it of the same
# programs
verbs() {
	local p
	for p in "$BIN"/mfx-*; do
		[[ $p == *.so ]] || "$p" --options | awk -F '\t' -v OFS=: \
		    -v p="${p##*/}" '$1 != "" { v[$1] = 1 } $2 == "--user" { u[$1] = 1 }
		    END { for (i in v) print p, i, (i in u) ? "user" : "any" }'
	done | awk -F : '$3 == "user" { p[$1] = 1 } { l[NR] = $0; n[NR] = $1 }
	    END { for (i = 1; i <= NR; i++) if (p[n[i]]) print l[i] }' | sort
}

# about the user alone, who may do it in any case; or for an administrator, who
# may do all of it
others() {
	cat <<-'END'
	mfx-bootstrap:add mfx-bootstrap:list mfx-bootstrap:fetch
	mfx-bootstrap:unknown
	mfx-certs:ca mfx-certs:crl mfx-certs:expiring mfx-certs:list
	mfx-certs:ocsp mfx-certs:prune mfx-certs:server mfx-certs:verify
	mfx-channels:create mfx-channels:list
	mfx-groups:create mfx-groups:list mfx-groups:tree
	mfx-site:apply mfx-site:backup mfx-site:export mfx-site:keygen
	mfx-site:list mfx-site:log mfx-site:plan mfx-site:restore mfx-site:undo
	mfx-site:verify
	mfx-things:create mfx-things:list
	mfx-token:create mfx-token:list mfx-token:login mfx-token:logout
	mfx-token:refresh mfx-token:remove mfx-token:show
	mfx-users:create mfx-users:grants mfx-users:list mfx-users:remove
	mfx-users:update mfx-users:verify
	END
}

# PROGRAM:VERB, the status by owner, viewer, user, manager and stranger, and
# what follows: %T, %C and %G are the thing, the channel and a group of ann's,
# and %V the grant of the thing to the viewer.  A status gN is N where the group
# is shared, else 1.  An empty line shares new ones.
rows() {
	cat <<-'END'
	mfx-things:get 0 0 0 0 1 %T
	mfx-things:update 0 77 77 0 1 --name a %T
	mfx-things:disable 0 77 77 0 1 %T
	mfx-things:enable 0 77 77 0 1 %T
	mfx-things:key 0 77 77 77 1 %T
	mfx-things:key 0 77 77 77 1 --new %T
	mfx-things:list 0 0 0 0 1 --channel %C
	mfx-channels:get 0 0 0 0 1 %C
	mfx-channels:update 0 77 77 0 1 --tag a %C
	mfx-channels:disable 0 77 77 0 1 %C
	mfx-channels:enable 0 77 77 0 1 %C
	mfx-channels:connect 0 77 77 0 1 %C %T
	mfx-channels:disconnect 0 77 77 0 1 %C %T
	mfx-groups:get 0 g0 g0 g0 1 %G
	mfx-groups:update 0 g77 g77 g77 1 --name a %G
	mfx-groups:assign 0 g77 g77 g77 1 %G %T
	mfx-groups:unassign 0 g77 g77 g77 1 %G %T
	mfx-groups:assign 0 g77 g77 g77 1 %G %T
	mfx-bootstrap:get 0 1 1 1 1 %T
	mfx-bootstrap:update 0 1 1 1 1 --name a %T
	mfx-bootstrap:state 0 1 1 1 1 active %T
	mfx-bootstrap:remove 0 1 1 1 1 %T
	mfx-certs:issue 0 1 1 1 1 %T
	mfx-certs:renew 0 1 1 1 1 %T
	mfx-certs:sign 0 1 1 1 1 %T
	mfx-certs:revoke 0 1 1 1 1 %T
	mfx-users:grant 0 77 77 77 1 a@example.com view --thing %T
	mfx-users:accept 77 0 1 1 1 %V
	mfx-users:decline 1 0 1 1 1 %V

	mfx-users:revoke 1 0 1 1 1 %V

	mfx-things:remove 0 77 77 77 1 %T
	mfx-channels:remove 0 77 77 77 1 %C
	mfx-groups:remove 0 g77 g77 g77 1 %G
	END
}

# a thing and a channel of ann's, connected, which each role may use as it says:
# by grants on them or, with `group`, on a group that they are in
share() {
	local level ids
	T=$(thing --name t) C=$(channel --name c) G=$(mfx-groups create | jq -r .id)
	mfx-channels connect "$C" "$T"
	mfx-bootstrap add --thing "$T" "x$T" >/dev/null
	mfx-groups assign "$G" "$T"
	mfx-groups assign --channels "$G" "$C"
	for level in view use manage; do
		if [[ $1 == group ]]; then
			ids=$(mfx-users grant "$level@example.com" $level \
			    --group "$G" | jq -r .id)
		else
			ids=$(mfx-users grant "$level@example.com" $level \
			    --thing "$T" --channel "$C" | jq -r .id)
		fi
		as "$level@example.com" mfx-users accept $ids
		[[ $level != view ]] || V=${ids%%$'\n'*}
	done
}

tried() {
	local row command args statuses role i got bad=0 words
	declare -A want
	while IFS= read -r row; do
		[[ $row ]] || { share "$1"; continue; }
		read -r command want[owner] want[view] want[use] want[manage] \
		    want[stranger] args <<<"$row"
		args=${args//%T/$T} args=${args//%C/$C} args=${args//%G/$G}
		read -ra words <<<"${args//%V/$V}"
		for role in "${ROLES[@]}"; do
			case $role in
			owner) i=ann@example.com ;;
			*) i=$role@example.com ;;
			esac
			got=0
			as "$i" "${command%:*}" "${command#*:}" "${words[@]}" \
			    >out 2>err <csr || got=$?
			# of a group that is shared, or else as of a stranger
			[[ ${want[$role]} != g* || $1 == group ]] || want[$role]=1
			((got == ${want[$role]#g})) || {
				echo "$row: $role: $got"
				cat err
				bad=1
			}
		done
	done < <(rows)
	((bad == 0))
}

people() {
	local role
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout key.pem -out csr -subj /CN=a 2>/dev/null
	mfx-certs ca init >/dev/null
	for role in view use manage stranger; do
		add_user "$role@example.com"
	done
}

@test "every verb that a program has is in one of the tables, and no other" {
	verbs | cut -d : -f 1,2 | sort >there
	{ others | xargs -n 1; rows | sed '/^$/d; s/ .*//'; } | sort -u >known
	diff there known
	(($(wc -l <there) > 40))
}

@test "every command by owner, viewer, user, manager and stranger" {
	people
	share single
	tried single
}

@test "every command by the same, whom a group is shared with" {
	people
	share group
	tried group
}
