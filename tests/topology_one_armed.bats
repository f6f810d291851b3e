# SPDX-License-Identifier: GPL-2.0-or-later
#
# The one-armed topology itself, with the kernel's own masquerading in place of
# Daisy (see topology.bats). It is drawn in lib/nets.bash.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_one_armed
	stand_in_nat box 'ip saddr 10.0.0.0/24 ip daddr != 10.0.0.0/24'
	http_server web 198.51.100.10
	www_file file 1000000
}

teardown_file() {
	topo_end
}

@test "the web server's file arrives whole through one arm, and the server sees the NAT's address" {
	run -0 on in1 curl -sS -m 20 -o "$BATS_TEST_TMPDIR/file" http://198.51.100.10/file
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/file.sha256")"
	run -0 on in2 curl -sS -m 20 http://198.51.100.10/whoami
	assert_output --regexp '^203\.0\.113\.2:[0-9]+$'
}

@test "both directions pass the switch's userspace datapath and the box" {
	capture box e0 arm 'icmp'
	run -0 on in1 ping -c1 -W2 198.51.100.10
	capture_end arm
	run -0 captured arm ip.src ip.dst icmp.type
	assert_line --index 0 '10.0.0.11 198.51.100.10 8'
	assert_line --index 1 '203.0.113.2 198.51.100.10 8'
	assert_line --index 2 '198.51.100.10 203.0.113.2 0'
	assert_line --index 3 '198.51.100.10 10.0.0.11 0'
	run -0 ovs dpif/show
	assert_output --partial 'netdev@'
}
