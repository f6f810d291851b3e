# SPDX-License-Identifier: GPL-2.0-or-later
#
# Router on a stick: inside and outside are VLANs 100 and 200 of one wire. The
# switch adds and takes the tags; the box has no VLAN devices, only stations it
# sends to (next hops by MAC address): the customers' router and the isp's.
#
#  in1 10.0.0.11 -- cpe --1+----+  tags 100, 200
#                          | sw |3------------- e0 [box]
#  web -- isp 203.0.113.1 2+----+
#
# External addresses: 203.0.113.10-11, answered by ARP in VLAN 200.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	node in1 cpe sw box isp web
	wire in1:e0 cpe:d0
	wire cpe:u0 sw:cpe
	wire isp:o0 sw:isp
	wire box:e0 sw:box
	wire web:e0 isp:web
	address in1 e0 10.0.0.11/24
	address cpe d0 10.0.0.1/24
	address cpe u0 172.16.1.2/24
	address isp o0 203.0.113.1/24
	address isp web 198.51.100.1/24
	address web e0 198.51.100.10/24
	router cpe isp
	route in1 default 10.0.0.1
	route cpe default 172.16.1.1
	route web default 198.51.100.1
	faces_xdp sw:box
	switch_start
	switch_port cpe 1
	switch_port isp 2
	switch_port box 3
	rules | switch_rules
	daemon_config <<-END
		links:
		  - { device: e0, vlan: 100, side: inside, prefixes: [10.0.0.0/24], next-hop: "$(mac_of cpe u0)" }
		  - { device: e0, vlan: 200, side: outside, next-hop: "$(mac_of isp o0)" }
		pools:
		  - { name: p0, addresses: [203.0.113.10-203.0.113.11] }
	END
	daemon_start box
	http_server web 198.51.100.10
	www_file file 1000000
	warm_up in1 198.51.100.10
}

# Ports 1 and 2 are access ports. The switch itself answers the customers' ARP for their gateway.
rules() {
	local actions answer=(
		'move:eth_src->eth_dst' "set_field:$(mac_of box e0)->eth_src" 'load:2->NXM_OF_ARP_OP[]'
		'move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[]' 'move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[]'
		"load:0x$(mac_of box e0 | tr -d :)->NXM_NX_ARP_SHA[]" 'load:0xac100101->NXM_OF_ARP_SPA[]' in_port
	)
	actions=$(IFS=, && echo "${answer[*]}")
	cat <<-END
		priority=300,in_port=1,arp,arp_op=1,arp_tpa=172.16.1.1,actions=$actions
		priority=100,in_port=1,actions=push_vlan:0x8100,set_field:4196->vlan_vid,output:3
		priority=100,in_port=2,actions=push_vlan:0x8100,set_field:4296->vlan_vid,output:3
		priority=100,in_port=3,dl_vlan=100,actions=pop_vlan,output:1
		priority=100,in_port=3,dl_vlan=200,actions=pop_vlan,output:2
	END
}

teardown_file() {
	topo_end
}

@test "curl downloads a file whole from VLAN 100 through VLAN 200" {
	counters_mark
	run -0 on in1 curl -sS -m 20 -o "$BATS_TEST_TMPDIR/file" http://198.51.100.10/file
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/file.sha256")"
	run -0 awk '$2 == "/file" { print $1 }' "$TOPO_DIR/access.web.log"
	assert_output --regexp '^203\.0\.113\.1[01]:[0-9]+$'
	run -0 counters_since
	refute_line --partial drop_
}

@test "frames change their tag on the way: 100 in, 200 out, and back; TTL and checksums are exact" {
	capture sw box stick 'vlan'
	run -0 on in1 ping -c1 -W2 -t 50 198.51.100.10
	capture_end stick
	run -0 captured stick vlan.id ip.ttl ip.dst -- icmp
	assert_line --index 0 '100 49 198.51.100.10'
	assert_line --index 1 '200 48 198.51.100.10'
	assert_line --index 2 --regexp '^200 63 203\.0\.113\.1[01]$'
	assert_line --index 3 '100 62 10.0.0.11'
	assert_equal ${#lines[@]} 4
	assert_checksums stick
}

@test "ARP for external addresses is answered in VLAN 200, with the tag, and not in VLAN 100" {
	run -0 on isp arping -c1 -w2 -I o0 203.0.113.10
	assert_output --regexp "$(mac_of box e0 | tr a-f A-F)|$(mac_of box e0)"
	run ! on cpe arping -c1 -w1 -I u0 203.0.113.10
}

@test "frames of a VLAN that is no link, and untagged ones, are left to the kernel" {
	local frame="/IP(src='10.0.0.11',dst='198.51.100.10')/UDP()/b'x'"
	counters_mark
	run -0 packet --from sw:box --to web:e0 --expect nothing \
		--send "Ether(dst='$(mac_of box e0)')/Dot1Q(vlan=300)$frame"
	run -0 packet --from sw:box --to web:e0 --expect nothing --send "Ether(dst='$(mac_of box e0)')$frame"
	assert_counters pass_other=2
}

@test "each VLAN is shown as a link of its own" {
	run -0 daisy -j link show
	run -0 jq -c 'if type == "array" then .[] else . end | [.device, .vlan, .side, .attached]' <<<"$output"
	assert_output $'["e0",[100],"inside","native"]\n["e0",[200],"outside","native"]'
}

@test "the daemon found nothing to complain about" {
	assert_log_clean
}
