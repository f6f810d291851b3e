# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hours of timers in seconds, with the shipped values, by moving the clock; each
# move ends with a sweep.
# Two-armed topology as in two_armed.bats (drawn there and in lib/nets.bash);
# the only external address has few ports, so that reuse can be watched.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_two_armed
	daemon_config <<-END
		links:
		  - { device: e0, side: inside, prefixes: [10.0.0.0/24] }
		  - { device: e1, side: outside }
		pools:
		  - { name: p0, addresses: [203.0.113.10], ports: 40000-40003, mode: dynamic }
	END
	daemon_start box n0 --test-clock
	http_server web 198.51.100.10
	warm_up in1 198.51.100.10
	warm_up in2 198.51.100.10
}

teardown_file() {
	topo_end
}

setup() {
	# Empty, with every port free: first mappings expire, then their ports' rest is over.
	advance 8000
	wait_until 5 count_is 0
	advance 8000
	wait_until 5 all_swept
	counters_mark
}

all_swept() {
	[ "$(daisy -j mapping count | jq .count)" = 0 ] &&
		[ "$(daisy -j address show | jq -c '(if type == "array" then .[0] else . end).free | [.udp, .tcp, .icmp]')" = '[4,4,4]' ]
}

advance() {
	daisy instance clock-advance seconds "$1"
}

udp() {
	packet --from in1:e0 --to web:e0 \
		--send "IP(src='10.0.0.11',dst='198.51.100.10',id=9)/UDP(sport=$1,dport=9)/b'x'" \
		--expect 'IP(src="203.0.113.10",dst="198.51.100.10",ttl=62,id=9)/UDP(sport=got.sport,dport=9)/b"x"'
}

udp_refused() {
	packet --from in1:e0 --to web:e0 --expect nothing \
		--send "IP(src='10.0.0.11',dst='198.51.100.10',id=9)/UDP(sport=$1,dport=9)/b'x'"
}

count() {
	daisy -j mapping count | jq .count
}

count_is() {
	[ "$(count)" = "$1" ]
}

free_udp_is() {
	[ "$(daisy -j address show | jq '(if type == "array" then .[0] else . end).free.udp')" = "$1" ]
}

@test "a UDP mapping lives for 300 s after its last outbound packet, and not longer (U5)" {
	udp 5001
	advance 290
	count_is 1
	udp 5001
	advance 290
	count_is 1
	# A hint may have spared the record the last 8.6 s of packets: it stays for as long.
	advance 23
	count_is 0
	run -0 counters_since
	assert_line created_udp=1
	assert_line expired=1
}

@test "the daemon's own sweeps end a mapping within ten seconds of its time (D-14, B4)" {
	udp 5003
	advance 307
	count_is 1
	wait_until 14 count_is 0
}

@test "inbound packets do not keep a UDP mapping alive (U6, cross-cutting note 2)" {
	run -0 udp 5002
	advance 290
	run -0 packet --from web:e0 --to in1:e0 \
		--send "IP(src='198.51.100.10',dst='203.0.113.10',id=3)/UDP(sport=9,dport=$(field UDP.sport))/b'y'" \
		--expect 'IP(src="198.51.100.10",dst="10.0.0.11",ttl=62,id=3)/UDP(sport=9,dport=5002)/b"y"'
	advance 23
	count_is 0
}

@test "a freed port rests for 120 s and is free again after (G8)" {
	local port
	for port in 5011 5012 5013 5014; do
		udp $port
	done
	free_udp_is 0
	run -0 daisy mapping delete proto udp
	count_is 0
	# Every port is in hold-down: a new mapping is refused and counted.
	udp_refused 5015
	advance 110
	free_udp_is 0
	udp_refused 5015
	assert_equal "$(counters_since | grep drop_no_port)" drop_no_port=2
	advance 15
	free_udp_is 4
	udp 5015
}

@test "a full address refuses new mappings, and the ones it has never suffer (G11)" {
	local port
	for port in 5021 5022 5023 5024; do
		udp $port
	done
	udp_refused 5025
	for port in 5021 5022 5023 5024; do
		udp $port
	done
	run -0 counters_since
	assert_line created_udp=4
	assert_line drop_no_port=1
	assert_line out_udp=8
}

@test "a port still goes to one mapping only when all are taken" {
	local port
	for port in 5031 5032 5033 5034; do
		udp $port
	done
	assert_equal "$(mappings proto udp | awk '{ print $4 }' | sort -u)" \
		$'203.0.113.10:40000\n203.0.113.10:40001\n203.0.113.10:40002\n203.0.113.10:40003'
}

@test "an ICMP query mapping lives for 60 s (I2)" {
	on in1 ping -c1 -W2 198.51.100.10
	advance 50
	count_is 1
	advance 15
	count_is 0
}

@test "an idle established TCP connection lives for two hours and four minutes (T5)" {
	local pid
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	# A connection that says nothing: iperf3's, curl's and others say something.
	on in1 bash -c 'exec 9<>/dev/tcp/198.51.100.10/80; read -r _ <"$1"; printf "GET /whoami HTTP/1.0\r\n\r\n" >&9; cat <&9' \
		- "$BATS_TEST_TMPDIR/fifo" >"$BATS_TEST_TMPDIR/answer" 3>&- &
	pid=$!
	wait_until 5 state_is established
	advance 7400
	count_is 1
	echo go >"$BATS_TEST_TMPDIR/fifo"
	wait $pid
	run -0 tail -n 1 "$BATS_TEST_TMPDIR/answer"
	assert_output --regexp '^203\.0\.113\.10:4000[0-3]$'
}

state_is() {
	[ "$(daisy -j mapping show proto tcp | jq -r '(if type == "array" then .[0] else . end).connections[0].state')" = "$1" ]
}

@test "a closed TCP connection lives for four minutes (X1)" {
	on in1 curl -sS -m 10 -o /dev/null http://198.51.100.10/whoami
	wait_until 5 state_is closing
	advance 230
	count_is 1
	advance 15
	count_is 0
}

@test "a TCP connection that was reset lives for four minutes (X2)" {
	run ! on in1 curl -sS -m 10 http://198.51.100.10:82/
	wait_until 5 state_is reset
	advance 230
	count_is 1
	advance 15
	count_is 0
}

@test "a subscriber without mappings is forgotten after an hour (G2)" {
	udp 5041
	daisy mapping delete proto udp
	run -0 daisy -j subscriber show
	assert_output --partial 10.0.0.11
	advance 3700
	no_subscriber 10.0.0.11
}

no_subscriber() {
	! daisy -j subscriber show | grep -q "$1"
}

@test "timers are configurable, also by a reload: UDP, ICMP, TCP and the rest of a port (U5b, I2a, T5a, G8)" {
	cp "$TOPO_DIR/n0.yaml" "$BATS_TEST_TMPDIR/n0.yaml"
	echo 'timers: { udp: 150, icmp: 90, tcp-closing: 30, tcp-reset: 300, hold-down: 40 }' >>"$TOPO_DIR/n0.yaml"
	run -0 daisy instance reload
	udp 5051
	on in1 ping -c1 -W2 198.51.100.10
	count_is 2
	advance 80
	count_is 2
	advance 15
	count_is 1
	advance 45
	count_is 1
	advance 23
	count_is 0
	free_udp_is 3
	advance 45
	free_udp_is 4
	on in1 curl -sS -m 10 -o /dev/null http://198.51.100.10/whoami
	wait_until 5 state_is closing
	advance 35
	count_is 0
	run ! on in1 curl -sS -m 10 http://198.51.100.10:82/
	wait_until 5 state_is reset
	advance 290
	count_is 1
	advance 15
	count_is 0
	cp "$BATS_TEST_TMPDIR/n0.yaml" "$TOPO_DIR/n0.yaml"
	run -0 daisy instance reload
}

@test "clock-advance is refused unless the daemon is started for it" {
	daemon_stop
	daemon_start box
	run -1 daisy instance clock-advance seconds 1
	assert_output --partial test-clock
}
