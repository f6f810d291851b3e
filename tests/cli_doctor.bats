# SPDX-License-Identifier: GPL-2.0-or-later
#
# daisy doctor, without a daemon:
#
#	box --e0-- far		(veth)
#
# Each test spoils one thing and looks at the finding about it alone.

load lib/load

setup() {
	topo_begin "$BATS_TEST_TMPDIR"
	node box far
	wire box:e0 far:e0
	address box e0 192.0.2.1/24
}

teardown() {
	topo_end
}

doctor() {
	on box "$BUILD/bin/daisy" --run-dir "$TOPO_DIR/run" "$@"
}

# finding CHECK [DEVICE]: "level text" of one finding.
finding() {
	doctor -j doctor dev "${2:-e0}" 2>/dev/null |
		jq -r --arg check "$1" --arg dev "${2:-e0}" \
			'.[] | select(.subject == $dev and .check == $check) | "\(.level) \(.text)"'
}

todo() {
	doctor -j doctor dev e0 2>/dev/null |
		jq -r --arg check "$1" '.[] | select(.subject == "e0" and .check == $check) | .todo'
}

@test "a sound host and device: nothing fails, exit code 0, every warning says what to do" {
	run -0 --separate-stderr doctor -j doctor dev e0
	assert_equal "$stderr" ''
	assert_equal "$(jq '[.[] | select(.level == "fail")] | length' <<<"$output")" 0
	assert_equal "$(jq '[.[] | select(.level != "ok" and .todo == "")] | length' <<<"$output")" 0
	assert_equal "$(jq -r '[.[] | select(.level == "ok" and .todo != "")] | length' <<<"$output")" 0
	assert_equal "$(jq -r '[.[] | select(.subject == "host") | .check] | join(" ")' <<<"$output")" \
		'privileges kernel btf bpffs jit cpus daemon'
	assert_equal "$(jq -r '[.[] | select(.subject == "e0") | .check] | join(" ")' <<<"$output")" \
		'kind state address queues native napi program mtu forwarding rp_filter rxvlan lro gro tx'
	assert_equal "$(finding kind)" 'ok Ethernet, driver veth'
	assert_equal "$(finding state)" 'ok up'
	assert_equal "$(finding mtu)" 'ok 1500'
	assert_equal "$(finding native)" 'ok driver veth has native XDP'
	assert_equal "$(finding program)" 'ok none attached'
}

@test "the table says the same as the JSON, with what to do below each warning" {
	ipn box link set e0 down
	run -0 doctor doctor dev e0
	assert_line --regexp '^warn +e0 +state +down$'
	assert_line --regexp '^ +do: ip link set dev e0 up$'
}

@test "a device that is not there fails, exit code 1" {
	run -1 --separate-stderr doctor doctor dev nope
	assert_equal "$stderr" 'daisy: doctor show: 1 failed, 1 warned'
	assert_equal "$(finding kind nope)" 'fail there is no such device'
}

@test "a device that is not Ethernet fails" {
	assert_equal "$(finding kind lo)" 'fail not an Ethernet device'
}

@test "an MTU beyond native veth fails, and the limit is the kernel's own" {
	ipn box link set e0 mtu 3507
	assert_regex "$(finding mtu)" '^fail 3507: veth refuses native XDP where the other end.s MTU is above 3506'
	ipn box link set e0 mtu 3506
	assert_equal "$(finding mtu)" 'ok 3506'
	# veth asks for the other end's MTU.
	ipn far link set e0 mtu 3506
	ipn box link set dev e0 xdpdrv obj "$BUILD/tests/lib/pass.bpf.o" sec xdp
	ipn box link set dev e0 xdpdrv off
	ipn far link set e0 mtu 3507
	run ! ipn box link set dev e0 xdpdrv obj "$BUILD/tests/lib/pass.bpf.o" sec xdp
}

@test "another's XDP program is named with its mode, and fails" {
	ipn box link set dev e0 xdpdrv obj "$BUILD/tests/lib/pass.bpf.o" sec xdp
	assert_regex "$(finding program)" '^fail a foreign XDP program, [a-z_]+ \(id [0-9]+, native\), is attached$'
	assert_equal "$(todo program)" 'if it may go: ip link set dev e0 xdp off'
	ipn box link set dev e0 xdpdrv off
	ipn box link set dev e0 xdpgeneric obj "$BUILD/tests/lib/pass.bpf.o" sec xdp
	assert_regex "$(finding program)" '^fail a foreign XDP program, [a-z_]+ \(id [0-9]+, generic\), is attached$'
	assert_equal "$(todo program)" 'if it may go: ip link set dev e0 xdpgeneric off'
}

@test "a port of a bridge is warned of" {
	ipn box link add br0 type bridge
	ipn box link set e0 master br0
	assert_equal "$(finding kind)" 'warn a port of br0, which no longer sees the frames Daisy takes'
	assert_equal "$(todo kind)" 'ip link set dev e0 nomaster'
}

@test "no address, strict rp_filter, offloads of the sender: each is warned of (R3)" {
	ipn box address flush dev e0
	assert_regex "$(finding address)" '^warn no IPv4 address'
	on box sysctl -qw net.ipv4.conf.e0.rp_filter=1
	assert_regex "$(finding rp_filter)" '^warn strict'
	assert_regex "$(finding tx)" '^ok '
	on box ethtool -K e0 tx on >/dev/null
	assert_regex "$(finding tx)" '^warn veth: checksums and segments are left to the receiver'
}

@test "a veth whose other end has more transmit than it has receive queues has no native XDP" {
	ip -n "$TOPO_TAG-box" link add q0 numrxqueues 1 type veth peer name q1 numtxqueues 4 netns "$TOPO_TAG-far"
	assert_equal "$(finding native q0)" 'ok driver veth has native XDP'
	on far ethtool -L q1 tx 4
	assert_regex "$(finding native q0)" '^fail veth whose other end has more transmit than it has receive queues'
}

@test "whether the other end of a veth runs NAPI is seen, not guessed" {
	assert_equal "$(finding napi)" 'warn veth: the other end does not run NAPI: frames that XDP sends are lost'
	faces_xdp far:e0
	assert_equal "$(finding napi)" 'ok veth: the other end takes frames that XDP sends'
}

@test "the doctor changes nothing" {
	local before after
	before=$(on box sh -c 'ip -d link; ip address; sysctl -a 2>/dev/null | grep ipv4.conf; nft list ruleset')
	doctor doctor dev e0
	after=$(on box sh -c 'ip -d link; ip address; sysctl -a 2>/dev/null | grep ipv4.conf; nft list ruleset')
	assert_equal "$after" "$before"
}

@test "without privileges that is what fails" {
	chmod 755 "$BATS_TEST_TMPDIR"
	install -m 755 "$BUILD/bin/daisy" "$BATS_TEST_TMPDIR/daisy"
	run -1 on box setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all \
		"$BATS_TEST_TMPDIR/daisy" -j doctor dev e0
	assert_regex "$output" '"check":"privileges","text":"missing: cap_bpf, cap_net_admin, cap_perfmon"'
}
