# SPDX-License-Identifier: GPL-2.0-or-later
#
# Inbound SYNs that nobody has asked for. Two-armed topology as in two_armed.bats
# (drawn there and in lib/nets.bash); the only external address has one port, so
# that what the inside opens is known before.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_two_armed
	config_one_port
	daemon_start box n0 --test-clock
	warm_up in1 198.51.100.10
	# No RST from the web's kernel, which knows nothing of these connections.
	on web nft 'add table ip t; add chain ip t in { type filter hook input priority 0; }; add rule ip t in meta l4proto tcp drop'
}

teardown_file() {
	topo_end
}

setup() {
	capture web e0 unreachable 'icmp[icmptype] == icmp-unreach'
	counters_mark
}

# syn NAME: an inbound SYN that does not arrive inside.
syn() {
	run -1 "$TESTS/lib/train.py" --from web:e0 --via isp:br0 --to in1:e0 --seconds 0.1 --count 1 \
		--send "[IP(src='198.51.100.10',dst='203.0.113.10')/TCP(sport=5001,dport=40000,flags='S')]"
	assert_output ''
}

unreachables() {
	tcpdump -nn -r "$TOPO_DIR/unreachable.pcap" 2>/dev/null | grep -c 'tcp port 40000 unreachable' || true
}

@test "an unsolicited SYN is not answered for six seconds, then by ICMP port unreachable (T4, R5, RFC 5382 REQ-4)" {
	syn
	wait_until 2 held 1
	# Two of the six seconds are left to a busy machine.
	daisy instance clock-advance seconds 4
	assert_counters held_syns=1
	held 1
	daisy instance clock-advance seconds 3
	wait_until 3 held 0
	assert_counters held_syns=1 replays=1 icmp_unreachable=1 drop_no_mapping=1
	capture_end unreachable
	assert_equal "$(unreachables)" 1
	assert_checksums unreachable
}

@test "a held SYN is dropped silently if the inside opens the connection meanwhile (T4, RFC 5382 REQ-4)" {
	syn
	wait_until 2 held 1
	run -0 "$TESTS/lib/train.py" --from in1:e0 --via box:e0 --to web:e0 --count 1 \
		--send "[IP(src='10.0.0.11',dst='198.51.100.10')/TCP(sport=7100,dport=5001,flags='S')]"
	assert_equal "$(external_of tcp 10.0.0.11:7100)" 203.0.113.10:40000
	daisy instance clock-advance seconds 7
	wait_until 3 held 0
	assert_counters out_tcp=1 created_tcp=1 conns_created=1 held_syns=1 replays=1 drop_syn_superseded=1
	capture_end unreachable
	assert_equal "$(unreachables)" 0
	# The other end's next SYN crosses ours: simultaneous open (T2a).
	run -0 "$TESTS/lib/train.py" --from web:e0 --via isp:br0 --to in1:e0 --count 1 \
		--send "[IP(src='198.51.100.10',dst='203.0.113.10')/TCP(sport=5001,dport=40000,flags='S')]"
	assert_output '198.51.100.10 > 10.0.0.11 6 1 0+20'
}

@test "with silent-syn an unsolicited SYN is dropped at once and never answered (T4a, RFC 5382 REQ-4a)" {
	config_one_port '' 'options: { silent-syn: true }'
	daisy instance reload
	daisy mapping delete all
	wait_until 5 no_mappings
	counters_mark
	syn
	assert_counters drop_no_mapping=1
	daisy instance clock-advance seconds 7
	held 0
	assert_counters drop_no_mapping=1
	capture_end unreachable
	assert_equal "$(unreachables)" 0
}

@test "the daemon had nothing to complain about" {
	assert_log_clean
}
