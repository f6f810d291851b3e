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
	start web echo "$TESTS/lib/flows.py" serve 198.51.100.10 7000
	wait_until 5 grep -q ready "$TOPO_DIR/echo.log"
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
