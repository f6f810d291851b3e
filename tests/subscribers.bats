# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two subscribers share one external address; one of them takes all that it can get.
#
#  in1 10.0.0.11 --+                                                   +-- web 198.51.100.10
#                  +- lan -- e0 [box] e1 -- 203.0.113.0/24 -- o0 [isp] -+   nginx, echo on UDP 7000
#  in2 10.0.0.12 --+     10.0.0.1  203.0.113.2        203.0.113.1

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_two_armed
	pool 'mode: blocks, block-size: 256, blocks: 4, limits: { udp: 900 }'
	daemon_start box n0 --test-clock
	http_server web 198.51.100.10
	flow_server web 198.51.100.10 7000
	warm_up in1 198.51.100.10
	warm_up in2 198.51.100.10
}

teardown_file() {
	topo_end
}

# pool KEYS: the configuration, its pool with these keys.
pool() {
	daemon_config <<-END
		links:
		  - { device: e0, side: inside, prefixes: [10.0.0.0/24] }
		  - { device: e1, side: outside }
		pools:
		  - { name: p0, addresses: [203.0.113.10], $1 }
	END
}

# flows NODE FIRST N: UDP flows from N ports; fails if one is not answered.
flows() {
	on "$1" "$TESTS/lib/flows.py" run 198.51.100.10 7000 "$2" "$3" 3>&-
}

udp_of() {
	mappings proto udp inside "$1" | wc -l
}

@test "who tries to open ten thousand flows gets its limit; every flow of the other is answered (G4, G4a, G5)" {
	local abuser status=0
	counters_mark
	flows in1 20000 10000 >"$BATS_TEST_TMPDIR/abuser" &
	abuser=$!
	run -0 flows in2 30000 900
	wait $abuser || status=$?
	assert_equal $status 1
	assert_equal "$(udp_of 10.0.0.12)" 900
	assert_equal "$(udp_of 10.0.0.11)" 900
	assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/abuser")" 900
	assert_equal "$(counters_since | grep created_udp)" created_udp=1800
	[ "$(counters_since | sed -n 's/drop_limit_mappings=//p')" -ge 9100 ]
}

@test "each keeps to four blocks of 256 ports, and no block is of both (G4, G14, X4)" {
	local blocks_of_both
	blocks_of_both=$(mappings proto udp | awk '{ split($2, inside, ":"); split($4, at, ":")
		print inside[1], int(at[2] / 256) }' | sort -u)
	assert_equal "$(cut -d' ' -f2 <<<"$blocks_of_both" | sort | uniq -d)" ''
	assert_equal "$(grep -c '^10.0.0.11' <<<"$blocks_of_both")" 4
	assert_equal "$(grep -c '^10.0.0.12' <<<"$blocks_of_both")" 4
	assert_equal "$(daisy -j pool show | jq -c '.[0].use | [.addresses, .blocks_used, .fullest.proto]')" '[1,8,"udp"]'
	assert_equal "$(daisy -j subscriber show address 10.0.0.11 | jq -c '.[0].limits')" '{"udp":900}'
}

@test "who is at its limit of UDP still browses, for the limit is of the protocol (G4b)" {
	run -0 on in1 curl -sS -m 10 -o /dev/null http://198.51.100.10/whoami
}

@test "a limit that is lowered ends no mapping, and refuses the next one (G4a)" {
	pool 'mode: blocks, block-size: 256, blocks: 4, limits: { udp: 100 }'
	daisy instance reload
	counters_mark
	run -0 flows in2 30000 900
	assert_equal "$(counters_since | grep created_udp)" ''
	run -1 flows in2 40000 1
	assert_equal "$(udp_of 10.0.0.12)" 900
}

# fresh KEYS: this pool, and nobody has a mapping or a block.
fresh() {
	pool "$1"
	daisy instance reload
	daisy mapping delete all
	wait_until 5 no_mappings
	# Their hold-down is over.
	daisy instance clock-advance seconds 200
	wait_until 10 no_blocks
}

no_blocks() {
	[ "$(daisy -j subscriber show | jq -c '[if type == "array" then .[] else . end | .blocks[]]')" = '[]' ]
}

# Of in1's blocks: "ports event external", one a line, each with its time. From the first that is given
# out on: what a block of before leaves may come after the monitor has begun.
block_records() {
	jq -r 'select(.address == "10.0.0.11" and .time > 0) | "\(.ports) \(.event) \(.external)"' \
		"$TOPO_DIR/monitor.log" | sed -n '/ block-allocated /,$p'
}

block_records_are() {
	[ "$(block_records | wc -l)" = "$1" ]
}

@test "hundreds of flows of UDP, TCP and ICMP leave one record when their block is given out, one when it goes back (G14, G16)" {
	local ports
	fresh 'mode: blocks, block-size: 512, blocks: 2'
	start box monitor "$BUILD/bin/daisy" --run-dir "$TOPO_DIR/run" -i "$(instance)" -j monitor show \
		event block-allocated event block-released
	wait_until 5 clients_are 2
	run -0 flows in1 20000 300
	run -0 on in1 curl -sS -m 20 -Z --parallel-immediate --parallel-max 100 'http://198.51.100.10/whoami?[1-100]'
	run -0 on in1 ping -c2 -i 0.02 -W2 198.51.100.10
	assert_equal "$(mappings inside 10.0.0.11 | cut -d' ' -f1 | sort | uniq -c | xargs)" '1 icmp 100 tcp 300 udp'
	wait_until 5 block_records_are 1
	ports=$(block_records | cut -d' ' -f1)
	assert_equal "$(block_records)" "$ports block-allocated 203.0.113.10"
	assert_equal "$(mappings inside 10.0.0.11 | sed 's/.*://' | awk -v first="${ports%-*}" -v last="${ports#*-}" \
		'$1 < first || $1 > last')" ''
	daisy mapping delete inside 10.0.0.11
	daisy instance clock-advance seconds 200
	wait_until 10 block_records_are 2
	stop monitor
	assert_equal "$(block_records)" "$ports block-allocated 203.0.113.10"$'\n'"$ports block-released 203.0.113.10"
}

@test "who opens faster than its rate is refused the rest; its flows and another's are answered as ever (G4c, G5b)" {
	local flood begin ticks most
	fresh 'mode: blocks, block-size: 512, blocks: 2, limits: { mappings-per-second: 20 }'
	run -0 flows in1 10000 10
	run -0 flows in2 10000 10
	counters_mark
	begin=${EPOCHREALTIME/[.,]/}
	flows in1 20000 400 >"$BATS_TEST_TMPDIR/flood" &
	flood=$!
	wait_until 5 refused
	run -0 flows in1 10000 10
	run -0 flows in2 10000 10
	run -0 flows in2 20000 10
	wait $flood || true
	# A tick of 2^30 ns that began before the first packet, and one that ends after the last.
	ticks=$(((${EPOCHREALTIME/[.,]/} - begin) * 1000 / 1073741824 + 2))
	most=$((20 * ticks))
	echo "$(udp_of 10.0.0.11) mappings, $most at most"
	[ "$(udp_of 10.0.0.11)" -le $((10 + most)) ]
	[ "$(udp_of 10.0.0.11)" -ge 30 ]
	assert_equal "$(udp_of 10.0.0.12)" 20
	assert_counters created_udp=$(($(udp_of 10.0.0.11) + $(udp_of 10.0.0.12) - 20)) out_udp='*' in_udp='*' \
		drop_limit_rate='*' icmp_unreachable='*'
}

refused() {
	counters_since | grep -q '^drop_limit_rate='
}
