# SPDX-License-Identifier: GPL-2.0-or-later
#
# Path MTU discovery through Daisy, whichever router finds a packet too big.
#
#  in1 10.0.0.11 -----------+                                     +-- web 198.51.100.10
#                           +- lan -- e0 [box] e1 -- o0 [isp] ----+
#  sub 10.1.0.11 -- r ------+                               |1300
#            1280   10.0.0.9                               far 192.0.2.10
#
# The links between r and sub and between isp and far are narrow, both ends of
# every connection have an MTU of 1500 on their own: sub's and far's narrow links
# end in routers r2 and r3 before them.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_two_armed
	node r r2 sub r3 far
	wire r:u0 lan:r
	wire r:d0 r2:u0 1280
	wire r2:d0 sub:e0
	wire isp:far r3:u0 1300
	wire r3:d0 far:e0
	ipn lan link set r master br0
	address r u0 10.0.0.9/24
	address r d0 10.2.0.1/24
	address r2 u0 10.2.0.2/24
	address r2 d0 10.1.0.1/24
	address sub e0 10.1.0.11/24
	address isp far 192.0.2.1/28
	address r3 u0 192.0.2.2/28
	address r3 d0 192.0.2.17/28
	address far e0 192.0.2.18/28
	router r r2 r3
	route sub default 10.1.0.1
	route r2 default 10.2.0.1
	route r 10.1.0.0/24 10.2.0.2
	route r default 10.0.0.1
	route box 10.0.0.0/8 10.0.0.9
	route isp 192.0.2.16/28 192.0.2.2
	route r3 default 192.0.2.1
	route far default 192.0.2.17
	daemon_config <<-END
		links:
		  - { device: e0, side: inside, prefixes: [10.0.0.0/8] }
		  - { device: e1, side: outside }
		pools:
		  - { name: p0, addresses: [203.0.113.10-203.0.113.13] }
	END
	daemon_start box
	http_server web 198.51.100.10
	http_server far 192.0.2.18
	www_file file 1000000
	warm_up in1 198.51.100.10
	warm_up in1 192.0.2.18
	warm_up sub 198.51.100.10
}

teardown_file() {
	topo_end
}

pmtu() {
	on "$1" ip -o route get "$2" | sed -n 's/.* mtu \([0-9]*\).*/\1/p'
}

@test "an outside router's Fragmentation Needed reaches the inside host: an upload gets through (I4)" {
	assert_equal "$(pmtu in1 192.0.2.18)" ''
	capture in1 e0 client icmp
	counters_mark
	run -0 on in1 curl -sS -m 20 --data-binary "@$TOPO_DIR/www/file" http://192.0.2.18/upload
	assert_output 1000000
	capture_end client
	assert_equal "$(pmtu in1 192.0.2.18)" 1300
	# and has the inside host's own packet inside
	assert_equal "$(captured client ip.src ip.dst icmp.type icmp.code icmp.mtu | sort -u)" \
		'203.0.113.1,10.0.0.11 10.0.0.11,192.0.2.18 3 4 1300'
	assert_checksums client
	run -0 counters_since
	assert_line --regexp '^in_icmp_error='
	refute_line --partial drop_
}

@test "an inside router's Fragmentation Needed reaches the server: a download gets through (I5)" {
	assert_equal "$(ipn web -o route get 203.0.113.10 | grep -c mtu)" 0
	capture web e0 server icmp
	counters_mark
	run -0 on sub curl -sS -m 20 -o "$BATS_TEST_TMPDIR/file" http://198.51.100.10/file
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/file.sha256")"
	capture_end server
	assert_checksums server
	assert_equal "$(pmtu web "$(mappings inside 10.1.0.11 proto tcp | awk 'NR == 1 { split($4, a, ":"); print a[1] }')")" 1280
	run -0 counters_since
	assert_line --regexp '^out_icmp_error='
	refute_line --partial drop_
}

@test "ping of the full size with DF is told the narrow link's MTU" {
	on in1 ip route flush cache
	run on in1 ping -c1 -W2 -M do -s 1472 192.0.2.18
	assert_output --partial 'Frag needed and DF set (mtu = 1300)'
}

@test "the box's own narrow link: Daisy sends Fragmentation Needed with that link's MTU (U13)" {
	ipn box link set e1 mtu 1400
	ipn isp link set o0 mtu 1400
	wait_until 5 link_mtu_is e1 1400
	counters_mark
	run on in1 ping -c1 -W2 -M do -s 1472 198.51.100.10
	assert_output --partial 'From 10.0.0.1'
	assert_output --partial 'Frag needed and DF set (mtu = 1400)'
	assert_counters created_icmp=* icmp_frag_needed=1
	run -0 on in1 curl -sS -m 20 --data-binary "@$TOPO_DIR/www/file" http://198.51.100.10/upload
	assert_output 1000000
	assert_equal "$(pmtu in1 198.51.100.10)" 1400
	ipn box link set e1 mtu 1500
	ipn isp link set o0 mtu 1500
	wait_until 5 link_mtu_is e1 1500
}

link_mtu_is() {
	[ "$(daisy -j link show dev "$1" | jq '(if type == "array" then .[0] else . end).mtu')" = "$2" ]
}

@test "the inside link narrow: a server's big segments are refused towards the server (U13)" {
	ipn box link set e0 mtu 1400
	ipn lan link set box mtu 1400
	wait_until 5 link_mtu_is e0 1400
	# What was learnt before must not help: in1 would offer a small segment size of its own.
	on web ip route flush cache
	on in1 ip route flush cache
	counters_mark
	capture web e0 server icmp
	run -0 on in1 curl -sS -m 20 -o "$BATS_TEST_TMPDIR/file" http://198.51.100.10/file
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/file.sha256")"
	capture_end server
	assert_checksums server
	run -0 captured server ip.src icmp.mtu
	assert_line --index 0 --regexp '^203\.0\.113\.2,198\.51\.100\.10 1400$'
	run -0 counters_since
	assert_line --regexp '^icmp_frag_needed='
	ipn box link set e0 mtu 1500
	ipn lan link set box mtu 1500
}

@test "the daemon found nothing to complain about" {
	assert_log_clean
}
