# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real clients behind a two-armed Daisy reach real servers.
#
#  in1 10.0.0.11 --+                                                   +-- web 198.51.100.10
#                  +- lan -- e0 [box] e1 -- 203.0.113.0/24 -- o0 [isp] -+   nginx, iperf3
#  in2 10.0.0.12 --+     10.0.0.1  203.0.113.2        203.0.113.1      +-- dns 198.51.100.53
#                                                                          dnsmasq
# External addresses: 203.0.113.10-13, answered by ARP on the outside link.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	daisy_two_armed
	dns_server dns 198.51.100.53
	iperf_server web 198.51.100.10
	www_file file 3000000
	www_file small 200000
	warm_up in1 198.51.100.53
	warm_up in2 198.51.100.53
}

teardown_file() {
	topo_end
}

external_pattern='203\.0\.113\.1[0-3]'

@test "curl downloads a file whole; the server sees the mapping's external end (U1, T1)" {
	local seen
	run -0 on in1 curl -sS -m 20 -o "$BATS_TEST_TMPDIR/file" --local-port 20001 http://198.51.100.10/file
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/file.sha256")"
	seen=$(awk '$2 == "/file" { print $1 }' "$TOPO_DIR/access.web.log")
	assert_regex "$seen" "^$external_pattern:[0-9]+\$"
	assert_equal "$seen" "$(external_of tcp 10.0.0.11:20001)"
}

@test "every packet of a download is counted once, in each direction, and no other" {
	counters_mark
	capture web e0 server 'tcp port 80'
	capture in1 e0 client 'tcp port 80'
	run -0 on in1 curl -sS -m 20 -o /dev/null http://198.51.100.10/small
	# The client's end waits for nobody, the last segments are still on their way.
	wait_until 5 connection_over client
	capture_end server
	capture_end client
	local out in
	out=$(captured client frame.number -- 'ip.src == 10.0.0.11' | wc -l)
	in=$(captured client frame.number -- 'ip.dst == 10.0.0.11' | wc -l)
	assert_counters created_tcp=1 conns_created=1 out_tcp="$out" in_tcp="$in"
	assert_equal "$(captured server frame.number -- 'ip.src != 198.51.100.10' | wc -l)" "$out"
	assert_equal "$(captured server frame.number -- 'ip.src == 198.51.100.10' | wc -l)" "$in"
}

# connection_over NAME: both ends of the captured connection have sent FIN, and got its acknowledgement.
connection_over() {
	[ "$(captured "$1" tcp.flags.fin -- 'tcp.flags.fin == 1' | wc -l)" -ge 2 ] &&
		[ "$(captured "$1" tcp.flags.fin | tail -n 1)" = 0 ]
}

@test "checksums are right and TTL is one less for each router, in both directions (R3, R4)" {
	capture web e0 server 'tcp port 80 or icmp'
	capture in1 e0 client 'tcp port 80 or icmp'
	run -0 on in1 curl -sS -m 20 -o /dev/null http://198.51.100.10/whoami
	run -0 on in1 ping -c1 -W2 -t 33 198.51.100.10
	capture_end server
	capture_end client
	assert_checksums server
	assert_checksums client
	# two hops: box and isp
	assert_equal "$(captured server ip.ttl -- 'tcp && ip.dst == 198.51.100.10' | sort -u)" 62
	assert_equal "$(captured server ip.ttl -- 'icmp && ip.dst == 198.51.100.10' | sort -u)" 31
	assert_equal "$(captured client ip.ttl -- 'ip.dst == 10.0.0.11' | sort -u)" 62
}

@test "nothing leaves untranslated: the Internet never sees an inside address" {
	capture isp o0 outside
	run -0 on in1 curl -sS -m 20 -o /dev/null http://198.51.100.10/whoami
	run -0 on in2 dig +short @198.51.100.53 www.example.test
	run -0 on in2 ping -c1 -W2 198.51.100.10
	capture_end outside
	assert_equal "$(captured outside ip.src ip.dst -- 'ip.addr == 10.0.0.0/8')" ''
	run -0 captured outside ip.src -- 'icmp.type == 8 or udp.dstport == 53 or tcp.flags.syn == 1'
	refute_output ''
}

@test "dig is answered; the query is counted once each way and its checksum stays right (U1)" {
	counters_mark
	capture dns e0 query 'udp port 53'
	run -0 on in2 dig +short +time=2 +tries=1 @198.51.100.53 www.example.test
	assert_output 198.51.100.10
	capture_end query
	assert_counters created_udp=1 out_udp=1 in_udp=1
	assert_checksums query
	run -0 grep -Ec "query\[A\] www.example.test from $external_pattern" "$TOPO_DIR/dns.dns.log"
}

@test "dig over TCP is answered (T1)" {
	counters_mark
	run -0 on in2 dig +tcp +short +time=2 +tries=1 @198.51.100.53 ns.example.test
	assert_output 198.51.100.53
	run -0 counters_since
	assert_line created_tcp=1
	assert_line conns_created=1
	refute_line --partial drop_
}

@test "ping: every echo is answered, one mapping, TTL 62 back (I1)" {
	counters_mark
	run -0 on in1 ping -c5 -i 0.02 -W2 198.51.100.10
	assert_output --partial '5 received, 0% packet loss'
	assert_equal "$(grep -c 'ttl=62' <<<"$output")" 5
	assert_counters created_icmp=1 out_icmp=5 in_icmp=5
}

@test "ping of 1472 bytes passes unfragmented, 0xff bytes too" {
	run -0 on in1 ping -c2 -i 0.02 -W2 -M do -s 1472 -p ff 198.51.100.10
	assert_output --partial '2 received'
}

@test "a fragmented ping of 4000 bytes is answered (U14, fragments in order)" {
	counters_mark
	run -0 on in1 ping -c1 -W2 -s 4000 198.51.100.10
	assert_output --partial '1 received'
	# 4008 bytes in fragments of 1480: three each way, of which two are later ones
	assert_counters created_icmp=1 out_icmp=1 in_icmp=1 fragments=4
}

@test "traceroute by UDP, ICMP and TCP shows exactly box, router, server (R4, I4, I5)" {
	local method
	for method in '' -I '-T -p 80'; do
		# shellcheck disable=SC2086
		run -0 on in1 traceroute -n -q1 -w2 $method 198.51.100.10
		assert_equal "$(awk 'NR > 1 { print $1, $2 }' <<<"$output")" \
			$'1 10.0.0.1\n2 203.0.113.1\n3 198.51.100.10'
	done
}

@test "a traceroute probe of TTL 1 is answered by the box and counted" {
	counters_mark
	run -0 on in1 traceroute -n -q1 -w2 -m1 -N1 198.51.100.10
	assert_line --regexp '^ 1  10\.0\.0\.1 '
	assert_counters icmp_time_exceeded=1
}

@test "an outside probe that runs out at the box is answered from the outside address" {
	run -0 packet --from in1:e0 --to web:e0 \
		--send 'IP(src="10.0.0.11",dst="198.51.100.10",id=9)/UDP(sport=4000,dport=7)/b"x"' \
		--expect 'IP(src=got.src,dst="198.51.100.10",ttl=62,id=9)/UDP(sport=got.sport,dport=7)/b"x"'
	counters_mark
	run -0 packet --from web:e0 --to web:e0 \
		--send "IP(src='198.51.100.10',dst='$(field IP.src)',ttl=2,id=5)/
			UDP(sport=7,dport=$(field UDP.sport))/b'12345678'" \
		--expect 'IP(src="203.0.113.2",dst="198.51.100.10",id=got.id,ttl=63,tos=got.tos,flags=got.flags)/
			ICMP(type=11,code=0)/bytes(got[ICMP].payload)'
	assert_equal "$(field IP_in_ICMP.dst) $(field UDP_in_ICMP.dport)" \
		"$(external_of udp 10.0.0.11:4000 | tr : ' ')"
	assert_counters icmp_time_exceeded=1
}

@test "mtr loses nothing on any hop" {
	run -0 on in1 mtr -n -j -c 3 -i 0.1 198.51.100.10
	run -0 jq -r '.report.hubs[] | "\(.host) \(."Loss%")"' <<<"$output"
	assert_output $'10.0.0.1 0\n203.0.113.1 0\n198.51.100.10 0'
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

@test "iperf3 UDP loses nothing in both directions" {
	local direction
	for direction in '' -R; do
		# shellcheck disable=SC2086
		run -0 on in1 iperf3 -J -u -b 5M -l 1200 -t 1 $direction -c 198.51.100.10
		run -0 jq -c '[.end.sum.lost_packets, .end.sum.packets > 500]' <<<"$output"
		assert_output '[0,true]'
	done
}

@test "a subscriber has one external address for TCP, UDP and ICMP (G2)" {
	run -0 on in1 curl -sS -m 20 http://198.51.100.10/whoami
	run -0 on in1 dig +short @198.51.100.53 www.example.test
	run -0 on in1 ping -c1 198.51.100.10
	run -0 mappings inside 10.0.0.11
	assert_equal "$(awk '{ print $1 }' <<<"$output" | sort -u)" $'icmp\ntcp\nudp'
	assert_equal "$(awk '{ split($4, a, ":"); print a[1] }' <<<"$output" | sort -u | wc -l)" 1
	run -0 daisy -j subscriber show address 10.0.0.11
	assert_equal "$(jq -r '(if type == "array" then .[0] else . end).external' <<<"$output")" \
		"$(mappings inside 10.0.0.11 | awk 'NR == 1 { split($4, a, ":"); print a[1] }')"
}

@test "one mapping serves all destinations: both servers see the same external port (U1)" {
	local model='IP(src=got.src,dst="%s",ttl=62,id=9)/UDP(sport=got.sport,dport=9)/b"x"' first
	# shellcheck disable=SC2059
	run -0 packet --from in1:e0 --to web:e0 --expect "$(printf "$model" 198.51.100.10)" \
		--send 'IP(src="10.0.0.11",dst="198.51.100.10",id=9)/UDP(sport=4001,dport=9)/b"x"'
	first="$(field IP.src):$(field UDP.sport)"
	# shellcheck disable=SC2059
	run -0 packet --from in1:e0 --to dns:e0 --expect "$(printf "$model" 198.51.100.53)" \
		--send 'IP(src="10.0.0.11",dst="198.51.100.53",id=9)/UDP(sport=4001,dport=9)/b"x"'
	assert_equal "$(field IP.src):$(field UDP.sport)" "$first"
	assert_equal "$(external_of udp 10.0.0.11:4001)" "$first"
}

@test "anybody may answer to an open port, and the packet arrives byte for byte (U8)" {
	run -0 packet --from in2:e0 --to web:e0 \
		--send 'IP(src="10.0.0.12",dst="198.51.100.10",id=9)/UDP(sport=4002,dport=9)/b"x"' \
		--expect 'IP(src=got.src,dst="198.51.100.10",ttl=62,id=9)/UDP(sport=got.sport,dport=9)/b"x"'
	counters_mark
	run -0 packet --from dns:e0 --to in2:e0 \
		--send "IP(src='198.51.100.53',dst='$(field IP.src)',id=3)/UDP(sport=99,dport=$(field UDP.sport))/b'hello'" \
		--expect 'IP(src="198.51.100.53",dst="10.0.0.12",ttl=62,id=3)/UDP(sport=99,dport=4002)/b"hello"'
	# in2's kernel has nobody on that port, and says so.
	assert_counters in_udp=1 out_icmp_error=1
}

@test "ten thousand UDP flows of two hosts: each answer finds its own port, no external end is used twice (U1)" {
	local pid
	flow_server web 198.51.100.10 7000
	on in2 "$TESTS/lib/flows.py" run 198.51.100.10 7000 30000 5000 >"$BATS_TEST_TMPDIR/in2" 3>&- &
	pid=$!
	on in1 "$TESTS/lib/flows.py" run 198.51.100.10 7000 30000 5000 >"$BATS_TEST_TMPDIR/in1"
	wait $pid
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/in[12] | cut -d' ' -f2 | sort -u | wc -l)" 10000
	# Both hosts used the same ports; each flow is listed as the server saw it.
	assert_equal "$(sed 's/\(.*\) \(.*\)/udp 10.0.0.11:\1 0 \2/' "$BATS_TEST_TMPDIR/in1" | sort)" \
		"$(mappings proto udp inside 10.0.0.11 | grep -E '^udp [0-9.]+:3[0-4][0-9]{3} ')"
	stop flows.web
}

@test "two hundred TCP connections at once are each answered with an external end of their own (T1)" {
	on in1 curl -sS -m 20 -Z --parallel-immediate --parallel-max 200 'http://198.51.100.10/whoami?[1-200]' \
		>"$BATS_TEST_TMPDIR/seen"
	assert_equal "$(sort -u "$BATS_TEST_TMPDIR/seen" | wc -l)" 200
	assert_equal "$(cut -d: -f1 "$BATS_TEST_TMPDIR/seen" | sort -u | wc -l)" 1
}

@test "a UDP checksum of zero stays zero (R3)" {
	run -0 packet --from in2:e0 --to web:e0 \
		--send 'IP(src="10.0.0.12",dst="198.51.100.10",id=9)/UDP(sport=4003,dport=9,chksum=0)/b"x"' \
		--expect 'IP(src=got.src,dst="198.51.100.10",ttl=62,id=9)/UDP(sport=got.sport,dport=9,chksum=0)/b"x"'
}

@test "SIP and FTP that name inside addresses arrive unchanged: there is no application-level gateway (U10, U10a, T6)" {
	local ip='IP(src="10.0.0.12",dst="198.51.100.10",id=9)' out='IP(src=got.src,dst="198.51.100.10",ttl=62,id=9)'
	local sip='b"INVITE sip:b@198.51.100.10 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.12:5060\r\nContact: <sip:a@10.0.0.12>\r\n\r\n"'
	local ftp='b"PORT 10,0,0,12,195,80\r\n"'
	run -0 packet --from in2:e0 --to web:e0 --send "$ip/UDP(sport=5060,dport=5060)/$sip" \
		--expect "$out/UDP(sport=got.sport,dport=5060)/$sip"
	run -0 packet --from in2:e0 --to web:e0 --send "$ip/TCP(sport=4021,dport=21,flags='S',seq=7)" \
		--expect "$out/TCP(sport=got.sport,dport=21,flags='S',seq=7)"
	run -0 packet --from in2:e0 --to web:e0 --send "$ip/TCP(sport=4021,dport=21,flags='PA',seq=8)/$ftp" \
		--expect "$out/TCP(sport=got.sport,dport=21,flags='PA',seq=8)/$ftp"
}

@test "IPv4 options travel with the packet" {
	run -0 packet --from in2:e0 --to web:e0 \
		--send 'IP(src="10.0.0.12",dst="198.51.100.10",id=9,options=[IPOption(b"\x94\x04\x00\x00")])/UDP(sport=4004,dport=9)/b"x"' \
		--expect 'IP(src=got.src,dst="198.51.100.10",ttl=62,id=9,options=sent.options)/UDP(sport=got.sport,dport=9)/b"x"'
}

@test "a packet to a port without mapping is dropped with its reason" {
	counters_mark
	run -0 packet --from web:e0 --to in1:e0 --expect nothing \
		--send 'IP(src="198.51.100.10",dst="203.0.113.10",id=3)/UDP(sport=99,dport=1)/b"x"'
	assert_counters drop_no_mapping=1
}

@test "a TCP segment without mapping and without SYN is dropped with its reason" {
	counters_mark
	run -0 packet --from in1:e0 --to web:e0 --expect nothing \
		--send 'IP(src="10.0.0.11",dst="198.51.100.10",id=3)/TCP(sport=4005,dport=80,flags="A")'
	assert_counters drop_tcp_no_syn=1
}

@test "a source outside of the link's prefixes is dropped with its reason" {
	counters_mark
	run -0 packet --from in1:e0 --to web:e0 --expect nothing \
		--send 'IP(src="172.16.0.1",dst="198.51.100.10",id=3)/UDP(sport=4005,dport=80)/b"x"'
	assert_counters drop_not_inside=1
}

@test "port unreachable from the Internet reaches the inside with its own packet inside (I4, I5)" {
	counters_mark
	run -0 packet --from in1:e0 --to in1:e0 \
		--send 'IP(src="10.0.0.11",dst="198.51.100.10",id=9)/UDP(sport=4006,dport=9)/b"12345678"' \
		--expect 'IP(src="198.51.100.10",dst="10.0.0.11",ttl=62,tos=got.tos,id=got.id)/
			ICMP(type=3,code=3)/IPerror(src="10.0.0.11",dst="198.51.100.10",id=9,ttl=62)/
			UDPerror(sport=4006,dport=9)/b"12345678"'
	assert_counters created_udp=1 out_udp=1 in_icmp_error=1
}

@test "an echo request to an external address without mapping is answered" {
	counters_mark
	run -0 on web ping -c2 -i 0.02 -W2 203.0.113.13
	assert_output --partial '2 received'
	assert_counters icmp_echo_replies=2
}

@test "hairpin: in1 reaches in2's server by its external address, and appears by its own (U9, T8)" {
	local external
	# A connection of its own opens the port that others can then reach.
	run -0 on in2 curl -sS -m 10 -o /dev/null --local-port 8080 $server_closes \
		http://198.51.100.10/whoami
	http_server in2 10.0.0.12 8080
	external=$(external_of tcp 10.0.0.12:8080)
	counters_mark
	capture in2 e0 hairpin 'tcp port 8080'
	run -0 on in1 curl -sS -m 10 --local-port 20002 "http://$external/whoami"
	assert_equal "$output" "$(external_of tcp 10.0.0.11:20002)"
	run -0 on in1 curl -sS -m 10 -o "$BATS_TEST_TMPDIR/file" "http://$external/file"
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/file.sha256")"
	capture_end hairpin
	assert_checksums hairpin
	# The box is the only router on the way: TTL 63. in2 never sees in1's own address.
	assert_equal "$(captured hairpin ip.src -- 'ip.dst == 10.0.0.12' | sort -u)" \
		"$(external_of tcp 10.0.0.11:20002 | cut -d: -f1)"
	assert_equal "$(captured hairpin ip.ttl -- 'ip.dst == 10.0.0.12' | sort -u)" 63
	run -0 counters_since
	assert_line --regexp '^hairpin='
	refute_line --partial drop_
	stop nginx.in2
}

@test "hairpin: a UDP packet arrives byte for byte, from the sender's external end (U9, U9a)" {
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

@test "the box's own services answer on both sides (verdict: own)" {
	http_server box 203.0.113.2
	counters_mark
	run -0 on web curl -sS -m 10 http://203.0.113.2/whoami
	assert_output --regexp '^198\.51\.100\.10:'
	run -0 on in1 curl -sS -m 10 http://203.0.113.2/whoami
	assert_output --regexp '^10\.0\.0\.11:'
	run -0 on in1 ping -c1 -W2 10.0.0.1
	run -0 counters_since
	assert_line --regexp '^pass_own='
	refute_line --partial out_
	refute_line --partial drop_
	stop nginx.box
}

@test "ARP for every external address is answered with the outside link's MAC, for others it is not" {
	local addr mac
	mac=$(mac_of box e1)
	for addr in 203.0.113.10 203.0.113.11 203.0.113.12 203.0.113.13; do
		run -0 on isp arping -c1 -w2 -I o0 $addr
		assert_output --regexp "[Rr]eply.*\\[?${mac^^}|${mac}"
	done
	run ! on isp arping -c1 -w1 -I o0 203.0.113.14
	run ! on in1 arping -c1 -w1 -I e0 203.0.113.10
}

@test "IPv6 to the box passes untouched" {
	local n
	for n in box in1; do
		on $n sysctl -qw net.ipv6.conf.e0.disable_ipv6=0 net.ipv6.conf.e0.accept_dad=0
	done
	ipn box -6 address add fd00::1/64 dev e0 nodad
	ipn in1 -6 address add fd00::11/64 dev e0 nodad
	counters_mark
	wait_until 5 on in1 ping -6 -c1 -W1 fd00::1
	run -0 counters_since
	assert_line --regexp '^pass_ipv6='
	on box sysctl -qw net.ipv6.conf.e0.disable_ipv6=1
	on in1 sysctl -qw net.ipv6.conf.e0.disable_ipv6=1
}

@test "the daemon found nothing to complain about" {
	assert_log_clean
}
