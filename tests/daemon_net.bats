# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon follows devices, neighbours and routes live. Two-armed topology as
# in two_armed.bats (drawn there and in lib/nets.bash), and a second router:
#
#  e1 [box] -- 203.0.113.0/24 -- br0 [hub] --+-- o0 [isp] 203.0.113.1 -- web, dns
#                                            +-- p0 [isp2] 203.0.113.3 -- br0 of isp

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_two_armed
	# The outside segment becomes a switch with two routers.
	node hub isp2
	ipn isp link del o0
	wire box:e1 hub:box
	wire isp:o0 hub:isp
	wire isp2:p0 hub:isp2
	bridge hub br0 box isp isp2
	wire isp2:p1 isp:p1
	ipn isp link set p1 master br0
	address box e1 203.0.113.2/24
	address isp o0 203.0.113.1/24
	address isp2 p0 203.0.113.3/24
	address isp2 p1 198.51.100.2/24
	router isp2
	route box default 203.0.113.1
	route isp 192.0.2.64/28 203.0.113.2
	faces_xdp hub:box
	daemon_config <<-END
		links:
		  - { device: e0, side: inside, prefixes: [10.0.0.0/24] }
		  - { device: e1, side: outside }
		pools:
		  - { name: p0, addresses: [203.0.113.10-203.0.113.13] }
	END
	daemon_start box
	http_server web 198.51.100.10
	www_file slow 1200000
	warm_up in1 198.51.100.10
	warm_up in2 198.51.100.10
}

teardown_file() {
	topo_end
}

link_fact() {
	daisy -j link show dev "$1" | jq -r "(if type == \"array\" then .[0] else . end).$2"
}

link_is() {
	[ "$(link_fact "$1" "$2")" = "$3" ]
}

@test "a change of the gateway's MAC address is followed live, and a download goes on" {
	local pid
	on in1 curl -sS -m 20 -o "$BATS_TEST_TMPDIR/file" http://198.51.100.10/slow/slow 3>&- &
	pid=$!
	wait_until 5 test -s "$BATS_TEST_TMPDIR/file"
	ipn isp link set o0 address 02:00:00:00:00:99
	on isp arping -U -c2 -w2 -I o0 203.0.113.1 || true
	wait $pid
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/slow.sha256")"
}

@test "a change of an inside host's MAC address is followed live" {
	ipn in2 link set e0 address 02:00:00:00:00:98
	on in2 arping -U -c2 -w2 -I e0 10.0.0.12 || true
	wait_until 5 on in2 ping -c1 -W1 198.51.100.10
	run -0 on in2 ping -c3 -i 0.02 -W2 198.51.100.10
	assert_output --partial '3 received'
}

@test "a change of the default route is followed live: the next hop is the other router" {
	run -0 on in1 traceroute -n -q1 -w2 198.51.100.10
	assert_line --index 2 --regexp '^ 2  203\.0\.113\.1 '
	ipn box route replace default via 203.0.113.3
	warm_up in1 198.51.100.10
	wait_until 5 second_hop_is 203.0.113.3
	run -0 on in1 ping -c3 -i 0.02 -W2 198.51.100.10
	assert_output --partial '3 received'
	ipn box route replace default via 203.0.113.1
	wait_until 5 second_hop_is 203.0.113.1
}

second_hop_is() {
	on in1 traceroute -n -q1 -w1 -f2 -m2 198.51.100.10 | grep -q "^ 2  $1 "
}

@test "a route for one prefix goes by the other router, everything else stays" {
	ipn box route add 198.51.100.53/32 via 203.0.113.3
	warm_up in1 198.51.100.53
	run -0 on in1 traceroute -n -q1 -w2 198.51.100.53
	assert_line --index 2 --regexp '^ 2  203\.0\.113\.3 '
	run -0 on in1 traceroute -n -q1 -w2 198.51.100.10
	assert_line --index 2 --regexp '^ 2  203\.0\.113\.1 '
	ipn box route del 198.51.100.53/32
}

@test "no route: packets are dropped with that reason, and flow again when there is one" {
	ipn box route del default
	wait_until 5 drops_no_route
	ipn box route add default via 203.0.113.1
	warm_up in1 198.51.100.10
}

drops_no_route() {
	counters_mark
	on in1 ping -c1 -W1 198.51.100.10
	counters_since | grep -q '^drop_no_route='
}

@test "the outside link goes down and up: traffic flows again, the mappings are the same" {
	local before
	on in1 curl -sS -m 10 -o /dev/null --local-port 20001 http://198.51.100.10/whoami
	before=$(external_of tcp 10.0.0.11:20001)
	ipn box link set e1 down
	wait_until 5 link_is e1 state down
	ipn box link set e1 up
	# The kernel took the route away with the link.
	ipn box route replace default via 203.0.113.1
	wait_until 5 link_is e1 state up
	warm_up in1 198.51.100.10
	assert_equal "$(external_of tcp 10.0.0.11:20001)" "$before"
	assert_equal "$(link_fact e1 attached)" native
}

@test "the inside link is deleted and made again: it is attached by itself, its hosts hear of its new MAC, the mappings are the same" {
	local before mac
	on in2 curl -sS -m 10 -o /dev/null --local-port 20002 http://198.51.100.10/whoami
	before=$(external_of tcp 10.0.0.12:20002)
	mac=$(mac_of box e0)
	ipn box link del e0
	wait_until 5 link_is e0 state missing
	wire box:e0 lan:box
	ipn box link set e0 address 02:00:5e:10:00:01
	faces_xdp lan:box
	ipn lan link set box master br0
	address box e0 10.0.0.1/24
	wait_until 10 link_is e0 attached native
	[ "$mac" != "$(mac_of box e0)" ]
	wait_until 5 knows_gateway "$(mac_of box e0)"
	warm_up in2 198.51.100.10
	assert_equal "$(external_of tcp 10.0.0.12:20002)" "$before"
	run -0 on in2 curl -sS -m 10 http://198.51.100.10/whoami
	assert_output --regexp '^203\.0\.113\.1[0-3]:'
}

# Without having asked: nothing was sent since.
knows_gateway() {
	ipn in2 neigh show 10.0.0.1 | grep -q "lladdr $1"
}

@test "the outside link is deleted and made again: it is attached by itself, ARP is answered with its new MAC" {
	ipn box link del e1
	wait_until 5 link_is e1 state missing
	wire box:e1 hub:box
	faces_xdp hub:box
	ipn hub link set box master br0
	address box e1 203.0.113.2/24
	route box default 203.0.113.1
	wait_until 10 link_is e1 attached native
	warm_up in1 198.51.100.10
	run -0 on isp arping -c1 -w2 -I o0 203.0.113.10
	assert_output --regexp "$(mac_of box e1 | tr a-f A-F)|$(mac_of box e1)"
}

@test "the start of the daemon tells the segment by gratuitous ARP where the addresses are" {
	daemon_stop
	daisy_gone
	capture isp o0 garp arp
	daemon_start box
	wait_until 10 announced
	capture_end garp
	assert_equal "$(captured garp eth.src -- 'arp.src.proto_ipv4 == 203.0.113.12' | sort -u)" "$(mac_of box e1)"
}

# A fresh instance announces; one that found its maps and programs in place has nothing to tell.
daisy_gone() {
	on box "$BUILD/bin/daisyd" --help >/dev/null
	pins_del n0
	ipn box link set dev e0 xdp off
	ipn box link set dev e1 xdp off
}

announced() {
	[ "$(captured garp arp.src.proto_ipv4 -- 'arp.isgratuitous == 1' | sort -u | grep -c '203\.0\.113\.1[0-3]')" = 4 ]
}

@test "a neighbour that the kernel forgot is found again" {
	# "Not complete": the daemon asks for a lost neighbour so fast that ip finds one in every round.
	ipn box neigh flush all || [ $? = 255 ]
	warm_up in1 198.51.100.10
	run -0 on in1 ping -c3 -i 0.02 -W2 198.51.100.10
	assert_output --partial '3 received'
}

@test "without a daemon for longer than its liveness lasts, a change of route is still followed" {
	daemon_kill
	# The box itself talks to the other router, so the kernel knows its MAC address; with the daemon
	# gone nobody else asks for it.
	run -0 on box ping -c1 -W2 203.0.113.3
	# The packet path trusts remembered next hops for ten ticks, 10.7 s.
	ipn box route replace default via 203.0.113.3
	wait_until 40 second_hop_is 203.0.113.3
	run -0 on in1 curl -sS -m 10 http://198.51.100.10/whoami
	assert_output --regexp '^203\.0\.113\.1[0-3]:'
	ipn box route replace default via 203.0.113.1
	daemon_start box
	wait_until 5 second_hop_is 203.0.113.1
}

@test "the daemon found nothing to complain about" {
	assert_log_clean
}
