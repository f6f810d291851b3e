# SPDX-License-Identifier: GPL-2.0-or-later
#
# The topologies themselves, with the kernel's own masquerading in place of
# Daisy: what fails here is the harness, and what other files assert about
# Daisy is seen to be something that a working NAT does. The topologies are
# drawn in lib/nets.bash.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_two_armed
	stand_in_nat box 'oifname e1'
	http_server web 198.51.100.10
	dns_server dns 198.51.100.53
	www_file file 1000000
}

teardown_file() {
	topo_end
}

@test "the web server's file arrives whole, and the server sees the NAT's address" {
	run -0 on in1 curl -sS -m 20 -o "$BATS_TEST_TMPDIR/file" http://198.51.100.10/file
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/file.sha256")"
	run -0 on in1 curl -sS -m 20 http://198.51.100.10/whoami
	assert_output --regexp '^203\.0\.113\.2:[0-9]+$'
}

@test "the name server answers and logs who asked" {
	run -0 on in2 dig +short +time=2 +tries=2 @198.51.100.53 www.example.test
	assert_output 198.51.100.10
	run -0 grep -c 'query\[A\] www.example.test from 203.0.113.2' "$TOPO_DIR/dns.dns.log"
}

@test "traceroute sees three hops" {
	run -0 on in1 traceroute -n -q1 -w2 198.51.100.10
	assert_line --index 1 --regexp '^ 1  10\.0\.0\.1 '
	assert_line --index 2 --regexp '^ 2  203\.0\.113\.1 '
	assert_line --index 3 --regexp '^ 3  198\.51\.100\.10 '
	assert_equal ${#lines[@]} 4
}

@test "a crafted packet is judged byte by byte: a right expectation holds, a wrong TTL does not" {
	local sent='IP(src="10.0.0.11",dst="198.51.100.10",ttl=64,id=77)/UDP(sport=4000,dport=9)/b"hello"'
	local want='IP(src="203.0.113.2",dst="198.51.100.10",ttl=%d,id=77)/UDP(sport=got.sport,dport=9)/b"hello"'
	# shellcheck disable=SC2059
	run -0 packet --from in1:e0 --send "$sent" --to web:e0 --expect "$(printf "$want" 62)"
	assert_equal "$(field UDP.sport)" 4000
	# shellcheck disable=SC2059
	run ! packet --from in1:e0 --send "$sent" --to web:e0 --expect "$(printf "$want" 63)"
	assert_line --regexp '^\+ *ttl *= *62'
}

@test "a packet that is not forwarded is seen not to arrive" {
	run -0 packet --from in1:e0 --send 'IP(src="10.0.0.11",dst="198.51.100.10",ttl=1,id=1)/UDP()/b"x"' \
		--to web:e0 --expect nothing
}

