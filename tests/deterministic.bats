# SPDX-License-Identifier: GPL-2.0-or-later
#
# A deterministic pool with real clients: 32 hosts on two addresses, whose ports
# are told by daisy pool compute, which sees the file and never the daemon.
#
#  in1 10.0.0.11 and --+                                                   +-- web 198.51.100.10
#      10.0.0.32-63    +- lan -- e0 [box] e1 -- 203.0.113.0/24 -- o0 [isp] -+   echo on UDP 7000
#  in2 10.0.0.12 ------+     10.0.0.1  203.0.113.2        203.0.113.1

load lib/load

setup_file() {
	local i
	topo_begin "$BATS_FILE_TMPDIR"
	net_two_armed
	for ((i = 32; i < 64; i++)); do
		address in1 e0 10.0.0.$i/24
	done
	pools sequential
	daemon_start box n0 --test-clock
	flow_server web 198.51.100.10 7000
	warm_up in1 198.51.100.10
	warm_up in2 198.51.100.10
}

teardown_file() {
	topo_end
}

# pools ALGORITHM: sixteen ports for each host, 3392 of overflow; and a pool for hosts without a plan.
pools() {
	daemon_config <<-END
		links:
		  - { device: e0, side: inside, prefixes: [10.0.0.0/24] }
		  - { device: e1, side: outside }
		pools:
		  - { name: plan, addresses: [203.0.113.10, 203.0.113.20], ports: 2048-5759, reserved: [2050, 2100-2163], mode: deterministic, inside: [10.0.0.32/27], ports-per-subscriber: 16, algorithm: $1, blocks: 1 }
		  - { name: rest, addresses: [203.0.113.30], mode: dynamic }
	END
}

# flows HOST FIRST N: UDP flows from N ports of 10.0.0.HOST; "PORT ADDRESS:PORT" as the server saw them.
flows() {
	on in1 "$TESTS/lib/flows.py" run 198.51.100.10 7000 "$2" "$3" "10.0.0.$1" 3>&-
}

compute() {
	"$BUILD/bin/daisy" -j pool compute config "$TOPO_DIR/n0.yaml" "$@"
}

# assert_planned HOST SEEN: an external end is of the ports that compute tells, and leads back to the host.
assert_planned() {
	local ports at
	read -r at ports < <(compute inside "10.0.0.$1" | jq -r '"\(.external) \(.ports)"')
	assert_equal "${2%:*}" "$at"
	[ "${2#*:}" -ge "${ports%-*}" ] && [ "${2#*:}" -le "${ports#*-}" ] ||
		fail "10.0.0.$1 has port ${2#*:}, its own are $ports"
	assert_equal "$(compute external "$2" | jq -r .inside)" "10.0.0.$1"
}

# every_host FIRST: a flow from each host, by the plan.
every_host() {
	local i seen
	for ((i = 32; i < 64; i++)); do
		seen=$(flows $i "$1" 1)
		assert_planned $i "${seen#* }"
	done
}

@test "each host has the ports that daisy pool compute tells, and they lead back to it (RFC 7422 N1, N3)" {
	every_host 20000
	assert_equal "$(mappings proto udp | wc -l)" 32
}

@test "a restart of the daemon changes no plan, and a killed one none (RFC 7422 N3)" {
	local before
	before=$(mappings proto udp | sort)
	daemon_stop
	every_host 20000
	every_host 20001
	daemon_start box n0 --test-clock
	run -0 grep -c 'deterministic from now on' "$TOPO_DIR/n0.earlier.log"
	assert_output 1
	run -1 grep 'deterministic from now on' "$TOPO_DIR/n0.log"
	assert_equal "$(mappings proto udp | grep -Ff <(cut -d' ' -f2,4 <<<"$before" | tr ' ' '\n') | wc -l)" 32
	every_host 20002
}

@test "the seventeenth port of a host is of a block of the overflow, at its own address, and told (RFC 7422 N4, G2)" {
	local address
	address=$(compute inside 10.0.0.40 | jq -r .external)
	start box events "$BUILD/bin/daisy" --run-dir "$TOPO_DIR/run" -i "$(instance)" -j monitor event block-allocated event block-released
	wait_until 5 clients_are 2
	flows 40 30000 13 >/dev/null
	run -0 flows 40 31000 1
	assert_equal "$(compute external "${output#* }" | jq -r .owner)" overflow
	assert_equal "$(cut -d: -f1 <<<"${output#* }")" "$address"
	wait_until 5 grep -q block-allocated "$TOPO_DIR/events.log"
	run -0 jq -r '"\(.event) \(.address) \(.external)"' "$TOPO_DIR/events.log"
	assert_output "block-allocated 10.0.0.40 $address"
}

@test "who has used up its ports and its overflow is refused, the others are not (RFC 7422 N1, G11)" {
	run -1 flows 40 32000 100
	assert_equal "$(mappings proto udp inside 10.0.0.40 | wc -l)" 80
	run -0 flows 41 32000 13
	run -0 daisy mapping trace dev e0 proto udp from 10.0.0.40:40000 to 198.51.100.10:7000
	assert_line --regexp '^plan +deterministic: ports [0-9]+-[0-9]+ of 203\.0\.113\.10, 0 of them free$'
	assert_equal "${lines[-1]}" 'end        answer, blocks_full: the subscriber has as many port blocks as it may have, and they are full'
}

@test "a block of the overflow goes back when its last port has rested, and that is told (RFC 7422 N4, G8)" {
	daisy mapping delete inside 10.0.0.40
	daisy mapping delete inside 10.0.0.41
	run -1 grep -q block-released "$TOPO_DIR/events.log"
	daisy instance clock-advance seconds 130
	wait_until 10 grep -q block-released "$TOPO_DIR/events.log"
	stop events
	assert_equal "$(jq -r '"\(.event) \(.address) \(.ports)"' "$TOPO_DIR/events.log" | sort -u | cut -d' ' -f1,2)" \
		$'block-allocated 10.0.0.40\nblock-released 10.0.0.40'
}

@test "a host that the plan does not have is served by the other pool of its zone (RFC 7422 N1)" {
	run -0 on in2 "$TESTS/lib/flows.py" run 198.51.100.10 7000 20000 1 3>&-
	assert_output --partial ' 203.0.113.30:'
}

@test "a plan that is changed under load holds for new mappings, and those that are there stay (RFC 7422 N1)" {
	local before
	before=$(flows 33 20000 1)
	pools round-robin
	daisy instance reload
	run -0 grep -c 'round-robin' "$TOPO_DIR/n0.log"
	assert_output 1
	assert_equal "$(flows 33 20000 1)" "$before"
	every_host 21000
}

@test "pool show tells the plan (RFC 7422 N1)" {
	run -0 daisy -j pool show name plan
	assert_equal "$(jq -cS '.[0] | { mode, plan, block_size, blocks }' <<<"$output")" \
		'{"block_size":64,"blocks":1,"mode":"deterministic","plan":{"algorithm":"round-robin","overflow":"2369-5759","ports_per_subscriber":16,"subscribers":32}}'
}
