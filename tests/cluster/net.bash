# SPDX-License-Identifier: Apache-2.0
# Three nats-servers, n1, n2 and n3, each a host of its own, for the scripts of
# this folder, which tests/cluster.bats runs.  As root each is in a network
# namespace, and the script, in another one, is their router; n3 keeps its data
# on a small file system.  Else all are on loopback, and cuts are pauses.
#
#	cluster_up		and they have a leader
#	cluster_bus		what MFX_BUS is
#	at NODE COMMAND...	on that host
#	node_kill NODE, node_start NODE, node_pause NODE, node_resume NODE
#	node_cut NODE, node_join NODE	its cable
#	client_cut, client_join		the cable of the script
#	disk_fill, disk_free		of n3
#	disk_slow NODE SECONDS		each write and sync takes 20 ms more
#	leader STREAM		the node that leads it
#	fault NAME		one of them, and its end

set -eEuo pipefail
BATS_TEST_DIRNAME=$ROOT/tests BATS_FILE_TMPDIR=$BATS_TEST_TMPDIR
. "$ROOT/tests/setup.bash"
. "$ROOT/tests/tls.bash"
. "$ROOT/tests/servers.bash"
setup
export MFX_MODULES=$BIN
trap 'echo "$0: line $LINENO: $BASH_COMMAND" >&2' ERR
trap teardown EXIT

NATS=$("$ROOT/scripts/stores" --directory nats)/nats-server
declare -A HOST ADDRESS CLIENTS ROUTES NODE

at() {
	local node=$1
	shift
	if [[ ${HOST[$node]-} ]]; then
		nsenter -t "${HOST[$node]}" -n "$@"
	else
		"$@"
	fi
}

# ---- the network ----

# another network than ours
host_apart() {
	[[ $(readlink "/proc/$1/ns/net") != "$(readlink /proc/self/ns/net)" ]]
}

# host_up N: n1 is 10.81.1.1
host_up() {
	local n=$1 pid
	unshare -n tail -f /dev/null >/dev/null 2>&1 3>&- &
	pid=$!
	PIDS+=("$pid")
	await 60 host_apart "$pid"
	ip link add "v$n" type veth peer name e netns "$pid"
	ip addr add "10.81.$n.9/24" dev "v$n"
	ip link set "v$n" up
	HOST[n$n]=$pid
	at "n$n" ip link set lo up
	at "n$n" ip addr add "10.81.$n.1/24" dev e
	at "n$n" ip link set e up
	at "n$n" ip route add default via "10.81.$n.9"
	ADDRESS[n$n]=10.81.$n.1 CLIENTS[n$n]=4222 ROUTES[n$n]=6222
}

network_up() {
	local n client route
	mkdir -p n1 n2 n3
	if [[ ! ${CLUSTER_NET-} ]]; then
		for n in 1 2 3; do
			free_port client route
			ADDRESS[n$n]=127.0.0.1
			CLIENTS[n$n]=$client ROUTES[n$n]=$route
		done
		return
	fi
	ip link set lo up
	echo 1 >/proc/sys/net/ipv4/ip_forward
	for n in 1 2 3; do
		host_up "$n"
	done
	mount -t tmpfs -o size=400m none n3
}

# ---- servers ----

node_start() {
	local node=$1 other routes=
	for other in n1 n2 n3; do
		routes+="nats://${ADDRESS[$other]}:${ROUTES[$other]}, "
	done
	cat >"$node.conf" <<-END
	server_name: $node
	listen: ${ADDRESS[$node]}:${CLIENTS[$node]}
	jetstream { store_dir: "$PWD/$node" ${CLUSTER_SYNC:+, sync_interval: $CLUSTER_SYNC} }
	authorization { user: mfx, password: "beside-the-sea" }
	ping_interval: 2s, ping_max: 2
	cluster {
	  name: mfx
	  listen: ${ADDRESS[$node]}:${ROUTES[$node]}
	  routes: [ $routes ]
	}
	END
	at "$node" setpriv --pdeathsig KILL "$NATS" -c "$node.conf" \
	    >>"$node.log" 2>&1 3>&- &
	NODE[$node]=$!
	PIDS+=("${NODE[$node]}")
}

node_kill() {
	kill -9 "${NODE[$1]}" 2>/dev/null || true
	wait "${NODE[$1]}" 2>/dev/null || true
}

node_pause() {
	kill -STOP "${NODE[$1]}"
}

node_resume() {
	kill -CONT "${NODE[$1]}"
}

node_cut() {
	if [[ ${CLUSTER_NET-} ]]; then
		ip link set "v${1#n}" down
	else
		node_pause "$1"
	fi
}

node_join() {
	if [[ ${CLUSTER_NET-} ]]; then
		ip link set "v${1#n}" up
	else
		node_resume "$1"
	fi
}

# what is sent here is dropped; what passes is not
client_cut() {
	ip rule add iif lo to 10.81.0.0/16 blackhole
}

client_join() {
	ip rule del iif lo to 10.81.0.0/16 blackhole
}

disk_fill() {
	head -c 500m /dev/zero >n3/filler 2>/dev/null || true
}

disk_free() {
	rm -f n3/filler
}

disk_slow() {
	local calls=pwrite64,fsync,fdatasync,ftruncate,openat,renameat tracer
	at "$1" strace -qq -f -o /dev/null -e trace=$calls \
	    -e inject=$calls:delay_enter=20000 -p "${NODE[$1]}" \
	    2>>"$1.strace" 3>&- &
	tracer=$!
	pause "$2"
	kill "$tracer"
	wait "$tracer" 2>/dev/null || true
	[[ ! -s $1.strace ]] || {
		cat "$1.strace" >&2
		return 1
	}
}

cluster_bus() {
	echo "nats://mfx:beside-the-sea@${ADDRESS[n1]}:${CLIENTS[n1]},${ADDRESS[n2]}:${CLIENTS[n2]},${ADDRESS[n3]}:${CLIENTS[n3]}?replicas=3"
}

cluster_up() {
	local node
	network_up
	for node in n1 n2 n3; do
		node_start $node
	done
	MFX_BUS=$(cluster_bus)
	export MFX_BUS
	echo '{"n":"up","v":1}' | mfx-pub --timeout 90s up
	await 60 leader up
}

leader() {
	local node found
	for node in n1 n2 n3; do
		found=$(timeout 5 python3 "$ROOT/tests/nats_client.py" \
		    "nats://mfx:beside-the-sea@${ADDRESS[$node]}:${CLIENTS[$node]}" \
		    ask "\$JS.API.STREAM.INFO.mfx_$1" '' 2>/dev/null |
		    grep -oE '"leader":"n[123]"' | head -n 1) || continue
		found=${found#*:\"}
		echo "${found%\"}"
		return
	done
	return 1
}

# ---- faults ----

any_node() {
	echo n$((RANDOM % 3 + 1))
}

# fault NAME [STREAM]: it is over when this returns, but for what follows
fault() {
	local node length=$((RANDOM % 3 + 1))
	case $1 in
	*-leader) node=$(leader "${2:-raw}") || node=$(any_node) ;;
	*)	node=$(any_node) ;;
	esac
	echo "# fault: $1 $node $length s"
	case $1 in
	kill-*)	node_kill "$node"; pause $length; node_start "$node" ;;
	pause-*) node_pause "$node"; pause $length; node_resume "$node" ;;
	cut-client)
		if [[ ${CLUSTER_NET-} ]]; then
			client_cut; pause $length; client_join
		fi ;;
	cut-*)	node_cut "$node"; pause $length; node_join "$node" ;;
	disk)
		if [[ ${CLUSTER_NET-} ]]; then
			disk_fill; pause $length; disk_free
			# a server goes on with JetStream when it is started
			node_kill n3
			node_start n3
		fi ;;
	slow-*)	disk_slow "$node" $length ;;
	all)	for node in n1 n2 n3; do node_kill $node; done
		pause $length
		for node in n1 n2 n3; do node_start $node; done ;;
	*)	echo "no fault: $1" >&2; return 1 ;;
	esac
}
