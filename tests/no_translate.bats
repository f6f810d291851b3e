# SPDX-License-Identifier: GPL-2.0-or-later
#
# Servers that see inside addresses as they are, by no-translate rules. The isp has a route to the
# inside by way of the box.
#
#  in1 10.0.0.11 --+                                                   +-- web 198.51.100.10
#                  +- lan -- e0 [box] e1 -- 203.0.113.0/24 -- o0 [isp] -+   nginx on 80, 81, 8080
#  in2 10.0.0.12 --+     10.0.0.1  203.0.113.2        203.0.113.1      +-- dns 198.51.100.53

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	daisy_two_armed
	route isp 10.0.0.0/24 203.0.113.2
	http_server dns 198.51.100.53
	www_file file 1000000
	warm_up in1 198.51.100.53
	cat >>"$TOPO_DIR/n0.yaml" <<-END
		no-translate:
		  - { destination: 198.51.100.10/32, protocol: tcp, ports: 80-81 }
		  - { destination: 198.51.100.10/32, protocol: icmp }
	END
	daisy instance reload
	http_server in1 10.0.0.11 8000
}

teardown_file() {
	topo_end
}

# seen_by SERVER: whom the server of a download from in1 saw, without the port.
seen_by() {
	on in1 curl -sS -m 20 "http://$1/whoami" | cut -d: -f1
}

@test "a no-translate server sees the inside address, others the external one (G6, RFC 6888 REQ-6)" {
	assert_equal "$(seen_by 198.51.100.10)" 10.0.0.11
	assert_regex "$(seen_by 198.51.100.53)" '^203\.0\.113\.1[0-3]$'
	assert_equal "$(seen_by 198.51.100.10)" 10.0.0.11
}

@test "a download and pings from a no-translate server are whole, and leave no mapping (G6)" {
	daisy mapping delete inside 10.0.0.12
	counters_mark
	capture web e0 server
	run -0 on in2 curl -sS -m 20 -o "$BATS_TEST_TMPDIR/file" http://198.51.100.10/file
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/file.sha256")"
	run -0 on in2 ping -c2 -i 0.02 -W2 -s 4000 198.51.100.10
	assert_output --partial '2 received'
	assert_output --partial 'ttl=62'
	capture_end server
	assert_checksums server
	assert_equal "$(captured server ip.ttl -- 'ip.src == 10.0.0.12' | sort -u)" 62
	assert_equal "$(mappings inside 10.0.0.12)" ''
	assert_counters 'untranslated=*' fragments=8
}

@test "traceroute with ICMP passes untranslated, every router on the way is seen (G6, R4, U12a)" {
	run -0 on in1 traceroute -n -q1 -w2 -I 198.51.100.10
	assert_equal "$(awk 'NR > 1 { print $1, $2 }' <<<"$output")" \
		$'1 10.0.0.1\n2 203.0.113.1\n3 198.51.100.10'
}

@test "a no-translate server may call an inside address, from the rule's ports only (G6)" {
	run -0 on web ping -c1 -W2 10.0.0.11
	run -0 on dns bash -c '! ping -c1 -W1 10.0.0.11'
	counters_mark
	run on web curl -sS -m 2 --local-port 5000 http://10.0.0.11:8000/whoami
	assert_failure
	run -0 counters_since
	assert_line --regexp '^drop_not_pool='
	refute_output --partial untranslated
}

@test "the rules are taken away by a reload: everything is translated again (G6)" {
	sed -i '/^no-translate/,$d' "$TOPO_DIR/n0.yaml"
	daisy instance reload
	assert_regex "$(seen_by 198.51.100.10)" '^203\.0\.113\.1[0-3]$'
	run on web ping -c1 -W1 10.0.0.11
	assert_failure
	assert_log_clean
}
