# SPDX-License-Identifier: GPL-2.0-or-later
# The topologies that several files use. Every neighbour is found by ARP.

#  in1 10.0.0.11 --+                                                   +-- web 198.51.100.10
#                  +- lan -- e0 [box] e1 -- 203.0.113.0/24 -- o0 [isp] -+
#  in2 10.0.0.12 --+     10.0.0.1  203.0.113.2        203.0.113.1      +-- dns 198.51.100.53
#
# The isp also sends 192.0.2.64/28 to the box: a pool that is not on any link.
net_two_armed() {
	node in1 in2 lan box isp web dns
	wire in1:e0 lan:in1
	wire in2:e0 lan:in2
	wire box:e0 lan:box
	wire box:e1 isp:o0
	wire web:e0 isp:web
	wire dns:e0 isp:dns
	bridge lan br0 in1 in2 box
	bridge isp br0 web dns
	address in1 e0 10.0.0.11/24
	address in2 e0 10.0.0.12/24
	address box e0 10.0.0.1/24
	address box e1 203.0.113.2/24
	address isp o0 203.0.113.1/24
	address isp br0 198.51.100.1/24
	address web e0 198.51.100.10/24
	address dns e0 198.51.100.53/24
	router box isp
	route in1 default 10.0.0.1
	route in2 default 10.0.0.1
	route box default 203.0.113.1
	route isp 192.0.2.64/28 203.0.113.2
	route web default 198.51.100.1
	route dns default 198.51.100.1
	faces_xdp lan:box isp:o0
}

# An Open vSwitch of one's own in node `sw`, userspace datapath, and its bridge br0 without rules.
ovs() {
	ovs-appctl -t "$TOPO_DIR/ovs/vswitchd.ctl" "$@"
}

switch_start() {
	local dir=$TOPO_DIR/ovs
	mkdir -p "$dir"
	ovsdb-tool create "$dir/conf.db" /usr/share/openvswitch/vswitch.ovsschema
	OVS_RUNDIR=$dir OVS_LOGDIR=$dir start sw ovsdb ovsdb-server "$dir/conf.db" \
		--remote="punix:$dir/db.sock" --unixctl="$dir/ovsdb.ctl"
	wait_until 10 test -S "$dir/db.sock"
	vsctl --no-wait init
	OVS_RUNDIR=$dir OVS_LOGDIR=$dir start sw vswitchd ovs-vswitchd "unix:$dir/db.sock" \
		--unixctl="$dir/vswitchd.ctl" -vconsole:warn
	wait_until 10 test -S "$dir/vswitchd.ctl"
	vsctl add-br br0 -- set bridge br0 datapath_type=netdev fail_mode=secure \
		protocols=OpenFlow10,OpenFlow13,OpenFlow14
}

vsctl() {
	on sw ovs-vsctl --timeout=20 --db="unix:$TOPO_DIR/ovs/db.sock" "$@"
}

# switch_port NAME NUMBER
switch_port() {
	vsctl add-port br0 "$1" -- set interface "$1" ofport_request="$2"
}

# Rules on stdin, all at once.
switch_rules() {
	OVS_RUNDIR=$TOPO_DIR/ovs on sw ovs-ofctl -O OpenFlow14 --bundle replace-flows \
		"unix:$TOPO_DIR/ovs/br0.mgmt" -
}

# One-armed: everybody on one Open vSwitch, which steers by MAC address (as in
# the paper, outbound by inside prefix and inbound by external address: rewrite
# the destination MAC to the box's).
#
#  in1 10.0.0.11 --1+----+3-- e0 [box] 10.0.0.1, 203.0.113.2
#                   | sw |
#  in2 10.0.0.12 --2+----+4-- o0 [isp] 203.0.113.1 -- web 198.51.100.10
net_one_armed() {
	one_armed_nodes
	address box e0 10.0.0.1/24 203.0.113.2/24
	router box
	route box default 203.0.113.1
	switch_rules <<-END
		priority=300,arp,arp_op=1,actions=flood
		priority=250,in_port=3,dl_dst=$(mac_of in1 e0),actions=output:1
		priority=250,in_port=3,dl_dst=$(mac_of in2 e0),actions=output:2
		priority=250,in_port=3,dl_dst=$(mac_of isp o0),actions=output:4
		priority=200,arp,dl_dst=$(mac_of in1 e0),actions=output:1
		priority=200,arp,dl_dst=$(mac_of in2 e0),actions=output:2
		priority=200,arp,dl_dst=$(mac_of isp o0),actions=output:4
		priority=200,arp,dl_dst=$(mac_of box e0),actions=output:3
		priority=150,ip,in_port=1,nw_dst=10.0.0.12,actions=output:2
		priority=150,ip,in_port=2,nw_dst=10.0.0.11,actions=output:1
		priority=100,ip,nw_src=10.0.0.0/24,actions=set_field:$(mac_of box e0)->eth_dst,output:3
		priority=100,ip,in_port=4,nw_dst=203.0.113.0/24,actions=set_field:$(mac_of box e0)->eth_dst,output:3
	END
}

one_armed_nodes() {
	node in1 in2 sw box isp web
	wire in1:e0 sw:in1
	wire in2:e0 sw:in2
	wire box:e0 sw:box
	wire isp:o0 sw:isp
	wire web:e0 isp:web
	address in1 e0 10.0.0.11/24
	address in2 e0 10.0.0.12/24
	address isp o0 203.0.113.1/24
	address isp web 198.51.100.1/24
	address web e0 198.51.100.10/24
	router isp
	route in1 default 10.0.0.1
	route in2 default 10.0.0.1
	route web default 198.51.100.1
	faces_xdp sw:box
	switch_start
	switch_port in1 1
	switch_port in2 2
	switch_port box 3
	switch_port isp 4
}

# stand_in_nat NODE MATCH: the kernel's own NAT, to prove a topology without Daisy.
stand_in_nat() {
	on "$1" nft -f - <<-END
		table ip stand_in {
			chain postrouting {
				type nat hook postrouting priority srcnat
				$2 masquerade
			}
		}
	END
}

# net_two_armed with Daisy on the box, its servers, and every neighbour resolved.
daisy_two_armed() {
	net_two_armed
	daemon_config <<-END
		links:
		  - { device: e0, side: inside, prefixes: [10.0.0.0/24] }
		  - { device: e1, side: outside }
		pools:
		  - { name: p0, addresses: [203.0.113.10-203.0.113.13], mode: dynamic }
	END
	daemon_start box n0 --test-clock
	http_server web 198.51.100.10
	warm_up in1 198.51.100.10
	warm_up in2 198.51.100.10
}

# warm_up NODE ADDR: one answered ping. Neighbours are found by ARP meanwhile, and the packets that
# find them unresolved are dropped: not in a test that counts.
warm_up() {
	wait_until 15 on "$1" ping -c1 -W1 "$2"
}
