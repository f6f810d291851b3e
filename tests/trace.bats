# SPDX-License-Identifier: GPL-2.0-or-later
#
# daisy mapping trace against a running daemon, whose next hops are the kernel's
# routes and neighbours. Two-armed topology as in two_armed.bats (drawn in
# lib/nets.bash). Which end each packet has is in run/cases_trace.c.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_two_armed
	daemon_config <<-END
		links:
		  - { device: e0, side: inside, prefixes: [10.0.0.0/24] }
		  - { device: e1, side: outside }
		pools:
		  - { name: p0, addresses: [203.0.113.10] }
	END
	daemon_start box n0
	http_server web 198.51.100.10
	warm_up in1 198.51.100.10
}

teardown_file() {
	topo_end
}

trace() {
	daisy -j mapping trace "$@"
}

# The last line, without its text: end_of ARGUMENT...
end_of() {
	trace "$@" | jq -cS '.[-1] | del(.text, .stage)'
}

@test "a packet that would open a mapping is told with address, next hop and device, and opens none" {
	local before
	before=$(daisy -j mapping count | jq .count)
	run -0 trace dev e0 proto udp from 10.0.0.2:4000 to 198.51.100.10:53
	assert_equal "$(jq -r '[.[].stage] | join(" ")' <<<"$output")" \
		'link addresses direction mapping subscriber next hop size rewrite end'
	assert_equal "$(jq -cS '.[-1] | del(.text, .stage)' <<<"$output")" \
		'{"counter":"out_udp","creates":true,"destination":"198.51.100.10:53","device":"e1","reason":null,"source":"203.0.113.10","verdict":"forward"}'
	assert_equal "$(daisy -j mapping count | jq .count)" "$before"
}

@test "a packet of a mapping is told with its port, both ways" {
	local external inside
	on in1 curl -sS -m 10 -o /dev/null http://198.51.100.10/whoami
	inside=$(daisy -j mapping show proto tcp limit 1 | jq -r '.[0].inside')
	external=$(daisy -j mapping show proto tcp inside "$inside" | jq -r '.[0].external')
	assert_equal "$(end_of dev e0 proto tcp from "$inside" to 198.51.100.10:80 flags ack)" \
		'{"counter":"out_tcp","creates":false,"destination":"198.51.100.10:80","device":"e1","reason":null,"source":"'"$external"'","verdict":"forward"}'
	assert_equal "$(end_of dev e1 proto tcp from 198.51.100.10:80 to "$external" flags ack)" \
		'{"counter":"in_tcp","creates":false,"destination":"'"$inside"'","device":"e0","reason":null,"source":"198.51.100.10:80","verdict":"forward"}'
}

@test "what is refused is told with its reason, what is answered with its counter" {
	local none='"creates":false,"destination":null,"device":null'
	assert_equal "$(end_of dev e0 proto tcp from 10.0.0.2:4000 to 198.51.100.10:80 flags ack)" \
		'{"counter":null,'"$none"',"reason":"tcp_no_syn","source":null,"verdict":"drop"}'
	assert_equal "$(end_of dev e0 proto udp from 10.9.0.2:4000 to 198.51.100.10:53)" \
		'{"counter":null,'"$none"',"reason":"not_inside","source":null,"verdict":"drop"}'
	assert_equal "$(end_of dev e1 proto udp from 198.51.100.10:53 to 203.0.113.10:9)" \
		'{"counter":null,'"$none"',"reason":"no_mapping","source":null,"verdict":"drop"}'
	assert_equal "$(end_of dev e0 proto udp from 10.0.0.2:4000 to 198.51.100.10:53 size 1600 df)" \
		'{"counter":"icmp_frag_needed",'"$none"',"reason":null,"source":null,"verdict":"answer"}'
	assert_equal "$(end_of dev e0 proto udp from 10.0.0.2:4000 to 198.51.100.10:53 size 1600)" \
		'{"counter":"held_too_big",'"$none"',"reason":null,"source":null,"verdict":"hold"}'
	assert_equal "$(end_of dev e0 proto udp from 10.0.0.2:4000 to 198.51.100.10:53 size 3600)" \
		'{"counter":null,'"$none"',"reason":"too_big","source":null,"verdict":"drop"}'
	assert_equal "$(end_of dev e0 proto icmp from 10.0.0.2 to 198.51.100.10 ttl 1)" \
		'{"counter":"icmp_time_exceeded",'"$none"',"reason":null,"source":null,"verdict":"answer"}'
	assert_equal "$(end_of dev e1 proto icmp from 198.51.100.10 to 203.0.113.10)" \
		'{"counter":"icmp_echo_replies",'"$none"',"reason":null,"source":null,"verdict":"answer"}'
}

# later_of ARGUMENT...: what is decided at the end of the wait
later_of() {
	trace "$@" | jq -cS '.[-2] | del(.text)'
}

@test "what would be held is told with what it waits for, and what is decided then (U14, T4)" {
	local syn='dev e1 proto tcp from 198.51.100.10:443 to 203.0.113.10:9'
	local late='dev e1 proto udp from 198.51.100.10 to 203.0.113.10 offset 1480 id 7 size 520'
	run -0 daisy mapping trace $syn
	assert_line --regexp '^hold +waits six seconds for the inside to open the same connection$'
	assert_line --regexp '^later +answer, no_mapping: '
	assert_line --regexp '^end +hold, held_syns: '
	assert_equal "$(later_of $syn)" \
		'{"counter":null,"device":null,"reason":"no_mapping","stage":"later","verdict":"answer"}'
	assert_equal "$(end_of $late | jq -r .counter)" held_fragments
	assert_equal "$(later_of $late)" \
		'{"counter":null,"device":null,"reason":"fragment_orphan","stage":"later","verdict":"drop"}'
	assert_equal "$(later_of dev e0 proto udp from 10.0.0.2:4000 to 198.51.100.10:53 size 1600)" \
		'{"counter":"out_udp","device":"e1","reason":null,"stage":"later","verdict":"forward"}'
}

@test "options and fragments that cannot be are told with their reason (U14a)" {
	local packet='dev e0 proto tcp from 10.0.0.2:4000 to 198.51.100.10:80'
	assert_equal "$(end_of $packet source-route | jq -r .reason)" source_route
	assert_equal "$(end_of $packet more size 36 | jq -r .reason)" fragment_tiny
	assert_equal "$(end_of $packet more size 61 | jq -r .reason)" bad_header
	assert_equal "$(end_of $packet offset 8 size 60 | jq -r .reason)" fragment_tiny
	assert_equal "$(end_of $packet options 12 | jq -r .verdict)" forward
}

@test "no route is told as no route" {
	on box ip route add unreachable 198.18.99.0/24
	assert_equal "$(end_of dev e0 proto udp from 10.0.0.2:4000 to 198.18.99.1:53 | jq -r .reason)" no_route
	on box ip route del unreachable 198.18.99.0/24
}

@test "text has a line for each stage, and the end with its sentence" {
	run -0 daisy mapping trace dev e1 proto udp from 198.51.100.10:53 to 203.0.113.10:9
	assert_line --regexp '^STAGE +WHAT$'
	assert_line --regexp '^addresses +from 198\.51\.100\.10, to 203\.0\.113\.10: external$'
	assert_line --regexp '^mapping +none at port 9 of slot [0-9]+$'
	assert_equal "${lines[-1]}" 'end        drop, no_mapping: inbound packet to a port without a mapping'
}

@test "a SYN is told with the segment size that it will announce, what others may cut with another identification" {
	echo 'options: { mss-clamp: 1300, rewrite-id: all }' >>"$TOPO_DIR/n0.yaml"
	daisy instance reload
	run -0 daisy mapping trace dev e0 proto tcp from 10.0.0.2:4000 to 198.51.100.10:80
	assert_line --regexp '^mss +announces a segment size of at most 1300, as the configuration says$'
	assert_line --regexp "^id +an identification of the box's own: others may cut it$"
	run -0 daisy mapping trace dev e0 proto tcp from 10.0.0.2:4000 to 198.51.100.10:80 flags ack df
	refute_line --regexp '^(mss|id) '
}

# assert_refused CODE MESSAGE ARGUMENT...
assert_refused() {
	run "-$1" --separate-stderr daisy mapping trace "${@:3}"
	assert_output ''
	assert_equal "$stderr" "daisy: mapping trace: $2"
}

@test "a packet that cannot be is quoted and refused" {
	assert_refused 2 'from: "10.0.0.2" has no port, expected ADDRESS:PORT' \
		dev e0 proto udp from 10.0.0.2 to 198.51.100.10:53
	assert_refused 2 'flags: "ack" is for tcp, expected no flags' \
		dev e0 proto udp from 10.0.0.2:1 to 198.51.100.10:53 flags ack
	assert_refused 2 'icmp_type: "8" is for icmp, expected no type' \
		dev e0 proto udp from 10.0.0.2:1 to 198.51.100.10:53 icmp-type 8
	assert_refused 2 'icmp_type: ICMP type "3" is an error, which goes the way of the packet that it quotes, expected a query or a reply' \
		dev e0 proto icmp from 10.0.0.2 to 198.51.100.10 icmp-type 3
	assert_refused 2 'to: "198.51.100.10:8" has another query id than from, expected one' \
		dev e0 proto icmp from 10.0.0.2:7 to 198.51.100.10:8
	assert_refused 2 'offset: "12" is no multiple of 8' \
		dev e0 proto udp from 10.0.0.2 to 198.51.100.10 offset 12
	assert_refused 1 'no link on "e7" with these tags, expected one that link show lists' \
		dev e7 proto udp from 10.0.0.2:1 to 198.51.100.10:53
	assert_refused 2 'size "19" is not 20-65535' dev e0 proto udp from 10.0.0.2:1 to 198.51.100.10:53 size 19
}
