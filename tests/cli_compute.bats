# SPDX-License-Identifier: GPL-2.0-or-later
#
# daisy pool compute: from an inside address to its ports and back, offline. The
# arithmetic itself is in unit/test_deterministic.c.

load lib/load

setup() {
	FILE=$BATS_TEST_TMPDIR/n0.yaml
	cat >"$FILE" <<-YAML
		instance: n0
		pools:
		  - { name: east, addresses: [203.0.113.0/25, 198.51.100.0/24, 192.0.2.0/25], mode: deterministic, inside: [10.0.0.0/16], overflow: 4096 }
		  - { name: west, addresses: [198.18.0.1, 198.18.0.9], mode: deterministic, inside: [100.64.0.0/25], ports-per-subscriber: 1000, algorithm: round-robin, reserved: [2000-2001] }
		  - { name: rest, addresses: [198.18.1.1] }
	YAML
}

compute() {
	"$BUILD/bin/daisy" --run-dir "$BATS_TEST_TMPDIR" -j pool compute "$@"
}

# assert_computed QUESTION... JSON, keys sorted
assert_computed() {
	run -0 --separate-stderr compute "${@:1:$#-1}"
	assert_equal "$(jq -cS . <<<"$output")" "${!#}"
	assert_equal "$stderr" ''
}

# assert_refused MESSAGE ARGUMENT...
assert_refused() {
	run -2 --separate-stderr "$BUILD/bin/daisy" --run-dir "$BATS_TEST_TMPDIR" pool compute "${@:2}"
	assert_output ''
	assert_equal "$stderr" "daisy: pool compute: $1"
}

@test "an inside address leads to its external address and ports, without a daemon (RFC 7422 N3)" {
	assert_computed config "$FILE" inside 10.0.0.5 \
		'{"external":"203.0.113.0","inside":"10.0.0.5","n_ports":472,"pool":"east","ports":"3384-3855"}'
	assert_computed config "$FILE" inside 10.0.64.0 \
		'{"external":"198.51.100.0","inside":"10.0.64.0","n_ports":472,"pool":"east","ports":"1024-1495"}'
	assert_computed config "$FILE" inside 100.64.0.1 \
		'{"external":"198.18.0.9","inside":"100.64.0.1","n_ports":1000,"pool":"west","ports":"1024-2025"}'
}

@test "an external port leads back to its inside address (RFC 7422 N3)" {
	assert_computed config "$FILE" external 203.0.113.0:3855 \
		'{"external":"203.0.113.0","inside":"10.0.0.5","n_ports":472,"owner":"subscriber","pool":"east","port":3855,"ports":"3384-3855"}'
	assert_computed config "$FILE" external 198.18.0.9:2025 \
		'{"external":"198.18.0.9","inside":"100.64.0.1","n_ports":1000,"owner":"subscriber","pool":"west","port":2025,"ports":"1024-2025"}'
	assert_computed config "$FILE" external 198.18.0.9:2001 \
		'{"external":"198.18.0.9","inside":null,"owner":"reserved","pool":"west","port":2001}'
	assert_computed config "$FILE" external 203.0.113.0:61440 \
		'{"external":"203.0.113.0","inside":null,"owner":"overflow","pool":"east","port":61440}'
}

@test "without a question the plan itself is shown (RFC 7422 N2)" {
	assert_computed config "$FILE" name east \
		'{"addresses":512,"algorithm":"sequential","overflow":4096,"overflow_ports":"61440-65535","pool":"east","ports_per_subscriber":472,"ratio":128,"reserved":0,"subscribers":65536}'
	assert_computed config "$FILE" name west \
		'{"addresses":2,"algorithm":"round-robin","overflow":510,"overflow_ports":"65026-65535","pool":"west","ports_per_subscriber":1000,"ratio":64,"reserved":2,"subscribers":128}'
}

@test "a pool can be typed instead of read from a file (RFC 7422 N1)" {
	assert_computed prefix 10.0.0.0/24 prefix 10.9.0.0/24 addresses 203.0.113.7 addresses 198.51.100.0-198.51.100.2 \
		ports 1024-33791 reserved 5060 reserved 1100-1199 ports-per-subscriber 200 overflow 1000 \
		algorithm round-robin inside 10.9.0.3 \
		'{"external":"198.51.100.2","inside":"10.9.0.3","n_ports":200,"pool":null,"ports":"13925-14124"}'
	assert_computed prefix 10.0.0.0/22 addresses 203.0.113.7 \
		'{"addresses":1,"algorithm":"sequential","overflow":0,"overflow_ports":null,"pool":null,"ports_per_subscriber":63,"ratio":1024,"reserved":0,"subscribers":1024}'
}

@test "a typed pool and the same pool of a file say the same of every subscriber (RFC 7422 N3)" {
	local i
	for i in 0 1 63 64 126 127; do
		assert_equal "$(compute prefix 100.64.0.0/25 addresses 198.18.0.1 addresses 198.18.0.9 \
			ports-per-subscriber 1000 algorithm round-robin reserved 2000-2001 inside "100.64.0.$i" |
			jq -c 'del(.pool)')" \
			"$(compute config "$FILE" inside "100.64.0.$i" | jq -c 'del(.pool)')"
	done
}

@test "text has a line for each fact" {
	run -0 "$BUILD/bin/daisy" pool compute config "$FILE" external 203.0.113.0:3855
	assert_output 'pool         east
external     203.0.113.0
port         3855
owner        subscriber
inside       10.0.0.5
ports of it  3384-3855'
}

@test "what is wrong is quoted, exit code 2" {
	assert_refused 'nothing says what the pool is: give config, or prefix and addresses' inside 10.0.0.1
	assert_refused 'nothing says what the pool is: give config, or prefix and addresses' prefix 10.0.0.0/24
	assert_refused '"overflow" and "config" both say what the pool is, expected one of them' config "$FILE" overflow 1
	assert_refused '"name" names a pool of a file, expected "config" with it' name east prefix 10.0.0.0/24 addresses 1.2.3.4
	assert_refused '"inside" and "external" are two questions, expected one of them' \
		config "$FILE" inside 10.0.0.1 external 203.0.113.0:1
	assert_refused 'inside "10.1.0.0" is not within the inside prefixes of the pool' config "$FILE" inside 10.1.0.0
	assert_refused 'external "203.0.114.0:1" is not at an address of the pool' config "$FILE" external 203.0.114.0:1
	assert_refused 'external "203.0.113.0" is not ADDRESS:PORT' config "$FILE" external 203.0.113.0
	assert_refused 'port "65536" is not 0-65535' config "$FILE" external 203.0.113.0:65536
	assert_refused 'pool "rest" is not a deterministic pool of the file' config "$FILE" name rest
	assert_refused 'the file has 2 deterministic pools, say which with name' config "$FILE"
	assert_refused '/nonexistent: cannot read: No such file or directory' config /nonexistent
	assert_refused '"10.0.0.1/24" is not a prefix, expected one whose bits after the length are zero' \
		prefix 10.0.0.1/24 addresses 203.0.113.1
	assert_refused '504 ports do not fit: 256 subscribers share the 64512 ports of an address, 0 of them overflow, expected at most 252 ports, or at least 2 addresses' \
		prefix 10.0.0.0/24 addresses 203.0.113.1 ports-per-subscriber 504
	assert_refused '"10.0.0.0/25" overlaps 10.0.0.0/24 of pool "", expected each inside address once' \
		prefix 10.0.0.0/24 prefix 10.0.0.0/25 addresses 203.0.113.1
	sed -i 's/overflow: 4096/overflow: 64500/' "$FILE"
	assert_refused "$FILE:3: pools[0].overflow: 1 ports do not fit: 128 subscribers share the 64512 ports of an address, 64500 of them overflow, expected at least 5462 addresses" \
		config "$FILE" inside 10.0.0.1
}

@test "it needs neither root nor a place for sockets" {
	run -0 setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/bin/daisy" --run-dir /nonexistent -j \
		pool compute prefix 10.0.0.0/24 addresses 203.0.113.1 external 203.0.113.1:1024
	assert_equal "$(jq -r .inside <<<"$output")" 10.0.0.0
}
