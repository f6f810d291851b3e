# SPDX-License-Identifier: GPL-2.0-or-later
#
# An external address moves between two boxes by stop-and-copy (D-22), with a TCP connection and
# a UDP flow running through it. The test is the controller: it turns the hosts' routes.
#
#   in1 10.0.0.11 --+-- lan --+-- a 10.0.0.1   203.0.113.2 --+-- out -- isp 203.0.113.1 -- web 198.51.100.10
#                             +-- b 10.0.0.2   203.0.113.3 --+
#
#   a 192.0.2.1 -- 192.0.2.2 b: the network of the boxes

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
}

teardown_file() {
	topo_end
}

setup() {
	topo_begin "$BATS_TEST_TMPDIR/topo"
	node in1 lan out a b isp web
	wire in1:e0 lan:in1
	wire a:e0 lan:to-a
	wire b:e0 lan:to-b
	wire a:e1 out:to-a
	wire b:e1 out:to-b
	wire isp:o0 out:isp
	wire web:e0 isp:web
	wire a:p0 b:p0
	bridge lan br0 in1 to-a to-b
	bridge out br0 isp to-a to-b
	address in1 e0 10.0.0.11/24
	address a e0 10.0.0.1/24
	address b e0 10.0.0.2/24
	address a e1 203.0.113.2/24
	address b e1 203.0.113.3/24
	address a p0 192.0.2.1/24
	address b p0 192.0.2.2/24
	address isp o0 203.0.113.1/24
	address isp web 198.51.100.1/24
	address web e0 198.51.100.10/24
	router a b isp
	route in1 default 10.0.0.1
	route a default 203.0.113.1
	route b default 203.0.113.1
	route web default 198.51.100.1
	faces_xdp lan:to-a lan:to-b out:to-a out:to-b
	(umask 077 && openssl rand -hex 32 >"$TOPO_DIR/key")
	box_config a 1 b 2 '[203.0.113.10]'
	box_config b 2 a 1 '[203.0.113.20]'
}

teardown() {
	topo_end
}

# box_config BOX NUMBER PEER NUMBER ADDRESSES [MORE]: MORE is appended to the pool.
box_config() {
	daemon_config "$1" <<-END
		links:
		  - { device: e0, side: inside, prefixes: [10.0.0.0/24] }
		  - { device: e1, side: outside }
		pools:
		  - { name: p0, addresses: $5, mode: dynamic${6:-} }
		peer:
		  name: box-$1
		  listen: 192.0.2.$2:4747
		  key-file: $TOPO_DIR/key
		  known: [{ name: box-$3, address: 192.0.2.$4:4747 }]
	END
}

boxes_start() {
	daemon_start a a --test-clock
	daemon_start b b --test-clock
	wait_until 10 connected a b
	wait_until 10 connected b a
	turn_to 1 a
	warm_up in1 198.51.100.10
}

connected() {
	[ "$(daisy_of "$1" -j peer show name "box-$2" | jq -r '.[0] | "\(.state) \(.accepted)"')" = "open true" ]
}

talk_start() {
	start web server /usr/bin/python3 "$TESTS/lib/talk.py" serve 198.51.100.10 7
	wait_until 5 grep -q ready "$TOPO_DIR/server.log"
	start in1 talk /usr/bin/python3 "$TESTS/lib/talk.py" run 198.51.100.10 7
	wait_until 5 talks tcp 5
	wait_until 5 talks udp 5
}

# talks PROTO N: at least N answers were heard.
talks() {
	[ "$(grep -c "^$1 " "$TOPO_DIR/talk.log")" -ge "$2" ]
}

# goes_on PROTO: ten answers more than now.
goes_on() {
	wait_until 10 talks "$1" $(($(grep -c "^$1 " "$TOPO_DIR/talk.log") + 10))
}

# Every external end that the server has seen of a protocol.
seen() {
	sed -n "s/^$1 [0-9]* //p" "$TOPO_DIR/talk.log" | sort -u | xargs
}

move() {
	daisy_of "$1" -j address move address "${3:-203.0.113.10}" to "box-$2" method stop-and-copy
}

# What the controller would do: both directions to box NUMBER, a 1, b 2.
turn_to() {
	ipn in1 route replace default via "10.0.0.$1"
	ipn isp neigh replace 203.0.113.10 lladdr "$(mac_of "$2" e1)" dev o0 nud permanent
}

# Every mapping, connection, and port of an address, without its times, in order.
dump() {
	daisy_of "$1" -j mapping show external "${2:-203.0.113.10}" | jq -S '[.[] | {proto, inside, zone, external, kind,
		more_connections, untracked, connections: [.connections // [] | .[] | {remote, state, answered}]}] |
		sort_by(.proto, .external)'
}

# What is left of each timer, seconds.
times() {
	daisy_of "$1" -j mapping show external 203.0.113.10 | jq -c '[.[] | [.proto, .external, .age_s, .expires_s]] | sort'
}

@test "a TCP connection and a UDP flow live through a move of their address, and back (D-22)" {
	# Nothing else to translate by: what comes too early for its address is lost.
	box_config b 2 a 1 '[]'
	boxes_start
	talk_start
	local tcp udp
	tcp=$(seen tcp)
	udp=$(seen udp)
	run -0 --separate-stderr move a b
	assert_equal "$(jq -r '.to' <<<"$output")" box-b
	turn_to 2 b
	goes_on tcp
	goes_on udp
	assert_equal "$(daisy_of a -j address show | jq length)" 0
	assert_equal "$(daisy_of b -j address show address 203.0.113.10 | jq -r '.[0].state')" active
	run -0 --separate-stderr move b a
	turn_to 1 a
	goes_on tcp
	goes_on udp
	assert_equal "$(seen tcp) $(seen udp)" "$tcp $udp"
	assert_equal "$(daisy_of b -j address show | jq length)" 0
}

# Two hundred UDP mappings, some TCP connections of each class, a port in hold-down, an idle subscriber.
fill() {
	flow_server web 198.51.100.10 9
	on in1 /usr/bin/python3 "$TESTS/lib/flows.py" run 198.51.100.10 9 20000 200 >/dev/null
	on in1 /usr/bin/python3 - <<-END &
		import socket, time
		kept = []
		for port in range(30000, 30010):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.bind(("", port))
		    s.settimeout(5)
		    s.connect(("198.51.100.10", 7))
		    (kept.append if port % 2 else socket.socket.close)(s)
		# Five connections of one mapping: three of them beyond its record.
		for dst in range(8, 12):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.bind(("", 30001))
		    s.setblocking(False)
		    try:
		        s.connect(("198.51.100.10", 1000 + dst))
		    except BlockingIOError:
		        pass
		    kept.append(s)
		time.sleep(60)
	END
	echo $! >"$TOPO_DIR/fill.pid"
	undo stop fill
	wait_until 5 eval '[ "$(daisy_of a -j mapping count proto tcp | jq .tcp)" -ge 10 ]'
	run -0 daisy_of a mapping delete proto udp inside 10.0.0.11:20007
}

@test "a move takes mappings, connections with their classes, times and ports in hold-down along (D-22)" {
	boxes_start
	talk_start
	fill
	stop talk
	daisy_of a instance clock-advance seconds 40
	daisy_of b instance clock-advance seconds 7
	local before free left
	before=$(dump a)
	free=$(daisy_of a -j address show | jq -c '.[0].free')
	left=$(times a)
	[ "$(jq length <<<"$before")" -gt 210 ]
	run -0 --separate-stderr move a b
	assert_equal "$(jq '.mappings == .taken' <<<"$output") $(jq .held <<<"$output")" 'true 1'
	assert_equal "$(dump b)" "$before"
	assert_equal "$(daisy_of b -j address show address 203.0.113.10 | jq -c '.[0].free')" "$free"
	assert_equal "$(daisy_of b -j subscriber show | jq -c '.[] | [.address, .external]')" '["10.0.0.11","203.0.113.10"]'
	# Within four ticks of what they were: times are whole ticks, and reading takes its time.
	run -0 jq -n --argjson a "$left" --argjson b "$(times b)" \
		'[$a, $b] | transpose | map((.[0][2] - .[1][2] | fabs) <= 4 and (.[0][3] - .[1][3] | fabs) <= 4) | all'
	assert_output true
	assert_equal "$(daisy_of a -j mapping count | jq -c .)" '{"count":0,"udp":0,"tcp":0,"icmp":0}'
}

@test "forwards and a draining state move with their address" {
	boxes_start
	daisy_of a mapping add proto tcp external 203.0.113.10:8080 inside 10.0.0.11:80
	daisy_of a address set address 203.0.113.10 state draining
	run -0 --separate-stderr move a b
	assert_equal "$(daisy_of b -j mapping show kind static | jq -c '.[] | [.external, .inside]')" \
		'["203.0.113.10:8080","10.0.0.11:80"]'
	assert_equal "$(daisy_of b -j address show address 203.0.113.10 | jq -r '.[0].state')" draining
	assert_equal "$(daisy_of a -j mapping show kind static | jq length)" 0
}

# refused MESSAGE [BOX PEER]: and nothing has been stopped, nothing is lost.
refused() {
	local before
	before=$(dump a)
	run -1 move "${2:-a}" "${3:-b}"
	assert_output --partial "$1"
	assert_equal "$(dump a)" "$before"
	assert_equal "$(daisy_of a -j address show address 203.0.113.10 | jq -c '.[0] | [.state, .move]')" '["active",null]'
	goes_on tcp
	goes_on udp
	assert_equal "$(daisy_of a -j stats | jq '.drops.moving // 0')" 0
}

@test "what cannot be moved is refused before anything is stopped" {
	box_config b 2 a 1 '[203.0.113.10]' ', ports: 1024-2000'
	boxes_start
	talk_start
	refused '203.0.113.10 is here already'
	refused 'no peer "box-q", expected one that peer show lists' a q
	sed -i 's/203.0.113.10/203.0.113.21/; s/name: p0/name: p9/' "$TOPO_DIR/b.yaml"
	daisy_of b instance reload
	refused 'no pool "p0", expected one of that name'
	sed -i 's/203.0.113.21/203.0.113.22/; s/name: p9/name: p0/; s/mode: dynamic.*/mode: blocks }/' "$TOPO_DIR/b.yaml"
	daisy_of b instance reload
	refused 'pool "p0" has port blocks, expected mode dynamic'
	daemon_stop b
	wait_until 5 eval '! connected a b'
	refused 'no session with peer "box-b"'
}

@test "a target without room refuses before anything is stopped" {
	echo 'limits: { addresses: 1 }' >>"$TOPO_DIR/b.yaml"
	boxes_start
	talk_start
	refused 'no room for address 203.0.113.10: limits.addresses is 1'
}

@test "a host that the target does not know makes it refuse, and the source goes on" {
	sed -i 's|10.0.0.0/24|10.9.0.0/24|' "$TOPO_DIR/b.yaml"
	boxes_start
	talk_start
	run -1 move a b
	assert_output --partial 'the host is in no inside prefix of this box'
	goes_on tcp
	goes_on udp
	assert_equal "$(daisy_of b -j address show | jq -r '.[].address')" 203.0.113.20
	assert_equal "$(daisy_of b -j mapping count | jq .count)" 0
}

# Enough state for seconds on the line between the boxes, so that there is a half-way.
slow_move() {
	flow_server web 198.51.100.10 9
	on in1 /usr/bin/python3 "$TESTS/lib/flows.py" run 198.51.100.10 9 20000 3000 >/dev/null
	on a tc qdisc add dev p0 root tbf rate 200kbit burst 4k latency 5s
	move a b >"$TOPO_DIR/move.log" 2>&1 &
	mover=$!
	wait_until 5 eval '[[ "$(stage)" == cop* ]]'
}

stage() {
	daisy_of a -j address show address 203.0.113.10 | jq -r '.[0].move.stage'
}

owner() {
	daisy_of "$1" -j address show address 203.0.113.10 | jq -r '.[0] | [.state, .move] | @json'
}

@test "the source goes on as the owner when the target is killed half-way (D-21)" {
	boxes_start
	talk_start
	local mover before
	slow_move
	daemon_kill b
	run -1 wait $mover
	assert_equal "$(owner a)" '["active",null]'
	goes_on tcp
	goes_on udp
	on a tc qdisc del dev p0 root
	daemon_start b b --test-clock
	assert_equal "$(daisy_of b -j address show | jq -r '.[].address')" 203.0.113.20
	wait_until 10 connected a b
	before=$(dump a)
	run -0 --separate-stderr move a b
	turn_to 2 b
	assert_equal "$(dump b)" "$before"
	goes_on tcp
	goes_on udp
}

@test "the source goes on as the owner when it is killed itself half-way, and the target forgets (D-21)" {
	boxes_start
	talk_start
	local mover
	slow_move
	assert_equal "$(daisy_of b -j address show address 203.0.113.10 | jq -r '.[0] | "\(.state) \(.move.peer)"')" \
		'arriving box-a'
	daemon_kill a
	run wait $mover
	on a tc qdisc del dev p0 root
	daemon_start a a --test-clock
	assert_equal "$(owner a)" '["active",null]'
	goes_on tcp
	goes_on udp
	wait_until 10 eval '[ "$(daisy_of b -j address show | jq length)" = 1 ]'
	assert_equal "$(daisy_of b -j mapping count | jq .count)" 0
}

# left_at BOX: as a daemon leaves the slot of the address that is killed after its decision, and before the
# target has answered.
left_at() {
	local pin word
	daemon_kill "$1"
	pin=/sys/fs/bpf/daisy/$(map_format)/$(instance "$1")/slots
	word=$(bpftool -j map lookup pinned "$pin" key 0 0 0 0 | jq -r '.value | map(ltrimstr("0x")) | join(" ")')
	# shellcheck disable=SC2086
	bpftool map update pinned "$pin" key 0 0 0 0 value hex ${word% * *} 14 00
	daemon_start "$1" "$1" --test-clock
}

@test "an address that was decided on is the target's if the target has it, whoever was killed (D-21)" {
	boxes_start
	talk_start
	run -0 --separate-stderr move a b
	turn_to 2 b
	# The file still has it, and so does the box that starts from it.
	daemon_kill a
	daemon_start a a --test-clock
	left_at a
	wait_until 10 eval '[ "$(daisy_of a -j address show | jq length)" = 0 ]'
	assert_equal "$(owner b)" '["active",null]'
	goes_on tcp
	goes_on udp
}

@test "an address that was decided on is taken back if nobody has it (D-21)" {
	boxes_start
	talk_start
	daemon_stop b
	left_at a
	assert_equal "$(owner a)" '["leaving",{"peer":null,"stage":"left","done":0,"mappings":0}]'
	assert_equal "$(packet_verdict)" moving
	daemon_start b b --test-clock
	wait_until 10 eval '[ "$(owner a)" = "[\"active\",null]" ]'
	goes_on tcp
	goes_on udp
}

# How a packet of the UDP flow would end, by the trace; and it has, as the counter says.
packet_verdict() {
	local from
	from=$(daisy_of a -j mapping show proto udp | jq -r .[0].inside)
	wait_until 5 eval '[ "$(daisy_of a -j stats | jq .drops.moving)" -ge 5 ]'
	daisy_of a -j mapping trace dev e0 proto udp from "$from" to 198.51.100.10:7 | jq -r '.[-1].reason'
}
