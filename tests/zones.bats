# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two inside networks with the same addresses, each a zone, behind customer
# routers; each has a pool of its own, and a third pool serves both.
#
#  a 10.0.0.11 -- ra 172.16.1.2 -- e0 zone 1 +-----+
#                                            | box | e1 203.0.113.2 -- o0 [isp] -- web 198.51.100.10
#  b 10.0.0.11 -- rb 172.16.2.2 -- e2 zone 2 +-----+

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	node a b ra rb box isp web
	wire a:e0 ra:d0
	wire b:e0 rb:d0
	wire ra:u0 box:e0
	wire rb:u0 box:e2
	wire box:e1 isp:o0
	wire web:e0 isp:web
	address a e0 10.0.0.11/8
	address b e0 10.0.0.11/8
	address ra d0 10.0.0.1/8
	address rb d0 10.0.0.1/8
	address ra u0 172.16.1.2/30
	address rb u0 172.16.2.2/30
	address box e0 172.16.1.1/30
	address box e2 172.16.2.1/30
	address box e1 203.0.113.2/24
	address isp o0 203.0.113.1/24
	address isp web 198.51.100.1/24
	address web e0 198.51.100.10/24
	router ra rb box isp
	route a default 10.0.0.1
	route b default 10.0.0.1
	route ra default 172.16.1.1
	route rb default 172.16.2.1
	route box default 203.0.113.1
	route web default 198.51.100.1
	faces_xdp ra:u0 rb:u0 isp:o0
	daemon_config <<-END
		links:
		  - { device: e0, side: inside, zone: 1, prefixes: [10.0.0.0/8], next-hop: 172.16.1.2 }
		  - { device: e2, side: inside, zone: 2, prefixes: [10.0.0.0/8], next-hop: 172.16.2.2 }
		  - { device: e1, side: outside }
		pools:
		  - { name: one, addresses: [203.0.113.10], zones: [1] }
		  - { name: two, addresses: [203.0.113.20], zones: [2] }
	END
	daemon_start box
	http_server web 198.51.100.10
	www_file file 1000000
	warm_up a 198.51.100.10
	warm_up b 198.51.100.10
}

teardown_file() {
	topo_end
}

@test "two hosts with the same address and port in two zones are two subscribers" {
	run -0 on a curl -sS -m 10 --local-port 20001 http://198.51.100.10/whoami
	assert_output --regexp '^203\.0\.113\.10:'
	run -0 on b curl -sS -m 10 --local-port 20001 http://198.51.100.10/whoami
	assert_output --regexp '^203\.0\.113\.20:'
	run -0 mappings inside 10.0.0.11:20001
	assert_line --index 0 --regexp '^tcp 10\.0\.0\.11:20001 1 203\.0\.113\.10:[0-9]+$'
	assert_line --index 1 --regexp '^tcp 10\.0\.0\.11:20001 2 203\.0\.113\.20:[0-9]+$'
	assert_equal ${#lines[@]} 2
	run -0 mappings zone 2 inside 10.0.0.11:20001
	assert_equal ${#lines[@]} 1
}

@test "downloads at the same time reach their own zone whole" {
	local pid
	on b curl -sS -m 20 -o "$BATS_TEST_TMPDIR/b" http://198.51.100.10/file 3>&- &
	pid=$!
	run -0 on a curl -sS -m 20 -o "$BATS_TEST_TMPDIR/a" http://198.51.100.10/file
	wait $pid
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/a")" "$(<"$TOPO_DIR/www/file.sha256")"
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/b")" "$(<"$TOPO_DIR/www/file.sha256")"
}

@test "hairpin from one zone into the other has the sender's external end (U9)" {
	local target
	run -0 packet --from b:e0 --to web:e0 \
		--send 'IP(src="10.0.0.11",dst="198.51.100.10",id=9)/UDP(sport=4010,dport=9)/b"x"' \
		--expect 'IP(src="203.0.113.20",dst="198.51.100.10",ttl=61,id=9)/UDP(sport=got.sport,dport=9)/b"x"'
	target="dst='203.0.113.20',ttl=40,id=8)/UDP(sport=4011,dport=$(field UDP.sport))/b'hello'"
	run -0 packet --from a:e0 --to b:e0 --send "IP(src='10.0.0.11',$target" \
		--expect 'IP(src="203.0.113.10",dst="10.0.0.11",ttl=37,id=8)/UDP(sport=got.sport,dport=4010)/b"hello"'
}

@test "a zone without a pool has its packets refused by name, and its hosts told (G11)" {
	run -0 daisy link set dev e2 zone 3
	counters_mark
	run -0 packet --from b:e0 --to web:e0 --expect nothing \
		--send 'IP(src="10.0.0.11",dst="198.51.100.10",id=9)/UDP(sport=4020,dport=9)/b"x"'
	assert_counters drop_no_address=1 icmp_unreachable=1
	run -0 daisy link set dev e2 zone 2
	warm_up b 198.51.100.10
}

@test "the daemon found nothing to complain about" {
	assert_log_clean
}
