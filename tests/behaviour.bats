# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a behaviour-discovery client (RFC 5780) says of the NAT: coturn's, against coturn's server
# on two addresses.
#
#  in1 10.0.0.11 --+                                                   +-- web 198.51.100.10, .11
#                  +- lan -- e0 [box] e1 -- 203.0.113.0/24 -- o0 [isp] -+      turnserver
#  in2 10.0.0.12 --+     10.0.0.1  203.0.113.2        203.0.113.1

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	daisy_two_armed
	address web e0 198.51.100.11/24
	stun_server web 198.51.100.10 198.51.100.11
	warm_up in1 198.51.100.11
}

teardown_file() {
	topo_end
}

# discover OPTION: one discovery of in1, from a port of its own.
discover() {
	on in1 timeout 60 turnutils_natdiscovery "$1" -L 10.0.0.11 -l "$2" 198.51.100.10
}

@test "a behaviour-discovery client finds endpoint-independent mapping (U1, G1)" {
	counters_mark
	run -0 discover -m 5001
	assert_output --partial 'NAT with Endpoint Independent Mapping!'
	assert_counters created_udp=1 out_udp=2 in_udp=2
}

@test "a behaviour-discovery client finds endpoint-independent filtering by default (U8, G7)" {
	counters_mark
	run -0 discover -f 5002
	assert_output --partial 'NAT with Endpoint Independent Filtering!'
	assert_counters created_udp=1 out_udp=2 in_udp=2
}

@test "a behaviour-discovery client finds address-dependent filtering where it is configured (U8a)" {
	sed -i 's/203.0.113.13\]/&, filtering: address-dependent/' "$TOPO_DIR/n0.yaml"
	daisy instance reload
	counters_mark
	run -0 discover -f 5003
	assert_output --partial 'NAT with Address Dependent Filtering!'
	run -0 counters_since
	assert_line created_udp=1
	assert_line --regexp '^drop_filtered='
	run -0 discover -m 5004
	assert_output --partial 'NAT with Endpoint Independent Mapping!'
}

@test "real clients work behind address-dependent filtering (U8a, T3a, I1)" {
	counters_mark
	run -0 on in1 curl -sS -m 20 http://198.51.100.10/whoami
	run -0 on in2 ping -c2 -i 0.02 -W2 198.51.100.10
	assert_output --partial '2 received'
	run -0 on in1 traceroute -n -q1 -w2 -N1 198.51.100.10
	assert_output --partial '203.0.113.1'
	run -0 counters_since
	refute_output --partial drop_
}
