# SPDX-License-Identifier: GPL-2.0-or-later
#
# Attaching and detaching: modes, the guard, and changes that undo themselves.
# Two-armed topology as in two_armed.bats (drawn there and in lib/nets.bash).

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	daisy_two_armed
	node spare
	wire box:e9 spare:e0
}

teardown_file() {
	topo_end
}

link_fact() {
	daisy -j link show dev "$1" | jq -r "(if type == \"array\" then .[0] else . end).$2"
}

# native, generic or null: what the kernel says about a device.
kernel_mode() {
	case $(ipn box -j link show dev "$1" | jq '.[0].xdp.mode') in
	1) echo native ;;
	2) echo generic ;;
	null) echo null ;;
	esac
}

@test "native is the default, and is what the kernel runs" {
	assert_equal "$(link_fact e0 mode) $(link_fact e0 attached)" 'native native'
	assert_equal "$(kernel_mode e0)" native
}

@test "generic is used when it is asked for, and shown; traffic flows through it" {
	run -0 daisy link set dev e0 mode generic
	assert_equal "$(link_fact e0 mode) $(link_fact e0 attached)" 'generic generic'
	assert_equal "$(kernel_mode e0)" generic
	warm_up in1 198.51.100.10
	run -0 on in1 curl -sS -m 10 http://198.51.100.10/whoami
	assert_output --regexp '^203\.0\.113\.1[0-3]:'
	run -0 daisy link show dev e0
	assert_output --partial generic
	run -0 daisy link set dev e0 mode native
	assert_equal "$(kernel_mode e0)" native
}

@test "a device that refuses native mode is refused, never downgraded, and nothing is left behind (B8)" {
	# veth: native XDP without frags takes frames of one page only.
	ipn spare link set e0 mtu 9000
	ipn box link set e9 mtu 9000
	run -1 daisy link set dev e9 side inside prefix 10.9.0.0/24
	assert_output --partial e9
	assert_equal "$(kernel_mode e9)" null
	run -0 daisy link show
	refute_output --partial e9
	ipn spare link set e0 mtu 1500
	ipn box link set e9 mtu 1500
}

@test "another's XDP program is not replaced" {
	ipn box link set dev e9 xdpdrv obj "$BUILD/tests/lib/pass.bpf.o" sec xdp
	run -1 daisy link set dev e9 side inside prefix 10.9.0.0/24
	assert_output --partial e9
	assert_equal "$(ipn box -j link show dev e9 | jq -r '.[0].xdp.prog.name')" pass
	ipn box link set dev e9 xdpdrv off
}

@test "confirm: a new link detaches by itself unless it is confirmed" {
	run -0 daisy link set dev e9 side inside prefix 10.9.0.0/24 confirm 3
	assert_equal "$(kernel_mode e9)" native
	assert_regex "$(link_fact e9 confirm_s)" '^[0-3]$'
	wait_until 10 kernel_mode_is e9 null
	run -0 daisy link show
	refute_output --partial e9
}

@test "confirm: a change goes back to what was before" {
	run -0 daisy link set dev e0 mode generic confirm 3
	assert_equal "$(kernel_mode e0)" generic
	wait_until 10 kernel_mode_is e0 native
	assert_equal "$(link_fact e0 mode)" native
}

@test "confirm: a confirmed link stays" {
	run -0 daisy link set dev e9 side inside prefix 10.9.0.0/24 confirm 3
	run -0 daisy link confirm dev e9
	assert_equal "$(link_fact e9 confirm_s)" null
	# longer than the deadline was
	run ! wait_until 4 kernel_mode_is e9 null
	run -0 daisy link delete dev e9
	assert_equal "$(kernel_mode e9)" null
}

kernel_mode_is() {
	[ "$(kernel_mode "$1")" = "$2" ]
}

untranslated() {
	on box nft -j list counters table ip "daisy_$(instance)" |
		jq '.nftables[] | select(.counter.name == "untranslated").counter.packets'
}

@test "with every program gone, nothing leaves untranslated; the guard outlives the daemon (B11)" {
	local before
	daemon_kill
	ipn box link set dev e0 xdpdrv off
	ipn box link set dev e1 xdpdrv off
	before=$(untranslated)
	capture isp o0 guarded ip
	run ! on in1 ping -c2 -i 0.05 -W1 198.51.100.10
	run ! on in1 curl -sS -m 1 http://198.51.100.10/whoami
	capture_end guarded
	assert_equal "$(captured guarded ip.src ip.dst)" ''
	[ "$(untranslated)" -ge $((before + 3)) ]
}

@test "without the guard the kernel would have forwarded them: the test before means something" {
	on box nft delete table ip "daisy_$(instance)"
	capture isp o0 unguarded ip
	run ! on in1 ping -c1 -W1 198.51.100.10
	capture_end unguarded
	run -0 captured unguarded ip.src -- 'icmp'
	assert_line 10.0.0.11
}

@test "the next start attaches again and sets the guard again; the mappings are there" {
	daemon_start box n0 --test-clock
	assert_equal "$(kernel_mode e0) $(kernel_mode e1)" 'native native'
	run -0 untranslated
	assert_output 0
	warm_up in1 198.51.100.10
}

@test "a program taken away under a running daemon is shown as missing, nothing leaves, a reload puts it back" {
	ipn box link set dev e1 xdpdrv off
	assert_equal "$(link_fact e1 attached)" null
	assert_equal "$(link_fact e1 error)" 'the program was detached by somebody else'
	capture isp o0 half ip
	run ! on in1 ping -c1 -W1 198.51.100.10
	capture_end half
	# e0's program still translates, and e1 transmits what it is handed; answers stay out.
	assert_equal "$(captured half ip.src -- 'ip.addr == 10.0.0.0/8')" ''
	run -0 daisy instance reload
	assert_equal "$(kernel_mode e1)" native
	warm_up in1 198.51.100.10
}

@test "a deleted link leaves the guard: the kernel forwards there again" {
	run -0 daisy link set dev e9 side inside prefix 10.9.0.0/24
	run -0 on box nft list table ip "daisy_$(instance)"
	assert_output --partial '"e9"'
	run -0 daisy link delete dev e9
	run -0 on box nft list table ip "daisy_$(instance)"
	refute_output --partial '"e9"'
}

@test "doctor has no failure for links that are well, and names one that is not" {
	run -0 nsenter --net="/run/netns/$TOPO_TAG-box" "$BUILD/bin/daisy" --run-dir "$TOPO_DIR/run" doctor show dev e0
	ipn box link set e9 mtu 9000
	run nsenter --net="/run/netns/$TOPO_TAG-box" "$BUILD/bin/daisy" --run-dir "$TOPO_DIR/run" doctor show dev e9
	assert_line --regexp '^(warn|fail) +e9 +mtu +9000: '
	ipn box link set e9 mtu 1500
}
