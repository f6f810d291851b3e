# SPDX-License-Identifier: GPL-2.0-or-later
#
# A server behind the NAT: web and dns are its clients. in2 is another subscriber.
#
#  in1 10.0.0.11 --+  nginx on 8443                                    +-- web 198.51.100.10
#                  +- lan -- e0 [box] e1 -- 203.0.113.0/24 -- o0 [isp] -+
#  in2 10.0.0.12 --+     10.0.0.1  203.0.113.2        203.0.113.1      +-- dns 198.51.100.53

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	daisy_two_armed
	http_server in1 10.0.0.11 8443
	www_file file 300000
	warm_up dns 198.51.100.10
	cp "$TOPO_DIR/n0.yaml" "$TOPO_DIR/plain.yaml"
	daisy mapping delete all
}

teardown_file() {
	topo_end
}

# Every test begins with one forward, by the file, unless it says otherwise.
setup() {
	cp "$TOPO_DIR/plain.yaml" "$TOPO_DIR/n0.yaml"
	sed -i 's/203.0.113.13\], mode: dynamic }/203.0.113.13], mode: dynamic, forwards: [ { protocol: tcp, external: "203.0.113.12:443", inside: "10.0.0.11:8443" } ] }/' \
		"$TOPO_DIR/n0.yaml"
	daisy instance reload
}

# whoami_at EXTERNAL [NODE]: whom the server sees of a request to it from a client.
whoami_at() {
	on "${2:-web}" curl -sS -m 5 "http://$1/whoami"
}

forwards() {
	mappings kind static "$@"
}

@test "curl from outside downloads from a server inside by a forward; the server sees the client's address (U1, T2)" {
	daisy mapping delete inside 10.0.0.11 kind dynamic
	run -0 on web curl -sS -m 20 -o "$BATS_TEST_TMPDIR/file" http://203.0.113.12:443/file
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/file.sha256")"
	assert_regex "$(whoami_at 203.0.113.12:443)" '^198\.51\.100\.10:'
	assert_regex "$(whoami_at 203.0.113.12:443 dns)" '^198\.51\.100\.53:'
	assert_equal "$(forwards)" 'tcp 10.0.0.11:8443 0 203.0.113.12:443'
}

@test "another subscriber reaches the forward by its external endpoint (T8)" {
	assert_regex "$(whoami_at 203.0.113.12:443 in2)" '^203\.0\.113\.1[0-3]:'
}

@test "the server's own connections have the forward's address, those of its port the forward's port (U1, U2, G2)" {
	local seen
	daisy mapping delete inside 10.0.0.11 kind dynamic
	seen=$(on in1 curl -sS -m 5 http://198.51.100.10/whoami)
	assert_regex "$seen" '^203\.0\.113\.12:'
	run -0 daisy mapping add proto tcp external 203.0.113.12:4000-4001 inside 10.0.0.11:20000
	assert_equal "$(on in1 curl -sS -m 5 --local-port 20001 http://198.51.100.10/whoami)" 203.0.113.12:4001
}

@test "a forward is shown with its kind, has no end, and is not among the subscriber's mappings (G4)" {
	daisy mapping delete inside 10.0.0.11 kind dynamic
	run -0 daisy mapping show kind static
	assert_regex "$(sed 's/  */ /g' <<<"${lines[1]}")" \
		'^static tcp 10\.0\.0\.11:8443 0 203\.0\.113\.12:443 [0-9]+s [0-9]+s - e0 [0-9]+$'
	assert_equal "$(daisy -j mapping show kind static | jq -c '.[0] | [.kind, .expires_s, .link]')" \
		'["static",null,"e0"]'
	assert_equal "$(daisy -j subscriber show address 10.0.0.11 | jq -c '.[0] | [.external, .mappings, .forwards]')" \
		'["203.0.113.12",0,1]'
	assert_equal "$(daisy -j mapping count kind static | jq -c .)" '{"count":1,"udp":0,"tcp":1,"icmp":0}'
}

@test "no time that passes ends a forward" {
	daisy instance clock-advance seconds 90000
	assert_equal "$(forwards)" 'tcp 10.0.0.11:8443 0 203.0.113.12:443'
	assert_regex "$(whoami_at 203.0.113.12:443)" '^198\.51\.100\.10:'
}

@test "a forward outlives stop, kill and restart of the daemon, with its connections" {
	on web curl -sS -m 30 -o "$BATS_TEST_TMPDIR/file" --limit-rate 100k http://203.0.113.12:443/file &
	wait_until 5 test -s "$BATS_TEST_TMPDIR/file"
	daemon_kill
	assert_regex "$(whoami_at 203.0.113.12:443)" '^198\.51\.100\.10:'
	daemon_start box n0 --test-clock
	assert_equal "$(forwards)" 'tcp 10.0.0.11:8443 0 203.0.113.12:443'
	wait $!
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/file.sha256")"
	daemon_stop
	daemon_start box n0 --test-clock
	assert_regex "$(whoami_at 203.0.113.12:443)" '^198\.51\.100\.10:'
}

@test "a restart with another file makes the forwards of that file, and ends the others" {
	daemon_stop
	sed -i 's/203.0.113.12:443/203.0.113.13:80/' "$TOPO_DIR/n0.yaml"
	daemon_start box n0 --test-clock
	assert_equal "$(forwards)" 'tcp 10.0.0.11:8443 0 203.0.113.13:80'
	assert_regex "$(whoami_at 203.0.113.13:80)" '^198\.51\.100\.10:'
	run whoami_at 203.0.113.12:443
	assert_failure
}

@test "a reload changes, adds and ends forwards, and leaves the others as they are" {
	local before
	before=$(daisy -j mapping show kind static | jq '.[0].age_s')
	daisy instance clock-advance seconds 100
	sed -i 's/forwards: \[/&{ protocol: udp, external: "203.0.113.12:5000-5001", inside: "10.0.0.12" }, /' \
		"$TOPO_DIR/n0.yaml"
	daisy instance reload
	assert_equal "$(forwards)" 'tcp 10.0.0.11:8443 0 203.0.113.12:443
udp 10.0.0.12:5000 0 203.0.113.12:5000
udp 10.0.0.12:5001 0 203.0.113.12:5001'
	[ "$(daisy -j mapping show kind static proto tcp | jq '.[0].age_s')" -ge $((before + 99)) ]
	sed -i 's/10.0.0.12"/10.0.0.12:6000"/; s/"203.0.113.12:443"/"203.0.113.12:444"/' "$TOPO_DIR/n0.yaml"
	daisy instance reload
	assert_equal "$(forwards)" 'tcp 10.0.0.11:8443 0 203.0.113.12:444
udp 10.0.0.12:6000 0 203.0.113.12:5000
udp 10.0.0.12:6001 0 203.0.113.12:5001'
	cp "$TOPO_DIR/plain.yaml" "$TOPO_DIR/n0.yaml"
	daisy instance reload
	assert_equal "$(forwards)" ''
}

@test "mapping add and delete: at once, unsaved, and in the file after config save" {
	run -0 daisy mapping add external 203.0.113.11:8000-8002 inside 10.0.0.11:7000
	assert_output 'added  6'
	run -0 daisy mapping delete proto tcp external 203.0.113.12:443
	assert_output 'deleted  1'
	run -0 daisy mapping add proto tcp external 203.0.113.11:9000 inside 10.0.0.11:8443
	assert_equal "$(daisy -j instance | jq .unsaved)" true
	run -0 daisy mapping delete proto udp external 203.0.113.11:8001
	assert_output 'deleted  1'
	daisy config save
	assert_equal "$(grep -A4 forwards: "$TOPO_DIR/n0.yaml")" "  forwards:
  - {protocol: tcp, external: '203.0.113.11:9000', inside: '10.0.0.11:8443'}
  - {protocol: tcp, external: '203.0.113.11:8000-8002', inside: '10.0.0.11:7000'}
  - {protocol: udp, external: '203.0.113.11:8000', inside: '10.0.0.11:7000'}
  - {protocol: udp, external: '203.0.113.11:8002', inside: '10.0.0.11:7002'}"
	before=$(forwards)
	daemon_stop
	daemon_start box n0 --test-clock
	assert_equal "$(forwards)" "$before"
	assert_regex "$(whoami_at 203.0.113.11:9000)" '^198\.51\.100\.10:'
	run -0 daisy mapping delete kind static
	assert_output 'deleted  6'
	assert_equal "$(forwards)" ''
}

@test "mapping delete of a host, and of all, leaves forwards" {
	on in1 ping -c1 -W2 198.51.100.10
	run -0 daisy mapping delete inside 10.0.0.11
	assert_equal "$(mappings inside 10.0.0.11)" 'tcp 10.0.0.11:8443 0 203.0.113.12:443'
	daisy mapping delete all
	assert_equal "$(mappings)" 'tcp 10.0.0.11:8443 0 203.0.113.12:443'
}

# refused WORDS: of daisy mapping add, after the colon.
refused() {
	assert_equal "$status $stderr" "1 daisy: mapping add: $1"
}

@test "a forward that cannot be is refused in words that say why, and changes nothing" {
	local before external
	daisy mapping delete all
	before=$(daisy config show)
	run --separate-stderr daisy mapping add external 203.0.113.20:80 inside 10.0.0.11
	refused '"203.0.113.20:80" is no external address, expected one that address show lists'
	run --separate-stderr daisy mapping add external 203.0.113.11:80 inside 10.1.0.11
	refused '"10.1.0.11:80" is in no inside prefix of zone 0, expected a host of one'
	run --separate-stderr daisy mapping add external 203.0.113.12:400-500 inside 10.0.0.11
	refused '"203.0.113.12:400-500" overlaps forward 203.0.113.12:443, expected each external port once'
	run --separate-stderr daisy mapping add external 203.0.113.11:80 inside 10.0.0.11:8443
	refused '"10.0.0.11:8443" has forward 203.0.113.12:443 already, expected each inside port once'
	run -0 on in2 ping -c1 -W2 198.51.100.10
	run -0 on in2 curl -sS -m 5 --local-port 20002 http://198.51.100.10/whoami
	external=$output
	run --separate-stderr daisy mapping add proto tcp external "$external" inside 10.0.0.11:80
	refused "forward tcp $external: a mapping of 10.0.0.12:20002 has this port, expected another port, or none there (mapping delete)"
	run --separate-stderr daisy mapping add proto tcp external 203.0.113.11:80 inside 10.0.0.12:20002
	refused 'forward tcp 203.0.113.11:80: 10.0.0.12:20002 has a mapping already, expected another inside port, or none there (mapping delete)'
	assert_equal "$(daisy config show)" "$before"
	assert_equal "$(forwards)" 'tcp 10.0.0.11:8443 0 203.0.113.12:443'
	run -0 daisy mapping delete proto tcp inside 10.0.0.12:20002
	run -0 daisy mapping add proto tcp external 203.0.113.11:80 inside 10.0.0.12:20002
}

@test "a reload whose forward meets a mapping is refused whole; at the start it waits for the mapping's end" {
	local external
	daisy mapping delete inside 10.0.0.12
	external=$(on in2 curl -sS -m 5 --local-port 20003 http://198.51.100.10/whoami)
	sed -i 's/forwards: \[/&{ external: "203.0.113.11:80", inside: "10.0.0.12:20003" }, /' "$TOPO_DIR/n0.yaml"
	run -1 --separate-stderr daisy instance reload
	assert_equal "$stderr" "daisy: instance reload: forward tcp 203.0.113.11:80: 10.0.0.12:20003 has a mapping already, expected another inside port, or none there (mapping delete)"
	assert_equal "$(forwards)" 'tcp 10.0.0.11:8443 0 203.0.113.12:443'
	daemon_stop
	daemon_start box n0 --test-clock
	assert_equal "$(forwards)" 'tcp 10.0.0.11:8443 0 203.0.113.12:443
udp 10.0.0.12:20003 0 203.0.113.11:80'
	assert_equal "$(external_of tcp 10.0.0.12:20003)" "$external"
	daisy mapping delete inside 10.0.0.12:20003 proto tcp
	wait_until 20 grep -q 'every forward is there now' "$TOPO_DIR/n0.log"
	assert_equal "$(external_of tcp 10.0.0.12:20003)" 203.0.113.11:80
}

@test "a forward goes with its address, and stays while that is draining, with a warning each" {
	run -0 --separate-stderr daisy address set address 203.0.113.12 state draining
	assert_equal "$stderr" 'daisy: address set: warning: 1 forward of this address stays until deleted (mapping delete)'
	assert_regex "$(whoami_at 203.0.113.12:443)" '^198\.51\.100\.10:'
	run --separate-stderr daisy mapping add external 203.0.113.12:80 inside 10.0.0.11
	refused 'forward udp 203.0.113.12:80: its address is draining, expected an active one'
	run -0 --separate-stderr daisy pool delete name p0 addresses 203.0.113.12
	assert_equal "$stderr" 'daisy: pool delete: warning: forward 203.0.113.12:443 to 10.0.0.11:8443 goes with its address'
	assert_equal "$(forwards)" ''
	run whoami_at 203.0.113.12:443
	assert_failure
}

@test "trace tells of a forward" {
	run -0 daisy mapping trace dev e1 proto tcp from 198.51.100.10:4711 to 203.0.113.12:443
	assert_output --partial 'found by the destination: 10.0.0.11:8443 of zone 0 is 203.0.113.12:443 outside'
	assert_output --partial ', static'
}
