# SPDX-License-Identifier: GPL-2.0-or-later
#
# Configuration: taken whole or refused whole. Two-armed topology as in
# two_armed.bats (drawn there and in lib/nets.bash).

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	daisy_two_armed
	cp "$TOPO_DIR/n0.yaml" "$TOPO_DIR/good.yaml"
}

teardown_file() {
	topo_end
}

setup() {
	cp "$TOPO_DIR/good.yaml" "$TOPO_DIR/n0.yaml"
}

# What runs: configuration, links, addresses.
running() {
	daisy -j config show | jq -r .text
	daisy -j link show
	daisy -j address show | jq -c 'if type == "array" then .[] else . end | [.address, .pool, .state]'
}

# refused LINE KEY WORD: the file is refused by --check and by reload alike, at this line, for this
# key, with this said; what runs stays.
refused() {
	local line=$1 key=$2 word=$3 before
	before=$(running)
	run -1 on box "$BUILD/bin/daisyd" --check --config "$TOPO_DIR/n0.yaml"
	assert_equal "${#lines[@]}" 1
	assert_output --partial "$TOPO_DIR/n0.yaml:$line: "
	assert_output --partial "$key"
	assert_output --partial "$word"
	run -1 daisy instance reload
	assert_output --partial "n0.yaml:$line: "
	assert_output --partial "$word"
	assert_equal "$(running)" "$before"
}

# variant SED: the good file with one change.
variant() {
	sed "$@" "$TOPO_DIR/good.yaml" >"$TOPO_DIR/n0.yaml"
	refute diff -q "$TOPO_DIR/good.yaml" "$TOPO_DIR/n0.yaml"
}

@test "an unknown key is refused with file, line and the keys there are" {
	variant '3s/side: inside/side: inside, sides: 2/'
	refused 3 'links[0]' 'unknown key "sides", expected one of: device, side'
	variant '$a colour: green'
	refused 7 '' 'unknown key "colour"'
}

@test "a wrong type is refused with what stands there and what should" {
	variant '3s/\[10.0.0.0\/24\]/10.0.0.0\/24/'
	refused 3 'links[0].prefixes' 'expected a list'
	variant '6s/\[203.*\]/{ a: b }/'
	refused 6 'pools[0].addresses' 'expected a list'
}

@test "a wrong word is refused and quoted, with the words that would do" {
	variant '3s/inside/within/'
	refused 3 'links[0].side' '"within"'
	variant '3s/side: inside/side: inside, mode: hardware/'
	refused 3 'links[0].mode' '"hardware"'
}

@test "wrong addresses, prefixes and ranges are refused and quoted" {
	local bad
	for bad in 203.0.113.300 203.0.113.13-203.0.113.10 203.0.113.0/33 example.org 127.0.0.1; do
		variant "6s|\[203.*\]|[$bad]|"
		refused 6 'pools[0].addresses[0]' "\"$bad\""
	done
	for bad in 10.0.0.0/33 10.0.0.1/24 ten; do
		variant "3s|\[10.*\]|[$bad]|"
		refused 3 'links[0].prefixes[0]' "\"$bad\""
	done
}

@test "overlapping pools are refused with both ends of the quarrel" {
	variant '$a \ \ - { name: p1, addresses: [203.0.113.12/30] }'
	refused 7 'pools[1].addresses[0]' 'overlaps 203.0.113.10-203.0.113.13 of pool "p0"'
}

@test "overlapping prefixes within a zone are refused" {
	variant '3s|10.0.0.0/24|10.0.0.0/24, 10.0.0.128/25|'
	refused 3 'links[0].prefixes[1]' 'overlaps'
}

@test "an address that the host itself has is refused as a pool's (U7)" {
	variant '6s/203.0.113.10-/203.0.113.2-/'
	refused 6 'pools[0].addresses[0]' '"203.0.113.2" is this host'\''s own address on e1'
}

@test "a missing device is refused with those there are" {
	variant '4s/e1/e7/'
	refused 4 'links[1].device' 'no device "e7" on this host, expected one of: e0, e1'
}

@test "a missing key, a key twice, and a broken file are refused" {
	variant '3s/side: inside, //'
	refused 3 'links[0]' 'key "side" is missing'
	variant '6s/name: p0/name: p0, name: p1/'
	refused 6 'pools[0]' 'key "name" stands here twice'
	variant '6s/]//'
	refused 6 '' 'not YAML'
}

@test "timers below the least the RFCs allow, and numbers that are none, are refused" {
	variant '$a timers: { udp: 30 }'
	refused 7 'timers.udp' '"30"'
	variant '$a timers: { hold-down: soon }'
	refused 7 'timers.hold-down' '"soon"'
	variant '6s/p0,/p0, ports: 70000-80000,/'
	refused 6 'pools[0].ports' '"70000-80000"'
}

@test "another instance's name is refused at reload" {
	variant '1s/:.*/: other/'
	run -1 daisy instance reload
	assert_output --partial 'other'
}

@test "a file that is gone is refused at reload" {
	rm "$TOPO_DIR/n0.yaml"
	run -1 daisy instance reload
	assert_output --partial 'n0.yaml'
	daemon_answers n0
}

@test "a reload adds addresses and pools, and no mapping is lost" {
	local before
	on in1 curl -sS -m 10 -o /dev/null --local-port 20001 http://198.51.100.10/whoami
	before=$(mappings)
	variant -e '6s/113.13\]/113.13, 203.0.113.20]/' -e '$a \ \ - { name: p1, addresses: [192.0.2.64-192.0.2.65] }'
	run -0 daisy instance reload
	assert_equal "$(mappings)" "$before"
	run -0 daisy -j address show
	assert_equal "$(jq -r '.[] | "\(.address) \(.pool)"' <<<"$output" | sort -V)" "$(sort -V <<-END
		192.0.2.64 p1
		192.0.2.65 p1
		203.0.113.10 p0
		203.0.113.11 p0
		203.0.113.12 p0
		203.0.113.13 p0
		203.0.113.20 p0
	END
	)"
	# The new address is there for ARP at once.
	run -0 on isp arping -c1 -w2 -I o0 203.0.113.20
}

@test "new subscribers use a pool off any link as soon as the others drain; old mappings stay (G3)" {
	local addr old
	variant '$a \ \ - { name: p1, addresses: [192.0.2.64-192.0.2.65] }'
	run -0 daisy instance reload
	old=$(on in1 curl -sS -m 10 http://198.51.100.10/whoami)
	for addr in 203.0.113.10 203.0.113.11 203.0.113.12 203.0.113.13; do
		run -0 daisy address set address $addr state draining
	done
	address in2 e0 10.0.0.77/24
	run -0 on in2 curl -sS -m 10 --interface 10.0.0.77 http://198.51.100.10/whoami
	assert_output --regexp '^192\.0\.2\.6[45]:[0-9]+$'
	# in1's pairing is with an address that drains: its mapping is still translated
	assert_equal "$(mappings external "$old" | wc -l)" 1
	for addr in 203.0.113.10 203.0.113.11 203.0.113.12 203.0.113.13; do
		run -0 daisy address set address $addr state active
	done
}

@test "a reload that takes a pool away ends exactly its mappings" {
	local kept
	variant '$a \ \ - { name: p1, addresses: [192.0.2.64-192.0.2.65] }'
	run -0 daisy instance reload
	kept=$(mappings | grep -v 192.0.2.6)
	cp "$TOPO_DIR/good.yaml" "$TOPO_DIR/n0.yaml"
	run -0 daisy instance reload
	assert_equal "$(mappings)" "$kept"
	run -0 daisy -j pool show
	assert_equal "$(jq -r '.[].name' <<<"$output")" p0
}

@test "what the tool changes is marked unsaved until it is saved, and survives then" {
	run -0 daisy config check
	run -0 daisy pool add name p2 addresses 192.0.2.70
	run -3 daisy config check
	run -0 daisy -j pool show name p2
	assert_equal "$(jq -r '(if type == "array" then .[0] else . end).unsaved' <<<"$output")" true
	run -0 daisy config save
	run -0 daisy config check
	run -0 grep -c 192.0.2.70 "$TOPO_DIR/n0.yaml"
	daemon_stop
	daemon_start box n0 --test-clock
	run -0 daisy -j address show address 192.0.2.70
	assert_output --partial p2
	cp "$TOPO_DIR/good.yaml" "$TOPO_DIR/n0.yaml"
	run -0 daisy instance reload
}

@test "the tool's bad words are refused with exit code 2, quoted" {
	run -2 daisy link set dev e0 side sideways
	assert_output --partial '"sideways"'
	run -2 daisy mapping show proto sctp
	assert_output --partial '"sctp"'
	run -2 daisy mapping show inside 10.0.0.1:70000
	assert_output --partial 'port "70000" is not 0-65535'
}

@test "SIGHUP reads the file again" {
	variant '6s/113.13\]/113.13, 203.0.113.21]/'
	kill -HUP "$(daemon_pid)"
	wait_until 5 has_address 203.0.113.21
}

has_address() {
	daisy -j address show | jq -e --arg a "$1" 'if type == "array" then .[] else . end | select(.address == $a)'
}
