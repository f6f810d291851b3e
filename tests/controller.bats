# SPDX-License-Identifier: GPL-2.0-or-later
#
# daisy-ctl, an Open vSwitch of its own, and Daisy boxes behind it: a and b with one
# arm, c with two, which the inventory has in some tests only.
# Steering is the controller's alone: no rule here is the test's, but where a title
# says so.
#
#  in1 10.0.0.11  --1+----+3-- e0 [a] 203.0.113.10, itself 203.0.113.2 and 10.0.0.1
#                    | sw |4-- e0 [b] 203.0.113.11, itself 203.0.113.3 and 10.0.0.1
#  in2 10.0.0.139 --2|    |5-- o0 [isp] 203.0.113.1 -- web 198.51.100.10
#                    |    |7-- e0 [c] inside, 10.0.1.1
#  in3 10.0.1.11  --6+----+8-- e1 [c] outside, 203.0.113.12, itself 203.0.113.4

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	node in1 in2 in3 sw a b c isp web
	wire in1:e0 sw:in1
	wire in2:e0 sw:in2
	wire a:e0 sw:boxa
	wire b:e0 sw:boxb
	wire in3:e0 sw:in3
	wire c:e0 sw:boxc_in
	wire c:e1 sw:boxc_out
	wire isp:o0 sw:isp
	wire web:e0 isp:web
	address in1 e0 10.0.0.11/24
	address in2 e0 10.0.0.139/24
	address a e0 10.0.0.1/24 203.0.113.2/24
	address b e0 10.0.0.1/24 203.0.113.3/24
	address in3 e0 10.0.1.11/24
	address c e0 10.0.1.1/24
	address c e1 203.0.113.4/24
	address isp o0 203.0.113.1/24
	address isp web 198.51.100.1/24
	address web e0 198.51.100.10/24
	router isp a b c
	route in1 default 10.0.0.1
	route in2 default 10.0.0.1
	route in3 default 10.0.1.1
	route a default 203.0.113.1
	route c default 203.0.113.1
	route b default 203.0.113.1
	route web default 198.51.100.1
	faces_xdp sw:boxa sw:boxb sw:boxc_in sw:boxc_out
	switch_start
	switch_port in1 1
	switch_port in2 2
	switch_port boxa 3
	switch_port boxb 4
	switch_port isp 5
	switch_port in3 6
	switch_port boxc_in 7
	switch_port boxc_out 8
	box a 203.0.113.10 '{ device: e0, side: both, prefixes: [10.0.0.0/24] }'
	box b 203.0.113.11 '{ device: e0, side: both, prefixes: [10.0.0.0/24] }'
	box c 203.0.113.12 '{ device: e0, side: inside, prefixes: [10.0.1.0/24] }' '{ device: e1, side: outside }'
	http_server web 198.51.100.10
}

teardown_file() {
	topo_end
}

# Every test begins with an empty switch and the usual inventory.
setup() {
	ofctl del-flows
	vsctl -- --if-exists clear bridge br0 flow_tables
	inventory
}

# box NAME EXTERNAL LINK...: a daemon of that name in the node of that name.
box() {
	daemon_config "$1" <<-END
		links:
		$(printf '  - %s\n' "${@:3}")
		pools:
		  - { name: p0, addresses: [$2] }
	END
	daemon_start "$1" "$1"
}

# ofctl COMMAND [ARG...]: of the switch, after its target.
ofctl() {
	local command=$1
	shift
	ovs-ofctl -O OpenFlow14 --no-names --no-stats "$command" "unix:$TOPO_DIR/ovs/br0.mgmt" "$@"
}

rules() {
	ofctl dump-flows
}

ctl() {
	"$BUILD/bin/daisy-ctl" "$@"
}

# inventory [SED-SCRIPT]: $TOPO_DIR/net.yaml, changed by the script.
inventory() {
	sed -e "${1:-}" >"$TOPO_DIR/net.yaml" <<-END
		switch: unix:$TOPO_DIR/ovs/br0.mgmt
		inside:
		  - { port: in1, prefixes: [10.0.0.0/25] }
		  - { port: in2, prefixes: [10.0.0.128/25] }
		outside: { port: isp }
		boxes:
		  - { name: a, id: 1, port: boxa, mac: "$(mac_of a e0)", addresses: [203.0.113.2] }
		  - { name: b, id: 2, port: boxb, mac: "$(mac_of b e0)", addresses: [203.0.113.3] }
		addresses:
		  - { external: 203.0.113.10, box: a, inside: [10.0.0.0/25] }
		  - { external: 203.0.113.11, box: b, inside: [10.0.0.128/25] }
	END
}

apply() {
	run -0 ctl apply "$TOPO_DIR/net.yaml" "$@"
}

# What the switch sends a kind of packets to: actions of the one rule with a match.
actions_of() {
	rules | sed -n "s/.*,$1 actions=//p"
}

# refused TEXT COMMAND...: ends with 1 and this line, and the switch keeps its rules.
refused() {
	local text=$1 before
	shift
	before=$(rules)
	run -1 --separate-stderr ctl "$@" "$TOPO_DIR/net.yaml"
	assert_equal "$stderr" "daisy-ctl: ${*: -1}: $TOPO_DIR/net.yaml:$text"
	assert_equal "$output" ''
	assert_equal "$(rules)" "$before"
}

@test "an empty switch gets every rule in one bundle; a second apply, and diff, find nothing to do (D-2)" {
	run -3 ctl -j diff "$TOPO_DIR/net.yaml"
	local wanted
	wanted=$(ctl -j show "$TOPO_DIR/net.yaml" | jq length)
	assert_equal "$(jq -r '[.[].change] | unique | join(" ")' <<<"$output")" add
	assert_equal "$(jq length <<<"$output")" "$wanted"
	apply
	assert_output "$wanted rules: $wanted added, 0 replaced, 0 removed; 0 of others left alone"
	assert_equal "$(rules | wc -l)" "$wanted"
	run -0 ctl -j diff "$TOPO_DIR/net.yaml"
	assert_output '[]'
	apply
	assert_output "$wanted rules: 0 added, 0 replaced, 0 removed; 0 of others left alone"
}

@test "addresses whose box is not named are the first box's, so one box gets all at the start (D-3)" {
	inventory 's/box: [ab], //'
	apply
	local to_a
	to_a="set_field:$(mac_of a e0)->eth_dst,output:3"
	assert_equal "$(actions_of 'in_port=1,nw_src=10.0.0.0\/25')" "$to_a"
	assert_equal "$(actions_of 'in_port=2,nw_src=10.0.0.128\/25')" "$to_a"
	assert_equal "$(actions_of 'nw_dst=203.0.113.10')" "$to_a"
	assert_equal "$(actions_of 'nw_dst=203.0.113.11')" "$to_a"
}

@test "one rule for each external address and each inside prefix, by destination and by source (D-7)" {
	apply
	assert_equal "$(rules | grep -c 'priority=4000')" 2
	assert_equal "$(actions_of 'in_port=1,nw_src=10.0.0.0\/25')" "set_field:$(mac_of a e0)->eth_dst,output:3"
	assert_equal "$(actions_of 'in_port=2,nw_src=10.0.0.128\/25')" "set_field:$(mac_of b e0)->eth_dst,output:4"
	# with those of the boxes' own addresses
	assert_equal "$(rules | grep -c 'priority=3000')" 4
	assert_equal "$(actions_of 'nw_dst=203.0.113.10')" "set_field:$(mac_of a e0)->eth_dst,output:3"
	assert_equal "$(actions_of 'nw_dst=203.0.113.11')" "set_field:$(mac_of b e0)->eth_dst,output:4"
	# no packet goes to the controller (D-6)
	assert_equal "$(rules | grep -ciE 'controller|learn' || true)" 0
}

@test "rules of others stay as they are, whatever their cookie, table and priority" {
	local others
	ofctl add-flow 'cookie=0xda14ffff,priority=4000,ip,in_port=9,actions=drop'
	ofctl add-flow 'cookie=0x0,table=3,priority=7,arp,idle_timeout=600,actions=output:1'
	ofctl add-flow 'priority=32768,ip,nw_dst=192.0.2.9,actions=output:2,output:5'
	others=$(rules)
	apply
	assert_output --partial '0 removed; 3 of others left alone'
	assert_equal "$(rules | grep -v 'cookie=0xda15')" "$others"
	# also when ours go
	inventory '/203.0.113.11/d; s|10.0.0.0/25\]|10.0.0.0/24]|; /in2/d'
	apply lose-mappings
	assert_equal "$(rules | grep -v 'cookie=0xda15')" "$others"
}

@test "a rule of somebody else in the very place of ours is not overwritten: apply refuses" {
	ofctl add-flow 'cookie=0x77,priority=3000,ip,nw_dst=203.0.113.11,actions=drop'
	refused "11: somebody else's rule (cookie 0x77) stands in the switch where this line needs one: \
\"priority=3000,ip,nw_dst=203.0.113.11 actions=drop\"" apply
}

@test "one rule that was changed in the switch is one line of diff, and the only one that apply touches" {
	local before
	apply
	before=$(rules | grep -v 113.11)
	ofctl mod-flows --strict 'priority=3000,ip,nw_dst=203.0.113.11,actions=drop'
	run -3 ctl -j diff "$TOPO_DIR/net.yaml"
	assert_equal "$(jq -r '.[] | "\(.change) \(.line) \(.box) \(.match) \(.was.actions) \(.was.epoch) \(.epoch)"' \
		<<<"$output")" 'replace 11 b ip,nw_dst=203.0.113.11 drop 1 2'
	apply
	assert_output --partial '0 added, 1 replaced, 0 removed'
	run -0 ctl diff "$TOPO_DIR/net.yaml"
	assert_equal "$(rules | grep -v 113.11)" "$before"
	# The epoch of the one rule has risen, and stays.
	assert_equal "$(rules | sed -n 's/^ cookie=\(0x[0-9a-f]*\), priority=3000,.*113.11 .*/\1/p')" 0xda15040002000002
	apply
	assert_output --partial '0 added, 0 replaced, 0 removed'
}

@test "an address more is exactly its rules more; a rule of ours that nobody wants goes" {
	local before
	apply
	before=$(rules)
	inventory '$a\  - { external: 203.0.113.16/28, box: b }'
	apply
	assert_output --partial '5 added, 0 replaced, 0 removed'
	assert_equal "$(comm -13 <(sort <<<"$before") <(rules | sort) | sed 's/.*priority/priority/' | sort)" \
		"$(sort <<-END
			priority=6000,ip,in_port=5,nw_src=203.0.113.16/28 actions=drop
			priority=6000,arp,in_port=5,arp_spa=203.0.113.16/28 actions=drop
			priority=3000,ip,nw_dst=203.0.113.16/28 actions=set_field:$(mac_of b e0)->eth_dst,output:4
			priority=650,arp,in_port=4,dl_src=$(mac_of b e0),arp_spa=203.0.113.16/28,arp_tpa=203.0.113.16/28 actions=output:5
			priority=550,arp,arp_tpa=203.0.113.16/28 actions=set_field:$(mac_of b e0)->eth_dst,output:4
		END
		)"
	inventory
	apply
	assert_output --partial '0 added, 0 replaced, 5 removed'
	assert_equal "$(rules | sort)" "$(sort <<<"$before")"
}

@test "a rule that the switch refuses is named with its line, and nothing is changed" {
	apply
	vsctl -- --id=@ft create Flow_Table "flow_limit=$(rules | wc -l)" overflow_policy=refuse -- \
		set bridge br0 flow_tables:0=@ft >/dev/null
	inventory '$a\  - { external: 203.0.113.16, box: b }'
	refused '12: the switch refuses rule "priority=6000,arp,in_port=5,arp_spa=203.0.113.16 actions=drop": '\
'OFPFMFC_TABLE_FULL; nothing was changed' apply
}

@test "a switch that is away, or that does not answer in time, is named with its line" {
	inventory '1s/br0.mgmt/br1.mgmt/'
	refused "1: switch \"unix:$TOPO_DIR/ovs/br1.mgmt\": ovs-ofctl: connecting to unix:$TOPO_DIR/ovs/br1.mgmt \
(No such file or directory)" apply
	inventory
	vsctl set bridge br0 protocols=OpenFlow10,OpenFlow13
	run -1 --separate-stderr ctl apply "$TOPO_DIR/net.yaml"
	assert_equal "$stderr" "daisy-ctl: apply: $TOPO_DIR/net.yaml:1: switch \"unix:$TOPO_DIR/ovs/br0.mgmt\": \
it does not speak OpenFlow 1.4"
	vsctl set bridge br0 protocols=OpenFlow10,OpenFlow13,OpenFlow14
	# One that takes the connection and says nothing.
	start sw mute python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
time.sleep(100)' "$TOPO_DIR/mute"
	wait_until 5 test -S "$TOPO_DIR/mute"
	inventory "1s|unix:.*|unix:$TOPO_DIR/mute|"
	run -1 --separate-stderr ctl --timeout 1 apply "$TOPO_DIR/net.yaml"
	assert_equal "$stderr" "daisy-ctl: apply: $TOPO_DIR/net.yaml:1: switch \"unix:$TOPO_DIR/mute\": no answer within 1 s"
}

@test "an inventory that is being applied is not applied by a second controller" {
	exec 5<"$TOPO_DIR/net.yaml"
	flock 5
	run -1 --separate-stderr ctl apply "$TOPO_DIR/net.yaml"
	exec 5<&-
	assert_equal "$stderr" \
		"daisy-ctl: apply: $TOPO_DIR/net.yaml: another daisy-ctl applies it, expected to be alone"
	assert_equal "$(rules)" ''
	apply
}

@test "a port that the switch does not have is named with its line, and what it has" {
	inventory 's/port: isp/port: wan/'
	refused "5: no port \"wan\" in switch \"unix:$TOPO_DIR/ovs/br0.mgmt\", expected one of: in1, in2, boxa, boxb, isp, in3, boxc_in, boxc_out" \
		apply
	inventory 's/port: isp/port: 3/'
	refused '7: port "boxa" is port "3" in line 5, expected another' apply
	inventory 's/port: isp/port: 5/'
	apply
	assert_output --partial ' 0 replaced'
}

@test "an address that the switch takes to one box does not go to another, unless its mappings may be lost" {
	apply
	inventory 's/203.0.113.11, box: b/203.0.113.11, box: a/'
	refused '11: the switch takes 10.0.0.128-10.0.0.255 to box "b", which alone knows the connections of it: they would break; '\
'"lose-mappings" does it all the same' apply
	# cut in another way: the upper half of the first prefix
	inventory 's|10.0.0.0/25\] }$|10.0.0.0/26] }|; 3s|/26|/25|; s|\[10.0.0.128/25\] }$|[10.0.0.64/26, 10.0.0.128/25] }|; '\
'4s|10.0.0.64/26, ||'
	refused '11: the switch takes 10.0.0.64-10.0.0.127 to box "a", which alone knows the connections of it: they would '\
'break; "lose-mappings" does it all the same' apply
	apply lose-mappings
	run -0 ctl diff "$TOPO_DIR/net.yaml"
}

@test "an inventory with an address on two boxes changes nothing" {
	apply
	inventory 's/203.0.113.11, box: b/203.0.113.10, box: b/'
	refused '11: 203.0.113.10 of box b overlaps with 203.0.113.10 of box a in line 10, expected each address once' apply
}

@test "each inside host gets the address of its prefix, through its own box (D-7, D-9)" {
	apply
	wait_until 15 on in1 ping -c1 -W1 198.51.100.10
	wait_until 15 on in2 ping -c1 -W1 198.51.100.10
	run -0 on in1 curl -sS -m 10 http://198.51.100.10/whoami
	assert_output --regexp '^203\.0\.113\.10:[0-9]+$'
	run -0 on in2 curl -sS -m 10 http://198.51.100.10/whoami
	assert_output --regexp '^203\.0\.113\.11:[0-9]+$'
	assert_equal "$(daisy_of a -j subscriber show | jq -r '[.[].address] | join(" ")')" 10.0.0.11
	assert_equal "$(daisy_of b -j subscriber show | jq -r '[.[].address] | join(" ")')" 10.0.0.139
}

# seen N NAME...: captures have so many frames together.
seen() {
	local n=0 name
	for name in "${@:2}"; do
		n=$((n + $(captured "$name" frame.number | wc -l)))
	done
	[ $n -eq "$1" ]
}

@test "packets from the Internet reach the box of their destination address, and no other (D-7)" {
	local dst
	apply
	wait_until 15 on in1 ping -c1 -W1 198.51.100.10
	wait_until 15 on in2 ping -c1 -W1 198.51.100.10
	capture sw boxa at_a "udp dst port 4999 and ether dst $(mac_of a e0)"
	capture sw boxb at_b "udp dst port 4999 and ether dst $(mac_of b e0)"
	for dst in 10 11 2 3; do
		on web bash -c "echo x >/dev/udp/203.0.113.$dst/4999"
	done
	wait_until 5 seen 4 at_a at_b
	capture_end at_a
	capture_end at_b
	assert_equal "$(captured at_a ip.dst | sort)" $'203.0.113.10\n203.0.113.2'
	assert_equal "$(captured at_b ip.dst | sort)" $'203.0.113.11\n203.0.113.3'
}

@test "hosts behind two boxes reach each other by their external addresses" {
	local target
	apply
	wait_until 15 on in1 ping -c1 -W1 198.51.100.10
	wait_until 15 on in2 ping -c1 -W1 198.51.100.10
	run -0 packet --from in2:e0 --to web:e0 \
		--send 'IP(src="10.0.0.139",dst="198.51.100.10",id=9)/UDP(sport=4010,dport=9)/b"x"' \
		--expect 'IP(src="203.0.113.11",dst="198.51.100.10",ttl=62,id=9)/UDP(sport=got.sport,dport=9)/b"x"'
	target=$(field UDP.sport)
	# Box a has to find box b by ARP first.
	wait_until 10 packet --from in1:e0 --to in2:e0 \
		--send "IP(src='10.0.0.11',dst='203.0.113.11',id=8)/UDP(sport=4011,dport=$target)/b'hello'" \
		--expect "IP(src='203.0.113.10',dst='10.0.0.139',ttl=62,id=8)/UDP(sport=got.sport,dport=4010)/b'hello'"
}

# The usual inventory, and box c with its hosts.
with_c() {
	inventory "/in2/a\\  - { port: in3, prefixes: [10.0.1.0/24] }
		/boxb/a\\  - { name: c, id: 9, inside: { port: boxc_in, mac: \"$(mac_of c e0)\" }, \
outside: { port: boxc_out, mac: \"$(mac_of c e1)\" }, addresses: [203.0.113.4] }
		\$a\\  - { external: 203.0.113.12, box: c, inside: [10.0.1.0/24] }"
}

@test "a box with two arms works beside boxes with one, and its hosts are reached from theirs" {
	local target
	apply
	with_c
	apply
	assert_output --partial ' 0 replaced, 0 removed'
	wait_until 15 on in1 ping -c1 -W1 198.51.100.10
	wait_until 15 on in3 ping -c1 -W1 198.51.100.10
	run -0 on in3 curl -sS -m 10 http://198.51.100.10/whoami
	assert_output --regexp '^203\.0\.113\.12:[0-9]+$'
	run -0 on c ping -c1 -W2 203.0.113.2
	run -0 packet --from in3:e0 --to web:e0 \
		--send 'IP(src="10.0.1.11",dst="198.51.100.10",id=9)/UDP(sport=4010,dport=9)/b"x"' \
		--expect 'IP(src="203.0.113.12",dst="198.51.100.10",ttl=62,id=9)/UDP(sport=got.sport,dport=9)/b"x"'
	target=$(field UDP.sport)
	wait_until 10 packet --from in1:e0 --to in3:e0 \
		--send "IP(src='10.0.0.11',dst='203.0.113.12',id=8)/UDP(sport=4011,dport=$target)/b'hello'" \
		--expect "IP(src='203.0.113.10',dst='10.0.1.11',ttl=62,id=8)/UDP(sport=got.sport,dport=4010)/b'hello'"
}

# killed SECONDS: apply, ended by SIGKILL after that time, with the ovs-ofctl that it runs.
killed() {
	local pid
	setsid "$BUILD/bin/daisy-ctl" apply "$TOPO_DIR/net.yaml" >"$TOPO_DIR/killed.log" 2>&1 3>&- &
	pid=$!
	read -rt "$1" <> <(:) || true
	kill -KILL -- -$pid 2>/dev/null || true
	wait $pid || true
	wait_until 5 nobody_talks
}

nobody_talks() {
	! pgrep -f "ovs-ofctl .*$TOPO_DIR/ovs/br0.mgmt"
}

# The usual inventory, and four hundred addresses of box b.
with_many() {
	inventory
	printf '  - { external: 198.18.%d.%d, box: b }\n' $(for n in {0..399}; do echo $((n / 100)) $((n % 100 + 1)); done) >>"$TOPO_DIR/net.yaml"
}

@test "a controller that is killed at any moment leaves the old rules or the new ones, and no mixture (D-21)" {
	local old new now delay both=''
	apply
	old=$(rules | sort)
	with_many
	apply
	assert_output --partial ': 2000 added, 0 replaced, 0 removed'
	new=$(rules | sort)
	# The last one is not killed, but done by then.
	for delay in 0.{02,05,07,09,11,14,18,25} 2; do
		inventory
		apply
		with_many
		killed $delay
		now=$(rules | sort)
		both+=$([ "$now" = "$old" ] && echo o || echo n)
		[ "$now" = "$old" ] || [ "$now" = "$new" ] ||
			fail "killed after $delay s: $(wc -l <<<"$now") rules of $(wc -l <<<"$old") or $(wc -l <<<"$new")"
	done
	assert_regex "$both" '^o.*n$'
	apply
	run -0 ctl diff "$TOPO_DIR/net.yaml"
}

@test "the outside cannot speak as the inside, nor a host as one of another port" {
	apply
	capture sw boxa spoofed_a 'udp port 4998'
	capture sw boxb spoofed_b 'udp port 4998'
	run -0 packet --from isp:o0 --to in2:e0 --send "Ether(dst='$(mac_of a e0)')/IP(src='10.0.0.11',
		dst='203.0.113.11')/UDP(sport=4998,dport=4998)" --expect nothing
	run -0 packet --from in2:e0 --to web:e0 --send "Ether(dst='$(mac_of a e0)')/IP(src='10.0.0.11',
		dst='198.51.100.10')/UDP(sport=4998,dport=4998)" --expect nothing
	run -0 packet --from in2:e0 --to web:e0 --send "Ether(dst='$(mac_of a e0)')/IP(src='10.0.0.11',
		dst='203.0.113.10')/UDP(sport=4998,dport=4998)" --expect nothing
	# The same from where it belongs gets there, so the others would have been seen.
	run -0 packet --from in1:e0 --to web:e0 --send 'IP(src="10.0.0.11",dst="198.51.100.10")/
		UDP(sport=4998,dport=4998)/b"x"' --expect 'IP(src=got.src,dst=got.dst,ttl=got.ttl,id=got.id)/
		UDP(sport=got.sport,dport=4998)/b"x"'
	capture_end spoofed_a
	capture_end spoofed_b
	assert_equal "$(captured spoofed_a ip.src ip.dst | head -n 1)" '10.0.0.11 198.51.100.10'
	seen 2 spoofed_a
	seen 0 spoofed_b
}

@test "what a box sends to the MAC address of another gets there unchanged, above all steering" {
	apply
	capture sw boxb chained "udp dst port 4997 and ether dst $(mac_of b e0)"
	run -0 packet --from a:e0 --to in1:e0 --send "Ether(src='$(mac_of a e0)',dst='$(mac_of b e0)')/
		IP(src='198.51.100.10',dst='203.0.113.10')/UDP(sport=1,dport=4997)/b'x'" --expect nothing
	run -0 packet --from a:e0 --to in1:e0 --send "Ether(src='$(mac_of a e0)',dst='$(mac_of b e0)')/
		IP(src='10.0.0.11',dst='198.51.100.99')/UDP(sport=1,dport=4997)/b'x'" --expect nothing
	wait_until 5 seen 2 chained
	capture_end chained
	run -0 captured chained eth.src eth.dst ip.src
	assert_line --index 0 "$(mac_of a e0) $(mac_of b e0) 198.51.100.10"
	assert_line --index 1 "$(mac_of a e0) $(mac_of b e0) 10.0.0.11"
}
