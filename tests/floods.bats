# SPDX-License-Identifier: GPL-2.0-or-later
#
# Strangers with forged sources send what the daemon has to hold, as fast as
# they can. Two-armed topology as in two_armed.bats.

load lib/load

SECONDS_OF_FLOOD=4

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	daisy_two_armed
	# No RST from the web's kernel, which knows nothing of these connections.
	on web nft 'add table ip t; add chain ip t in { type filter hook input priority 0; }; add rule ip t in meta l4proto tcp drop'
}

teardown_file() {
	topo_end
}

setup() {
	counters_mark
}

# flood PACKET: from outside, in the background.
flood() {
	flood_from=${EPOCHREALTIME/[.,]/}
	start isp flood /usr/bin/python3 "$TESTS/lib/flood.py" --from isp:o0 --via box:e1 --seconds $SECONDS_OF_FLOOD --send "$1"
}

flood_over() {
	process_gone "$(<"$TOPO_DIR/flood.pid")"
}

# since_mark COUNTER
since_mark() {
	counters_since | awk -F= -v name="$1" '$1 == name { print $2 }'
}

at_least() {
	[ "$(since_mark "$1")" -ge "$2" ]
}

# Microseconds of CPU that the daemon has used, exact (stat's are a sample).
daemon_cpu() {
	awk '{ printf "%d\n", $1 / 1000 }' "/proc/$(daemon_pid)/schedstat"
}

# Now that some of the flood has been refused: cpu_before and rounds_before.
watch_daemon() {
	wait_until 5 at_least drop_hold_full 5000
	cpu_before=$(daemon_cpu)
	rounds_before=$(figure sweep.rounds)
	watched_from=${EPOCHREALTIME/[.,]/}
}

# held_at_most COUNTER N: held so far, N in each tick (1.07 s).
held_at_most() {
	local held ticks
	held=$(since_mark "$1")
	ticks=$(((${EPOCHREALTIME/[.,]/} - flood_from) / 1073741 + 2))
	echo "$1: $held in at most $ticks ticks"
	[ "$held" -le $((ticks * $2)) ]
}

# A fifth of a core at most, and the sweep as often as ever: a round takes half a second.
daemon_was_at_ease() {
	local us=$((${EPOCHREALTIME/[.,]/} - watched_from)) cpu rounds
	cpu=$((($(daemon_cpu) - cpu_before) * 100 / us))
	rounds=$(($(figure sweep.rounds) - rounds_before))
	echo "daemon: $cpu % of a core, $rounds rounds of the sweep in $((us / 1000)) ms, flood of $(<"$TOPO_DIR/flood.log")"
	[ "$cpu" -le 20 ]
	[ "$rounds" -ge $((us / 1000000)) ]
}

@test "forged SYNs to closed ports are held so many in a second, and no more than the daemon has room for; fragments as ever (T4, U14a)" {
	flood "IP(dst='203.0.113.10')/TCP(sport=5001,dport=9999,flags='S')"
	watch_daemon
	held_at_most held_syns 1024
	run -0 "$TESTS/lib/train.py" --from in1:e0 --via box:e0 --to web:e0 --count 3 \
		--send "pieces(IP(src='10.0.0.11',dst='198.51.100.10',id=71)/UDP(sport=7001,dport=9)/Raw(b'u'*3992),1480)[::-1]"
	wait_until 20 flood_over
	daemon_was_at_ease
	assert_equal "$(since_mark held_fragments)" 2
	held_at_most held_syns 1024
	# Its wait is longer than the flood: what found no room was refused before it came to the daemon.
	[ "$(figure slow_path.overflows)" -le 128 ]
	daisy instance clock-advance seconds 8
	wait_until 5 held 0
}

@test "forged fragments before their first one cost the daemon little; an unsolicited SYN is held as ever (U14a, T4)" {
	flood "IP(dst='203.0.113.10',proto=17,frag=185)/Raw(b'f'*100)"
	watch_daemon
	run -1 "$TESTS/lib/train.py" --from isp:o0 --via box:e1 --to in1:e0 --seconds 0.1 --count 1 \
		--send "[IP(src='198.51.100.10',dst='203.0.113.10')/TCP(sport=5001,dport=9999,flags='S')]"
	wait_until 3 at_least held_syns 1
	wait_until 20 flood_over
	daemon_was_at_ease
	# 1024 find room for two seconds.
	held_at_most held_fragments 1024
	daisy instance clock-advance seconds 8
	wait_until 5 held 0
	wait_until 3 at_least icmp_unreachable 1
}

@test "the daemon had nothing to complain about" {
	assert_log_clean
}
