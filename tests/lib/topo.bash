# SPDX-License-Identifier: GPL-2.0-or-later
#
# Topologies out of network namespaces and veth pairs. Every function that
# makes something registers its undo in $TOPO_DIR/undo at once; topo_end runs
# them in reverse order, also after a failure half way. Namespaces are named
# $TOPO_TAG-NODE, and the tag is unique, so that runs do not collide.
#
# KEEP_TOPO=1 leaves a topology standing and says how to enter it.

# topo_begin DIR: state goes to DIR.
topo_begin() {
	export TOPO_DIR=$1
	printf -v TOPO_TAG '%s%x-%04x' "${TOPO_PREFIX:-d}" $$ $RANDOM
	export TOPO_TAG
	mkdir -p "$TOPO_DIR"
	: >"$TOPO_DIR/undo"
}

# undo COMMAND...: for topo_end.
undo() {
	printf '%q ' "$@" >>"$TOPO_DIR/undo"
	echo >>"$TOPO_DIR/undo"
}

topo_end() {
	local line
	[ -n "${TOPO_DIR:-}" ] && [ -e "$TOPO_DIR/undo" ] || return 0
	if [ -n "${KEEP_TOPO:-}" ]; then
		echo "# kept: nsenter --net=/run/netns/$TOPO_TAG-NODE, state in $TOPO_DIR" >&2
		return 0
	fi
	while read -r line; do
		eval "$line" || echo "undo failed: $line" >&2
	done < <(tac "$TOPO_DIR/undo")
	rm -f "$TOPO_DIR/undo"
}

# on NODE COMMAND...: run in a node. Not `ip netns exec`, which hides the bpffs.
on() {
	local node=$1
	shift
	nsenter --net="/run/netns/$TOPO_TAG-$node" "$@"
}

# ipn NODE ARGS...: ip(8) in a node.
ipn() {
	local node=$1
	shift
	ip -n "$TOPO_TAG-$node" "$@"
}

# node NAME...: namespaces, without IPv6 unless $TOPO_IPV6 is set (its chatter would show in counters).
node() {
	local name
	for name in "$@"; do
		ip netns add "$TOPO_TAG-$name"
		undo node_del "$name"
		ipn "$name" link set lo up
		# As many ICMP errors as a test asks for.
		on "$name" sysctl -qw net.ipv4.icmp_ratelimit=0 \
			net.ipv6.conf.all.disable_ipv6=$((1 - ${TOPO_IPV6:-0})) \
			net.ipv6.conf.default.disable_ipv6=$((1 - ${TOPO_IPV6:-0}))
	done
}

node_del() {
	local pid
	for pid in $(ip netns pids "$TOPO_TAG-$1" 2>/dev/null); do
		kill -KILL "$pid" 2>/dev/null
	done
	ip netns del "$TOPO_TAG-$1"
}

# router NODE...: let nodes forward.
router() {
	local name
	for name in "$@"; do
		on "$name" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \
			net.ipv4.conf.default.send_redirects=0
	done
}

# wire NODE:DEVICE NODE:DEVICE [MTU]: a veth pair. It goes with its namespaces.
wire() {
	local a=${1%:*} a_dev=${1#*:} b=${2%:*} b_dev=${2#*:} mtu=${3:-1500}
	ip -n "$TOPO_TAG-$a" link add "$a_dev" mtu "$mtu" type veth peer name "$b_dev" mtu "$mtu" \
		netns "$TOPO_TAG-$b"
	end_prepare "$a" "$a_dev"
	end_prepare "$b" "$b_dev"
}

# Whole checksums and frames of the MTU's size on the wire, tags inside the frame: as from a cable.
end_prepare() {
	on "$1" ethtool -K "$2" tx off tso off gso off gro off rxvlan off txvlan off \
		tx-vlan-stag-hw-insert off rx-vlan-stag-hw-parse off >/dev/null
	ipn "$1" link set "$2" up
}

# faces_xdp NODE:DEVICE...: the other end transmits from XDP, so this one needs NAPI.
faces_xdp() {
	local end
	for end in "$@"; do
		ipn "${end%:*}" link set dev "${end#*:}" xdpdrv obj "$BUILD/tests/lib/pass.bpf.o" sec xdp
	done
}

# bridge NODE DEVICE PORT...: an Ethernet switch.
bridge() {
	local name=$1 dev=$2 port
	shift 2
	ipn "$name" link add "$dev" type bridge forward_delay 0 mcast_snooping 0
	ipn "$name" link set "$dev" up
	for port in "$@"; do
		ipn "$name" link set "$port" master "$dev"
	done
}

# address NODE DEVICE ADDR/LEN...
address() {
	local name=$1 dev=$2 addr
	shift 2
	for addr in "$@"; do
		ipn "$name" address add "$addr" dev "$dev"
	done
}

# route NODE PREFIX GATEWAY
route() {
	ipn "$1" route add "$2" via "$3"
}

# mac_of NODE DEVICE
mac_of() {
	ipn "$1" -j link show dev "$2" | jq -r '.[0].address'
}

# start NODE NAME COMMAND...: in the background, output to $TOPO_DIR/NAME.log, pid in $TOPO_DIR/NAME.pid.
start() {
	local node=$1 name=$2
	shift 2
	# Not by way of on(): the shell would stay in between, and its pid would be the one we know.
	# A session of its own: a terminal that is closed or interrupted means somebody else.
	setsid nsenter --net="/run/netns/$TOPO_TAG-$node" "$@" >"$TOPO_DIR/$name.log" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$TOPO_DIR/$name.pid"
	undo stop "$name"
	disown $! 2>/dev/null || true
}

# stop NAME [SIGNAL]: end what start began, if it still runs.
stop() {
	local file=$TOPO_DIR/$1.pid pid
	[ -e "$file" ] || return 0
	pid=$(<"$file")
	rm -f "$file"
	process_gone "$pid" && return 0
	kill "-${2:-TERM}" "$pid"
	if ! wait_gone 5 "$pid"; then
		kill -KILL "$pid"
		return 1
	fi
}
