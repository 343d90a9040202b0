#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# The bus and the registry on three servers, while these are killed, paused, cut
# off and full: tests/cluster has what happens.  FAULTS=60 CHANGES=10000
# THINGS=100000 bats tests/cluster.bats for a longer run.
load setup

# inside SCRIPT ARGUMENT...: as root with networks, processes and mounts of its
# own, which end with it
inside() {
	local apart=(unshare -nmpf --mount-proc --kill-child)
	export ROOT
	CLUSTER_NET=
	if ((EUID == 0)) && "${apart[@]}" true; then
		CLUSTER_NET=1
	else
		apart=()
	fi
	export CLUSTER_NET
	"${apart[@]}" "$ROOT/tests/cluster/$1" "${@:2}" >said 2>errors 3>&- || {
		cat said errors
		return 1
	}
	cat said errors | sed -n '/^#/p' >&3
}

# faults N: so many, each kind as often as the others
faults() {
	local kinds=(kill-leader cut-any disk slow-leader stage cut-client
	    pause-leader all kill-any pause-any cut-leader slow-any)
	local i
	for ((i = 0; i < $1; i++)); do
		echo "${kinds[i % ${#kinds[@]}]}"
	done
}

@test "messages: what was accepted is stored once, whatever happens to the servers" {
	inside messages $(faults "${FAULTS:-6}")
}

# one after the other, N of them
publisher_faults() {
	local kinds=(kill-leader publisher pause-leader cut-leader kill-any all
	    publisher cut-client)
	local i
	for ((i = 0; i < $1; i++)); do
		echo "${kinds[i % ${#kinds[@]}]}"
	done
}

@test "lines one by one: each that was acknowledged is there once, and in order" {
	inside publish $(publisher_faults "${FAULTS:-6}")
}

# of the link, the mirror and the servers
edge_faults() {
	local kinds=(cut mirror kill-leader cut pause-any mirror all kill-any)
	local i
	for ((i = 0; i < $1; i++)); do
		echo "${kinds[i % ${#kinds[@]}]}"
	done
}

@test "a site behind a bad link, and after days without it: each line once" {
	inside edge $(edge_faults "${FAULTS:-6}")
}

@test "the registry: kills, a writer on each side of a cut, a promotion under load" {
	inside registry "${THINGS:-2000}" "${CHANGES:-150}"
}
