# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets that wait in the daemon: fragments before their first one, packets to
# be cut for a narrow link. Two-armed topology as in two_armed.bats (drawn there
# and in lib/nets.bash).

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	daisy_two_armed
	echo_server web 198.51.100.10 7
	warm_up in1 198.51.100.10
}

teardown_file() {
	topo_end
}

setup() {
	counters_mark
}

# echo_server NODE ADDR PORT: UDP, whole datagrams only.
echo_server() {
	start "$1" "echo.$1" /usr/bin/python3 -c '
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], int(sys.argv[2])))
while True:
    data, sender = sock.recvfrom(65535)
    sock.sendto(b"%d bytes" % len(data), sender)' "$2" "$3"
	wait_until 5 listens_udp "$1" "$3"
}

listens_udp() {
	on "$1" ss -Hlun "sport = :$2" | grep -q .
}

# train FROM VIA TO LIST COUNT [SECONDS]: the packets that arrive at TO, in less time than a fragment
# is held whose first one does not come.
train() {
	"$TESTS/lib/train.py" --from "$1" --via "$2" --to "$3" --send "$4" --count "$5" --seconds "${6:-1.5}"
}

out() {
	train in1:e0 box:e0 web:e0 "$@"
}

# datagram SPORT ID BYTES: in fragments of 1480.
datagram() {
	echo "pieces(IP(src='10.0.0.11',dst='198.51.100.10',id=$2)/UDP(sport=$1,dport=9)/Raw(b'u'*$(($3 - 8))),1480)"
}

# counts NAME=DELTA...: as assert_counters. On a busy machine the mappings of earlier pings end meanwhile.
counts() {
	assert_counters "$@" 'expired=*'
}

orphans() {
	[ "$(counters_since | sed -n 's/^drop_fragment_orphan=//p')" = "$1" ]
}

link_mtu() {
	[ "$(daisy -j link show dev e1 | jq '(if type == "array" then .[0] else . end).mtu')" = "$1" ]
}

# Of both ends of the outside link.
outside_mtu() {
	ipn isp link set o0 mtu "$1"
	ipn box link set e1 mtu "$1"
	wait_until 5 link_mtu "$1"
}

@test "UDP fragments that go out in reverse order arrive, behind the first one (U14)" {
	run -0 out "$(datagram 7001 71 4000)[::-1]" 3
	# Those that waited come in the order in which the daemon looks at them again.
	output=$(head -n 1 <<<"$output"; tail -n +2 <<<"$output" | sort)
	assert_output --regexp '^203.0.113.1[0-3] > 198.51.100.10 17 ([0-9]+) 0\+1480\+
203.0.113.1[0-3] > 198.51.100.10 17 \1 1480\+1480\+
203.0.113.1[0-3] > 198.51.100.10 17 \1 2960\+1040$'
	counts created_udp=1 out_udp=1 held_fragments=2 replays=2 fragments=2 in_icmp_error=1
}

@test "fragmented datagrams of two hosts with one id get one each of the box; a whole one keeps its own (X11)" {
	local pieces first
	pieces=$(datagram 7001 70 2000)
	run -0 out "$pieces" 2
	first=$(awk '{ print $5 }' <<<"$output" | uniq)
	run -0 out "${pieces/10.0.0.11/10.0.0.12}" 2
	assert_output --regexp ' 17 ([0-9]+) 0\+1480\+
.* 17 \1 1480\+520$'
	refute_output --partial " 17 $first "
	run -0 out "[IP(src='10.0.0.11',dst='198.51.100.10',id=70)/UDP(sport=7001,dport=9)]" 1
	assert_output --partial ' 17 70 0+8'
}

@test "the last fragment in front, or the first one in the middle: all arrive (U14)" {
	local order
	for order in '[2,0,1]' '[1,0,2]' '[2,1,0]' '[1,2,0]'; do
		counters_mark
		run -0 out "(lambda p: [p[i] for i in $order])($(datagram 7001 $((80 + ${order//[^0-9]/})) 4000))" 3
		assert_equal "$(grep -c '' <<<"$output")" 3
		assert_equal "$(awk '{ print $6 }' <<<"$output" | sort)" "$(printf '%s\n' 0+1480+ 1480+1480+ 2960+1040)"
	done
}

@test "a real host puts a datagram of 20000 bytes in reverse order together, and answers (U14)" {
	capture in1 e0 answer 'udp and src 198.51.100.10'
	run out "pieces(IP(src='10.0.0.11',dst='198.51.100.10',id=99)/UDP(sport=7002,dport=7)/Raw(b'v'*20000),1480)[::-1]" 14
	assert_success
	wait_until 3 answered '20000 bytes'
	capture_end answer
	counts created_udp=1 out_udp=1 in_udp=1 held_fragments=13 replays=13 fragments=13 out_icmp_error='*'
}

answered() {
	tcpdump -nn -A -r "$TOPO_DIR/answer.pcap" 2>/dev/null | grep -qF "$1"
}

@test "fragments that come in in reverse order reach the inside host (U14)" {
	local external
	run -0 out "[IP(src='10.0.0.11',dst='198.51.100.10')/UDP(sport=7003,dport=9)]" 1
	external=$(external_of udp 10.0.0.11:7003)
	counters_mark
	run -0 train web:e0 isp:br0 in1:e0 \
		"pieces(IP(src='198.51.100.10',dst='${external%:*}',id=5)/UDP(sport=9,dport=${external#*:})/Raw(b'w'*3992),1480)[::-1]" 3
	assert_output '198.51.100.10 > 10.0.0.11 17 5 0+1480+
198.51.100.10 > 10.0.0.11 17 5 2960+1040
198.51.100.10 > 10.0.0.11 17 5 1480+1480+'
	counts in_udp=1 held_fragments=2 replays=2 fragments=2 out_icmp_error=1
}

@test "fragments of TCP and of echo requests are held, too (U14)" {
	run -0 out "pieces(IP(src='10.0.0.11',dst='198.51.100.10',id=61)/ICMP(id=77)/Raw(b'p'*3000),1480)[::-1]" 3
	assert_line --regexp '198.51.100.10 1 [0-9]+ 2960\+48$'
	run -0 out "[IP(src='10.0.0.11',dst='198.51.100.10')/TCP(sport=7004,dport=81,flags='S')]" 1
	run -0 out "pieces(IP(src='10.0.0.11',dst='198.51.100.10',id=62)/TCP(sport=7004,dport=81,flags='A')/Raw(b't'*3000),1480)[::-1]" 3
	assert_line --regexp '198.51.100.10 6 [0-9]+ 2960\+60$'
}

@test "a fragment whose first one never comes leaves after two seconds, as an orphan (U14a)" {
	local from=${EPOCHREALTIME/[.,]/}
	run -1 out "$(datagram 7001 72 4000)[1:]" 1 0.3
	assert_output ''
	wait_until 10 orphans 2
	# Whatever the machine does meanwhile, it takes no less.
	[ $((${EPOCHREALTIME/[.,]/} - from)) -ge 2000000 ]
	held 0
	counts held_fragments=2 replays=2 drop_fragment_orphan=2
	# Too late.
	run -0 out "$(datagram 7001 72 4000)[:1]" 1
}

@test "fragments that overlap are dropped when they have been held, too (U14a, teardrop)" {
	run -0 out "(lambda p: [IP(src='10.0.0.11',dst='198.51.100.10',id=73,proto=17,frag=3,flags='MF')/Raw(b'x'*24), p[2], p[0], p[1]])($(datagram 7001 73 4000))" 3
	assert_equal "$(awk '{ print $6 }' <<<"$output" | sort)" "$(printf '%s\n' 0+1480+ 1480+1480+ 2960+1040)"
	counts out_udp=1 held_fragments='*' replays='*' fragments=2 drop_fragment_overlap=1 in_icmp_error='*'
}

# flood HOST N: later fragments, each of a datagram of its own.
flood() {
	"$TESTS/lib/train.py" --from in2:e0 --via box:e0 --to web:e0 --seconds 0.1 \
		--send "[IP(src='$1',dst='198.51.100.10',id=i,proto=17,frag=185)/Raw(b'f'*1000) for i in range($2)]" || true
}

@test "a host that floods later fragments is held to its share, counted; another's are held as ever (U14a)" {
	local full source held
	flood 10.0.0.12 3000
	# its share of the daemon's memory, not of all
	[ "$(figure slow_path.held)" -le 64 ]
	run -0 out "$(datagram 7001 74 4000)[::-1]" 3
	daisy instance clock-advance seconds 4
	wait_until 3 held 0
	held=$(($(counter held_fragments) - $(awk '$1 == "held_fragments" { print $2 }' "$TOPO_DIR/counters.mark")))
	full=$(($(counter drop_hold_full) - $(awk '$1 == "drop_hold_full" { print $2 }' "$TOPO_DIR/counters.mark")))
	source=$(($(counter drop_hold_source) - $(awk '$1 == "drop_hold_source" { print $2 }' "$TOPO_DIR/counters.mark")))
	echo "held $held, full $full, source $source"
	[ "$source" -gt 0 ]
	[ "$full" -gt 0 ]
	[ "$(figure slow_path.overflows)" -gt 0 ]
	# Each packet of the flood ended once: dropped, and none lost in between.
	assert_equal "$(figure slow_path.lost)" 0
	assert_equal "$(figure slow_path.unsent)" 0
}

@test "a datagram without DF that is too long for the next link is cut; with DF the sender is told (U13, U13a)" {
	outside_mtu 1300
	counters_mark
	run -0 out "[IP(src='10.0.0.11',dst='198.51.100.10',id=75)/UDP(sport=7001,dport=9)/Raw(b'c'*1472)]" 2
	assert_output --regexp '^203.0.113.1[0-3] > 198.51.100.10 17 ([0-9]+) 0\+1280\+
203.0.113.1[0-3] > 198.51.100.10 17 \1 1280\+200$'
	counts out_udp=1 held_too_big=1 replays=1 in_icmp_error='*'
	counters_mark
	run -0 out "$(datagram 7001 76 4000)" 5
	assert_equal "$(awk '{ print $6 }' <<<"$output" | sort -n)" "$(printf '%s\n' 0+1280+ 1280+200+ 1480+1280+ 2760+200+ 2960+1040)"
	counts out_udp=1 fragments=2 held_fragments='*' held_too_big='*' replays='*' in_icmp_error='*'
	counters_mark
	run -1 out "[IP(src='10.0.0.11',dst='198.51.100.10',flags='DF')/UDP(sport=7001,dport=9)/Raw(b'c'*1472)]" 1 0.3
	counts icmp_frag_needed=1
	outside_mtu 1500
}

@test "a real host's datagrams without DF pass a narrow link, and it puts the answers together (U13a)" {
	outside_mtu 1300
	run -0 on in1 ping -c3 -i 0.02 -W2 -M dont -s 4000 198.51.100.10
	assert_output --partial '3 received'
	outside_mtu 1500
}

@test "links in generic mode hold packets, too (U14)" {
	daisy link set dev e0 mode generic side inside prefix 10.0.0.0/24
	daisy link set dev e1 mode generic side outside
	warm_up in1 198.51.100.10
	counters_mark
	run -0 out "$(datagram 7001 77 4000)[::-1]" 3
	counts out_udp=1 held_fragments=2 replays=2 fragments=2 in_icmp_error='*'
	daisy link set dev e0 mode native side inside prefix 10.0.0.0/24
	daisy link set dev e1 mode native side outside
	warm_up in1 198.51.100.10
}

@test "without the daemon a later fragment before its first one is dropped; a new daemon holds again (U14)" {
	daemon_kill
	run -1 out "$(datagram 7001 78 4000)[1:]" 1 0.2
	daemon_start box n0 --test-clock
	warm_up in1 198.51.100.10
	counters_mark
	run -0 out "$(datagram 7001 79 4000)[::-1]" 3
	counts out_udp=1 held_fragments=2 replays=2 fragments=2 in_icmp_error='*'
}

@test "the daemon had nothing to complain about" {
	assert_log_clean
}
