# SPDX-License-Identifier: GPL-2.0-or-later
#
# What an operator sees: metrics, events, statistics, maps. Two-armed topology
# as in two_armed.bats (drawn there and in lib/nets.bash).

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_two_armed
	daemon_config <<-END
		links:
		  - { device: e0, side: inside, prefixes: [10.0.0.0/24] }
		  - { device: e1, side: outside }
		pools:
		  - { name: p0, addresses: [203.0.113.10-203.0.113.11] }
		metrics: { listen: 127.0.0.1:9464 }
	END
	daemon_start box n0 --test-clock
	http_server web 198.51.100.10
	warm_up in1 198.51.100.10
}

teardown_file() {
	topo_end
}

scrape() {
	on box curl -sS -m 5 http://127.0.0.1:9464/metrics
}

# metric NAME{LABELS}
metric() {
	scrape | awk -v name="$1" '$1 == name { print $2 }'
}

@test "metrics are Prometheus text: every sample has HELP and TYPE, no sample stands twice (G10)" {
	run -0 scrape
	run -0 /usr/bin/python3 - <<-END
		import re
		text = open("$BATS_TEST_TMPDIR/metrics").read() if False else """$output"""
		helps, types, seen = set(), {}, set()
		for line in text.splitlines():
		    if m := re.fullmatch(r"# HELP (\w+) (.+)", line):
		        assert m[1] not in helps, line
		        helps.add(m[1])
		    elif m := re.fullmatch(r"# TYPE (\w+) (counter|gauge)", line):
		        types[m[1]] = m[2]
		    else:
		        m = re.fullmatch(r'(daisy_\w+|process_\w+)(\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? ([0-9.e+-]+)', line)
		        assert m, line
		        assert m[1] in helps and m[1] in types, line
		        assert (m[1], m[2]) not in seen, line
		        assert types[m[1]] == "gauge" or m[1].endswith("_total"), line
		        seen.add((m[1], m[2]))
		print(len(seen) > 60)
	END
	assert_output True
}

@test "metrics and stats agree, and count a ping exactly" {
	local before_out before_in
	before_out=$(metric daisy_out_icmp_total)
	before_in=$(metric daisy_in_icmp_total)
	run -0 on in1 ping -c4 -i 0.02 -W2 198.51.100.10
	assert_equal "$(metric daisy_out_icmp_total)" $((before_out + 4))
	assert_equal "$(metric daisy_in_icmp_total)" $((before_in + 4))
	assert_equal "$(metric daisy_out_icmp_total)" "$(counter out_icmp)"
}

# blocks used | free: of both addresses.
blocks() {
	scrape | awk -v name="daisy_port_blocks_$1{" 'index($1, name) == 1 { n += $2; lines++ } END { print n, lines }'
}

@test "metrics count the port blocks that pool show counts: in1 has one of 252 (G13)" {
	run -0 on in1 ping -c1 -W2 198.51.100.10
	assert_equal "$(daisy -j pool show | jq -c '.[0].use | [.blocks_used, .blocks_free]')" '[1,251]'
	assert_equal "$(blocks used), $(blocks free)" '1 2, 251 2'
}

# counted N: the last count found so many mappings, and is not older than it may be.
counted() {
	[ "$(figure 'mappings | .udp + .tcp + .icmp == '"$1"' and .age_s >= 0 and .age_s <= 10')" = true ]
}

@test "stats tell how old their count of mappings is, and it follows what mapping count finds within ten seconds" {
	run -0 on in1 ping -c1 -W2 198.51.100.10
	wait_until 10 counted "$(daisy -j mapping count | jq .count)"
	daisy mapping delete all
	wait_until 10 counted 0
	run -0 daisy stats
	assert_line --regexp '^mappings +0 \(udp 0, tcp 0, icmp 0\), ports in hold-down [1-9][0-9]*, counted [0-9]\.[0-9] s ago$'
}

@test "a drop is counted under its reason's label" {
	local before
	before=$(metric 'daisy_drops_total{reason="no_mapping"}')
	packet --from web:e0 --to in1:e0 --expect nothing \
		--send 'IP(src="198.51.100.10",dst="203.0.113.10",id=3)/UDP(sport=99,dport=1)/b"x"'
	assert_equal "$(metric 'daisy_drops_total{reason="no_mapping"}')" $((before + 1))
}

@test "other paths than /metrics are not found, and the daemon lives on" {
	run -0 on box curl -sS -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:9464/other
	assert_output 404
	daemon_answers n0
}

@test "monitor shows a mapping's creation and its end, with both of its ends (B4)" {
	local external
	start box monitor "$BUILD/bin/daisy" --run-dir "$TOPO_DIR/run" -i "$(instance)" -j monitor
	wait_until 5 clients_are 2
	run -0 packet --from in1:e0 --to web:e0 \
		--send 'IP(src="10.0.0.11",dst="198.51.100.10",id=9)/UDP(sport=6001,dport=9)/b"x"' \
		--expect 'IP(src=got.src,dst="198.51.100.10",ttl=62,id=9)/UDP(sport=got.sport,dport=9)/b"x"'
	external=$(external_of udp 10.0.0.11:6001)
	wait_until 5 monitored created 10.0.0.11:6001
	run -0 daisy mapping delete inside 10.0.0.11:6001
	wait_until 5 monitored expired 10.0.0.11:6001
	stop monitor
	assert_equal "$(jq -sc --arg e "$external" '.[] | select(.external == $e) | [.event, .proto, .inside, .zone]' \
		"$TOPO_DIR/monitor.log")" $'["created","udp","10.0.0.11:6001",0]\n["expired","udp","10.0.0.11:6001",0]'
}

monitored() {
	jq -se --arg event "$1" --arg inside "$2" 'any(.event == $event and .inside == $inside)' "$TOPO_DIR/monitor.log"
}

@test "monitor tells of links going down and up" {
	start box monitor "$BUILD/bin/daisy" --run-dir "$TOPO_DIR/run" -i "$(instance)" -j monitor show event link
	wait_until 5 clients_are 2
	ipn box link set e0 down
	ipn box link set e0 up
	wait_until 5 grep -q '"down"' "$TOPO_DIR/monitor.log"
	wait_until 5 grep -q '"up"' "$TOPO_DIR/monitor.log"
	stop monitor
}

@test "stats --explain has one sentence for every counter and drop reason" {
	run -0 daisy -j stats show --explain
	run -0 jq -r '.[] | select((.help | length) < 10) | .name' <<<"$output"
	assert_output ''
	run -0 daisy -j stats show --explain
	assert_equal "$(jq length <<<"$output")" "$(counters_now | wc -l)"
}

@test "every map is pinned and dumps with the names of its members" {
	local dir
	dir=/sys/fs/bpf/daisy/$(map_format)/$(instance)
	run -0 bpftool -j map dump pinned "$dir/slots"
	assert_output --partial '"state"'
	run -0 bpftool map dump pinned "$dir/conf"
	assert_output --partial '"nexthop_epoch"'
	run -0 bpftool map dump pinned "$dir/subscribers"
	assert_output --partial '"icmp"'
	assert_output --partial '"prefix_epoch"'
	[ -e "$dir/vector_udp_0" ]
}

@test "mapping show filters by protocol, inside and external end, and count agrees" {
	local n
	on in1 curl -sS -m 10 -o /dev/null http://198.51.100.10/whoami
	n=$(mappings | wc -l)
	assert_equal "$(daisy -j mapping count | jq .count)" "$n"
	assert_equal "$(mappings proto tcp | wc -l)" "$(daisy -j mapping count proto tcp | jq .count)"
	assert_equal "$(mappings external "$(mappings proto tcp | awk 'NR == 1 { print $4 }')" proto tcp | wc -l)" 1
	assert_equal "$(mappings limit 1 | wc -l)" 1
}

@test "the daemon found nothing to complain about" {
	assert_log_clean
}
