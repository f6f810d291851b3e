# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two kernels open one connection: each end calls connect(), none listens. Two-armed topology as in
# two_armed.bats (drawn there and in lib/nets.bash); the only external address has one port, so that
# what the outside connects to is known before.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_two_armed
	config_one_port
	daemon_start box n0 --test-clock
	warm_up in1 198.51.100.10
	# Who asks for a neighbour, tells it its own: the routers of a host that is held must not ask.
	knows box e0 10.0.0.11 "$(mac_of in1 e0)"
	knows isp br0 198.51.100.10 "$(mac_of web e0)"
}

teardown_file() {
	topo_end
}

setup() {
	daisy mapping delete all
	wait_until 5 no_mappings
	# The port's hold-down is over.
	daisy instance clock-advance seconds 200
}

# knows NODE DEVICE ADDRESS MAC: its neighbour, for good.
knows() {
	ipn "$1" neigh replace "$3" lladdr "$4" dev "$2" nud permanent
}

# What a host sends waits in its own kernel as long as it does not know its router's MAC address.
router_of() {
	case $1 in
	in1) echo box e0 10.0.0.1 ;;
	web) echo isp br0 198.51.100.1 ;;
	esac
}

hold() {
	local at dev address
	read -r at dev address < <(router_of "$1")
	on "$at" sysctl -qw "net.ipv4.conf.$dev.arp_ignore=8"
	on "$1" sysctl -qw net.ipv4.neigh.e0.mcast_solicit=100
	ipn "$1" neigh del "$address" dev e0 2>/dev/null || true
}

release() {
	local at dev address
	read -r at dev address < <(router_of "$1")
	on "$at" sysctl -qw "net.ipv4.conf.$dev.arp_ignore=0"
	knows "$1" e0 "$address" "$(mac_of "$at" "$dev")"
}

# An earlier connection of the inside port, to somebody else: its mapping is there.
map_inside_port() {
	counters_mark
	run -0 "$TESTS/lib/train.py" --from in1:e0 --via box:e0 --to dns:e0 --count 1 \
		--send "[IP(src='10.0.0.11',dst='198.51.100.53')/TCP(sport=7100,dport=53,flags='S')]"
	assert_equal "$(external_of tcp 10.0.0.11:7100)" 203.0.113.10:40000
	# What dns says to it, RST, is over.
	assert_counters created_tcp=1 conns_created=1 out_tcp=1 in_tcp=1
}

begin() {
	counters_mark
	capture in1 e0 inside 'tcp port 7100'
	capture web e0 outside 'tcp port 5001'
}

inside_connects() {
	start in1 inside "$TESTS/lib/peer.py" 10.0.0.11 7100 198.51.100.10 5001 subscriber
	wait_until 5 has_socket in1
}

outside_connects() {
	start web outside "$TESTS/lib/peer.py" 198.51.100.10 5001 203.0.113.10 40000 server
	wait_until 5 has_socket web
}

has_socket() {
	on "$1" ss -Htn | grep -q .
}

is_in() {
	on "$1" ss -Htn state "$2" | grep -q .
}

said() {
	[ "$(<"$TOPO_DIR/$1.log")" = "$2" ]
}

# Both ends are established, and what each says arrives.
assert_connected() {
	wait_until 5 said inside $'established\nheard server'
	wait_until 5 said outside $'established\nheard subscriber'
	is_in in1 established
	is_in web established
}

# The connection has the timer of an established one, not that of one that is opening.
assert_stays() {
	daisy instance clock-advance seconds 600
	kill -USR1 "$(<"$TOPO_DIR/inside.pid")" "$(<"$TOPO_DIR/outside.pid")"
	wait_until 5 said inside $'established\nheard server\nheard server'
	wait_until 5 said outside $'established\nheard subscriber\nheard subscriber'
	assert_equal "$(external_of tcp 10.0.0.11:7100)" 203.0.113.10:40000
}

# finish COUNTER=DELTA...: what is captured is all there was: every packet counted once in its
# direction, each translated, and no RST. Besides, these counters moved.
finish() {
	stop inside
	stop outside
	wait_until 5 idle
	capture_end inside
	capture_end outside
	assert_checksums inside
	assert_checksums outside
	assert_equal "$(captured inside frame.number -- 'tcp.flags.reset == 1')" ''
	assert_counters out_tcp="$(captured inside ip.src -- 'ip.src == 10.0.0.11' | wc -l)" \
		in_tcp="$(captured inside ip.src -- 'ip.dst == 10.0.0.11' | wc -l)" conns_created=1 "$@"
	assert_equal "$(captured outside ip.src tcp.srcport -- 'ip.dst == 198.51.100.10' | sort -u)" '203.0.113.10 40000'
}

idle() {
	! has_socket in1 && ! has_socket web
}

# Each end has sent SYN, and after it SYN with ACK: RFC 793, figure 8.
assert_syns_crossed() {
	assert_equal "$(syns outside 198.51.100.10) $(syns outside 203.0.113.10)" '0x0002 0x0012 0x0002 0x0012'
	assert_equal "$(syns inside 10.0.0.11) $(syns inside 198.51.100.10)" '0x0002 0x0012 0x0002 0x0012'
}

# syns NAME SOURCE: its flags of TCP.
syns() {
	captured "$1" tcp.flags -- "ip.src == $2 && tcp.flags.syn == 1" | xargs
}

@test "simultaneous open: the inside's SYN passes first, the server's crosses it; both kernels are established (T2, T2a)" {
	begin
	hold web
	outside_connects
	inside_connects
	wait_until 5 is_in web syn-recv
	# It has answered the inside's SYN, and its own has not left yet.
	is_in in1 syn-sent
	release web
	assert_connected
	assert_stays
	finish created_tcp=1
	assert_syns_crossed
}

@test "simultaneous open begun by the outside: its SYN passes first, to a port that is mapped, and the inside's crosses it (T2, T2a)" {
	map_inside_port
	begin
	hold in1
	inside_connects
	outside_connects
	wait_until 5 is_in in1 syn-recv
	is_in web syn-sent
	release in1
	assert_connected
	assert_stays
	finish
	assert_syns_crossed
}

# The outside's SYN waits in the daemon when the inside's opens the connection.
connect_while_held() {
	outside_connects
	wait_until 2 held 1
	inside_connects
	assert_connected
	assert_stays
	wait_until 3 held 0
}

@test "simultaneous open begun by the outside to a port that is not mapped: its SYN is held, the inside's opens, no ICMP is sent (T2a, T4)" {
	begin
	connect_while_held
	finish created_tcp=1 held_syns=1 replays=1 drop_syn_superseded=1
}

@test "simultaneous open begun by the outside where its SYN is filtered: it is held, the inside's opens (T2a, T3a, T4)" {
	config_one_port 'filtering: address-dependent'
	daisy instance reload
	map_inside_port
	begin
	connect_while_held
	finish held_syns=1 replays=1 drop_syn_superseded=1
}

@test "the daemon had nothing to complain about" {
	assert_log_clean
}
