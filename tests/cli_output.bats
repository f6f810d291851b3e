# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tool sends and how it shows the answers, against a server with canned
# ones (lib/canned.py): every member of the protocol, and answers that no
# daemon should give.

load lib/load

setup() {
	RUN=$BATS_TEST_TMPDIR/run
	mkdir -p "$RUN"
	export TZ=UTC
}

# ask 'ANSWER' WORDS...: run the tool once against these lines; the request is in $sent.
ask() {
	local server
	rm -f "$RUN/n0.sock"
	printf '%s\n' "$1" | "$TESTS/lib/canned.py" "$RUN/n0.sock" >"$BATS_TEST_TMPDIR/sent" 3>&- &
	server=$!
	shift
	wait_until 10 test -S "$RUN/n0.sock"
	local options=()
	[ "${1#-}" = "$1" ] || { options=("$1") && shift; }
	run --separate-stderr "$BUILD/bin/daisy" --run-dir "$RUN" "${options[@]}" "$@"
	kill "$server" 2>/dev/null || true
	wait "$server" || true
	sent=$(jq -cS . <"$BATS_TEST_TMPDIR/sent")
}

DONE='{"done":true}'

MAPPING='{"item":{"proto":"tcp","inside":"10.0.0.2:4321","zone":0,"external":"203.0.113.10:50000","age_s":7500,"idle_s":4,"expires_s":7440,"link":"eth0","connections":[{"remote":"198.51.100.1:443","state":"established","idle_s":4,"answered":true},{"remote":"192.0.2.9:6881","state":"opening","idle_s":61,"answered":false}],"more_connections":3,"untracked":true}}'
UDP='{"item":{"proto":"udp","inside":"10.0.0.3:53","zone":12,"external":"203.0.113.11:1024","age_s":0,"idle_s":0,"expires_s":300,"link":null}}'

@test "mapping show: columns are aligned, times readable, connections counted" {
	ask "$MAPPING"$'\n'"$UDP"$'\n'"$DONE" mapping show proto tcp inside 10.0.0.2 limit 5
	assert_equal "$status" 0
	assert_equal "$stderr" ''
	assert_equal "$sent" \
		'{"args":{"inside":"10.0.0.2","limit":5,"proto":"tcp"},"command":"show","object":"mapping"}'
	assert_output - <<-'END'
		KIND  PROTO  INSIDE         ZONE  EXTERNAL              AGE  IDLE  EXPIRES  LINK  CONNECTIONS
		-     tcp    10.0.0.2:4321     0  203.0.113.10:50000  2h05m    4s    2h04m  eth0  5+untracked
		-     udp    10.0.0.3:53      12  203.0.113.11:1024      0s    0s    5m00s  -     -
	END
}

@test "mapping show connections: the ones of the record stand below their mapping" {
	ask "$MAPPING"$'\n'"$DONE" mapping show connections
	assert_equal "$sent" '{"command":"show","object":"mapping"}'
	assert_line --index 2 '  with 198.51.100.1:443 established, idle 4s'
	assert_line --index 3 '  with 192.0.2.9:6881 opening, idle 1m01s, not answered'
}

@test "-j hands every member on, in an array with one item a line" {
	ask "$MAPPING"$'\n'"$UDP"$'\n'"$DONE" -j mapping
	assert_equal "$(wc -l <<<"$output")" 4
	assert_equal "$(jq -cS '.[]' <<<"$output")" "$(printf '%s\n' "$MAPPING" "$UDP" | jq -cS .item)"
}

@test "-p is the same, indented" {
	ask "$MAPPING"$'\n'"$DONE" -p mapping
	assert_line '  "proto": "tcp",'
	assert_equal "$(jq -cS '.[]' <<<"$output")" "$(jq -cS .item <<<"$MAPPING")"
}

@test "an empty list is nothing, or an empty array" {
	ask "$DONE" mapping
	assert_output ''
	ask "$DONE" -j mapping
	assert_output '[]'
}

@test "a command without an answer prints nothing, or an empty object" {
	ask "$DONE" address set address 203.0.113.10 state draining
	assert_equal "$status" 0
	assert_output ''
	assert_equal "$sent" \
		'{"args":{"address":"203.0.113.10","state":"draining"},"command":"set","object":"address"}'
	ask "$DONE" -j instance reload
	assert_output '{}'
}

@test "link set: every keyword arrives under its name in the protocol" {
	ask "$DONE" link set dev e0 vlan 10.20 instance n0 side both mode generic prefix 10.0.0.0/8 \
		prefix 100.64.0.0/10 zone 3 next-hop-inside 10.0.0.1 next-hop-outside 02:00:00:00:00:01 confirm 60
	assert_equal "$status" 0
	assert_equal "$sent" '{"args":{"confirm":60,"device":"e0","mode":"generic","next_hop":{"inside":"10.0.0.1","outside":"02:00:00:00:00:01"},"prefixes":["10.0.0.0/8","100.64.0.0/10"],"side":"both","vlan":[10,20],"zone":3},"command":"set","object":"link"}'
	ask "$DONE" link set dev e0 next-hop none
	assert_equal "$sent" '{"args":{"device":"e0","next_hop":""},"command":"set","object":"link"}'
}

@test "link show: a mode that differs, what is unsaved and what failed cannot be overlooked" {
	local e0 e1 e2
	e0='{"item":{"device":"e0","vlan":[],"side":"inside","mode":"native","attached":"native","state":"up",
		"error":null,"zone":0,"prefixes":["10.0.0.0/24"],"next_hop":null,"number":0,"ifindex":2,"mtu":1500,
		"mac":"02:00:00:00:00:01","address":"10.0.0.1","unsaved":false,"confirm_s":null}}'
	e1='{"item":{"device":"e1","vlan":[100],"side":"both","mode":"native","attached":"generic","state":"up",
		"error":null,"zone":1,"prefixes":["10.0.0.0/24"],"number":1,"ifindex":3,"mtu":1500,
		"next_hop":{"inside":"10.0.0.1","outside":null},
		"mac":"02:00:00:00:00:02","address":null,"unsaved":true,"confirm_s":42}}'
	e2='{"item":{"device":"e2","vlan":[],"side":"outside","mode":"native","attached":null,"state":"missing",
		"error":"no such device","zone":0,"prefixes":[],"next_hop":"192.0.2.1","number":2,"ifindex":null,
		"mtu":null,"mac":null,"address":null,"unsaved":false,"confirm_s":null}}'
	ask "$(jq -c . <<<"$e0$e1$e2")"$'\n'"$DONE" link
	assert_equal "$(sed 's/  */ /g' <<<"$output")" "$(cat <<-'END'
		DEVICE VLAN SIDE MODE STATE ZONE MTU ADDRESS PREFIXES NEXT-HOP NOTE
		e0 - inside native up 0 1500 10.0.0.1 10.0.0.0/24 by-route -
		e1 100 both native,runs-generic up 1 1500 - 10.0.0.0/24 inside:10.0.0.1,outside:by-route unsaved,undone-in-42s
		e2 - outside native,not-attached missing 0 - - - 192.0.2.1 no such device
	END
	)"
}

@test "pool, address and subscriber show their tables" {
	ask '{"item":{"name":"p0","addresses":["203.0.113.10-203.0.113.13","198.51.100.0/28"],"ports":"1024-65535","reserved":[5060,"8000-8080"],"zones":[],"filtering":"address-dependent","n_addresses":20,"mode":"blocks","block_size":512,"blocks":4,"limits":{},"unsaved":true,"use":{"addresses":20,"fullest":{"address":"203.0.113.11","proto":"udp","free":12}}}}
'"$DONE" pool
	assert_line --index 0 'POOL  COUNT  PORTS       MODE          RESERVED        ZONES  FILTERING          UNSAVED  FULLEST                   ADDRESSES'
	assert_line --index 1 'p0       20  1024-65535  blocks 4x512  5060,8000-8080  -      address-dependent  yes      203.0.113.11 udp 12 free  203.0.113.10-203.0.113.13,198.51.100.0/28'
	ask '{"item":{"address":"203.0.113.10","slot":0,"pool":"p0","state":"active","ports":64512,"free":{"udp":64511,"tcp":0,"icmp":64512}}}
'"$DONE" address pool p0
	assert_line --index 0 'ADDRESS       POOL  STATE   PORTS  FREE-UDP  FREE-TCP  FREE-ICMP  MOVE'
	assert_line --index 1 '203.0.113.10  p0    active  64512     64511         0      64512  -'
	assert_equal "$sent" '{"args":{"pool":"p0"},"command":"show","object":"address"}'
	ask '{"item":{"address":"10.0.0.2","zone":0,"external":"203.0.113.10","mappings":17,"blocks":["1024-1535","2048-2559"],"idle_s":90061}}
'"$DONE" subscriber
	assert_line --index 1 '10.0.0.2       0  203.0.113.10        17  1d01h  1024-1535,2048-2559'
}

STATS='{"item":{"counters":{"out_udp":5,"created_udp":1},"drops":{"no_mapping":7},"mappings":{"udp":1000,"tcp":200,"icmp":34,"hold":17,"age_s":9.26},"subscribers":12,"sweep":{"items":1,"expired":123,"freed":100,"rounds":3,"last_round_ms":9800,"cpu_percent":0.31},"slow_path":{"held":3,"overflows":2,"lost":1,"unsent":0},"memory":{"total_bytes":12897485,"per_address_bytes":8388608},"next_hops":5,"events_lost":0,"clients":1}}'

@test "stats show: the state, then counters and drops that are not zero" {
	ask "$STATS"$'\n'"$DONE" stats
	assert_output - <<-'END'
		mappings            1234 (udp 1000, tcp 200, icmp 34), ports in hold-down 17, counted 9.3 s ago
		subscribers         12
		next hops           5
		sweep               0.31% of one core, last round 9800ms; rounds 3, expired 123, freed 100
		slow path           3 packets held; without room 2, lost 1, unsent 0
		memory of the maps  12.3MiB
		  of one address    8.0MiB
		control clients     1
		events lost         0

		COUNTER      VALUE
		out_udp          5
		created_udp      1

		DROPPED     PACKETS
		no_mapping        7
	END
	ask "${STATS/9.26/null}"$'\n'"$DONE" stats
	assert_line --index 0 'mappings            not counted yet'
	ask "$STATS"$'\n'"$DONE" stats all
	assert_line --regexp '^hairpin +0$'
	assert_equal "$sent" '{"command":"show","object":"stats"}'
}

@test "monitor: one line an event, one object a line with -j" {
	local events='{"item":{"event":"created","time":1700000000.25,"proto":"udp","inside":"10.0.0.2:1","zone":0,"external":"203.0.113.10:5","link":"e0"}}
{"item":{"event":"exhausted","time":1700000001,"proto":"tcp","inside":"10.0.0.2:2","zone":1,"reason":"no_port"}}
{"item":{"event":"unresolved","time":1700000001,"address":"192.0.2.1","device":"e1"}}
{"item":{"event":"link","time":1700000001,"device":"e1","change":"down"}}
{"item":{"event":"instance","time":1700000001,"change":"reloaded"}}
{"item":{"event":"lost","time":1700000001,"count":9}}
'
	ask "$events$DONE" monitor event created event lost
	assert_equal "$status" 2
	ask "$events$DONE" monitor event created event link
	assert_equal "$sent" '{"args":{"events":["created","link"]},"command":"show","object":"monitor"}'
	assert_output - <<-'END'
		2023-11-14T22:13:20.250+0000 created udp 10.0.0.2:1 to 203.0.113.10:5 zone 0 link e0
		2023-11-14T22:13:21.000+0000 exhausted tcp 10.0.0.2:2 zone 1 reason no_port
		2023-11-14T22:13:21.000+0000 unresolved 192.0.2.1 dev e1
		2023-11-14T22:13:21.000+0000 link dev e1 down
		2023-11-14T22:13:21.000+0000 instance reloaded
		2023-11-14T22:13:21.000+0000 lost 9
	END
	ask "$events$DONE" -j monitor
	assert_equal "$(wc -l <<<"$output")" 6
	assert_equal "$(jq -r .event <<<"$output" | xargs)" 'created exhausted unresolved link instance lost'
}

CONFIG='{"item":{"file":"/etc/daisy/n0.yaml","unsaved":%s,"text":"instance: n0\\nlinks: []\\n"}}'

@test "config show prints the file, config check ends with 3 while something is unsaved" {
	# shellcheck disable=SC2059
	ask "$(printf "$CONFIG" true)"$'\n'"$DONE" config
	assert_output $'instance: n0\nlinks: []'
	# shellcheck disable=SC2059
	ask "$(printf "$CONFIG" true)"$'\n'"$DONE" config check
	assert_equal "$status" 3
	assert_equal "$stderr" ''
	assert_output $'file     /etc/daisy/n0.yaml\nunsaved  yes'
	# shellcheck disable=SC2059
	ask "$(printf "$CONFIG" false)"$'\n'"$DONE" -j config check
	assert_equal "$status" 0
	assert_output '{"file":"/etc/daisy/n0.yaml","unsaved":false}'
}

@test "a refusal is shown in the daemon's words, with its exit code" {
	ask '{"error":"device \"e9\" is not on this host, expected one of: e0, e1","code":1}' link set dev e9
	assert_equal "$status" 1
	assert_equal "$stderr" 'daisy: link set: device "e9" is not on this host, expected one of: e0, e1'
	ask '{"error":"argument \"x\" is unknown","code":2}' -j link set dev e9
	assert_equal "$status" 2
	assert_equal "$(jq -c . <<<"$output")" \
		'{"error":{"where":"link set","message":"argument \"x\" is unknown","code":2}}'
}

@test "a warning is passed on, and the command is done" {
	ask '{"warning":"the device has no carrier"}'$'\n'"$DONE" link set dev e0 side inside prefix 10.0.0.0/8
	assert_equal "$status" 0
	assert_equal "$stderr" 'daisy: link set: warning: the device has no carrier'
}

@test "a list that ends too early is exit code 1, and no whole array" {
	ask "$UDP"$'\nCLOSE' -j mapping
	assert_equal "$status" 1
	assert_equal "$stderr" 'daisy: mapping show: the daemon closed the connection before its answer was complete'
	run ! jq . <<<"$output"
}

@test "an answer that is not JSON, or says nothing, is exit code 1" {
	ask 'hello' mapping
	assert_equal "$status" 1
	assert_regex "$stderr" '^daisy: mapping show: the daemon sent what is not JSON: '
	ask '[]' mapping
	assert_equal "$status" 1
	assert_equal "$stderr" 'daisy: mapping show: the daemon sent an answer without meaning'
	ask '{"item":7}'$'\n'"$DONE" mapping
	assert_equal "$status" 0
	assert_line --index 1 --regexp '^- +- '
}

@test "a reader that goes away ends a long list quietly" {
	local list
	list=$(for i in {1..5000}; do echo "$UDP"; done)
	rm -f "$RUN/n0.sock"
	printf '%s\n%s\n' "$list" "$DONE" | "$TESTS/lib/canned.py" "$RUN/n0.sock" >/dev/null 3>&- &
	wait_until 10 test -S "$RUN/n0.sock"
	run -0 --separate-stderr bash -o pipefail -c '"$0" --run-dir "$1" mapping | head -2' "$BUILD/bin/daisy" "$RUN"
	assert_equal "$stderr" ''
	assert_equal "${#lines[@]}" 2
	wait $!
}
