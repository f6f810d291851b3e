# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real clients through a one-armed Daisy behind an Open vSwitch, which steers by
# inside prefix and external address, rewriting the destination MAC.
#
#  in1 10.0.0.11 --1+----+3-- e0 [box] 10.0.0.1, 203.0.113.2
#                   | sw |
#  in2 10.0.0.12 --2+----+4-- o0 [isp] 203.0.113.1 -- web 198.51.100.10
#
# External addresses: 203.0.113.10-11. The direction of a packet follows from
# its source and destination alone.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_one_armed
	daemon_config <<-END
		links:
		  - { device: e0, side: both, prefixes: [10.0.0.0/24] }
		pools:
		  - { name: p0, addresses: [203.0.113.10-203.0.113.11] }
	END
	daemon_start box
	http_server web 198.51.100.10
	iperf_server web 198.51.100.10
	www_file file 3000000
	warm_up in1 198.51.100.10
	warm_up in2 198.51.100.10
}

teardown_file() {
	topo_end
}

@test "curl downloads a file whole through one arm; the server sees the mapping's external end" {
	run -0 on in1 curl -sS -m 20 -o "$BATS_TEST_TMPDIR/file" --local-port 20001 http://198.51.100.10/file
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/file.sha256")"
	run -0 awk '$2 == "/file" { print $1 }' "$TOPO_DIR/access.web.log"
	assert_output --regexp '^203\.0\.113\.1[01]:[0-9]+$'
	assert_output "$(external_of tcp 10.0.0.11:20001)"
}

@test "the arm carries each packet twice: once before and once after translation" {
	local external
	capture sw box arm icmp
	counters_mark
	run -0 on in1 ping -c1 -W2 198.51.100.10
	capture_end arm
	assert_counters created_icmp=1 out_icmp=1 in_icmp=1
	external=$(daisy -j subscriber show address 10.0.0.11 | jq -r '(if type == "array" then .[0] else . end).external')
	run -0 captured arm ip.src ip.dst ip.ttl
	assert_line --index 0 '10.0.0.11 198.51.100.10 64'
	assert_line --index 1 "$external 198.51.100.10 63"
	assert_line --index 2 "198.51.100.10 $external 63"
	assert_line --index 3 '198.51.100.10 10.0.0.11 62'
	assert_equal ${#lines[@]} 4
}

@test "TTL is one less for each router, checksums are right" {
	capture web e0 server 'tcp or icmp'
	capture in1 e0 client 'tcp or icmp'
	run -0 on in1 curl -sS -m 20 -o /dev/null http://198.51.100.10/whoami
	run -0 on in1 ping -c1 -W2 198.51.100.10
	capture_end server
	capture_end client
	assert_checksums server
	assert_checksums client
	assert_equal "$(captured server ip.ttl -- 'ip.dst == 198.51.100.10' | sort -u)" 62
	assert_equal "$(captured client ip.ttl -- 'ip.dst == 10.0.0.11' | sort -u)" 62
}

@test "traceroute shows exactly box, router, server" {
	run -0 on in1 traceroute -n -q1 -w2 198.51.100.10
	assert_equal "$(awk 'NR > 1 { print $1, $2 }' <<<"$output")" \
		$'1 10.0.0.1\n2 203.0.113.1\n3 198.51.100.10'
}

@test "port unreachable from the Internet reaches the inside with its own packet inside (I4, I5)" {
	run -0 packet --from in1:e0 --to in1:e0 \
		--send 'IP(src="10.0.0.11",dst="198.51.100.10",id=9)/UDP(sport=4006,dport=9)/b"12345678"' \
		--expect 'IP(src="198.51.100.10",dst="10.0.0.11",ttl=62,tos=got.tos,id=got.id)/
			ICMP(type=3,code=3)/IPerror(src="10.0.0.11",dst="198.51.100.10",id=9,ttl=62)/
			UDPerror(sport=4006,dport=9)/b"12345678"'
}

@test "hairpin works on one arm: in1 appears to in2 by its own external end (U9)" {
	local target
	run -0 packet --from in2:e0 --to web:e0 \
		--send 'IP(src="10.0.0.12",dst="198.51.100.10",id=9)/UDP(sport=4010,dport=9)/b"x"' \
		--expect 'IP(src=got.src,dst="198.51.100.10",ttl=62,id=9)/UDP(sport=got.sport,dport=9)/b"x"'
	target="dst='$(field IP.src)',ttl=40,id=8)/UDP(sport=4011,dport=$(field UDP.sport))/b'hello'"
	counters_mark
	run -0 packet --from in1:e0 --to in2:e0 --send "IP(src='10.0.0.11',$target" \
		--expect 'IP(src=got.src,dst="10.0.0.12",ttl=39,id=8)/UDP(sport=got.sport,dport=4010)/b"hello"'
	assert_equal "$(field IP.src):$(field UDP.sport)" "$(external_of udp 10.0.0.11:4011)"
	# and in2's port unreachable
	assert_counters created_udp=1 hairpin=2
}

@test "hairpin curl between two inside hosts on one arm (T8)" {
	# A connection of its own opens the port that others can then reach.
	run -0 on in2 curl -sS -m 10 -o /dev/null --local-port 8080 $server_closes \
		http://198.51.100.10/whoami
	http_server in2 10.0.0.12 8080
	run -0 on in1 curl -sS -m 10 --local-port 20002 "http://$(external_of tcp 10.0.0.12:8080)/whoami"
	assert_output "$(external_of tcp 10.0.0.11:20002)"
	stop nginx.in2
}

@test "iperf3 TCP moves data in both directions" {
	local direction
	for direction in '' -R; do
		# shellcheck disable=SC2086
		run -0 on in1 iperf3 -J -t 1 $direction -c 198.51.100.10
		run -0 jq '.end.sum_received.bytes > 1000000' <<<"$output"
		assert_output true
	done
}

@test "nothing leaves untranslated: the router never sees an inside address" {
	capture isp o0 outside ip
	run -0 on in1 curl -sS -m 20 -o /dev/null http://198.51.100.10/whoami
	capture_end outside
	assert_equal "$(captured outside ip.src -- 'ip.addr == 10.0.0.0/8')" ''
	run -0 captured outside ip.src -- 'tcp.flags.syn == 1'
	refute_output ''
}

@test "ARP for external addresses is answered on the arm" {
	run -0 on isp arping -c1 -w2 -I o0 203.0.113.11
	assert_output --regexp "$(mac_of box e0 | tr a-f A-F)|$(mac_of box e0)"
}

@test "the link is shown with side both, native" {
	run -0 daisy -j link show
	run -0 jq -c '(if type == "array" then .[0] else . end) | [.device, .side, .mode, .attached]' <<<"$output"
	assert_output '["e0","both","native","native"]'
}

@test "the daemon found nothing to complain about" {
	assert_log_clean
}
