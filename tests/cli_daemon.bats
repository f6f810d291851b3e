# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tool as an operator uses it, against a running daemon. Two-armed topology
# as in two_armed.bats (drawn in lib/nets.bash); spare devices s0 and s1 of the
# box lead nowhere.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	net_two_armed
	node nowhere
	wire box:s0 nowhere:s0
	wire box:s1 nowhere:s1
	daemon_config <<-END
		links:
		  - { device: e0, side: inside, prefixes: [10.0.0.0/24] }
		  - { device: e1, side: outside }
		pools:
		  - { name: p0, addresses: [203.0.113.10-203.0.113.13], mode: dynamic }
		metrics: { listen: 127.0.0.1:9464 }
	END
	cp "$TOPO_DIR/n0.yaml" "$TOPO_DIR/good.yaml"
	daemon_start box n0 --test-clock
	http_server web 198.51.100.10
	warm_up in1 198.51.100.10
}

teardown_file() {
	topo_end
}

# Every test begins with the configuration of the file.
setup() {
	cp "$TOPO_DIR/good.yaml" "$TOPO_DIR/n0.yaml"
	daisy instance reload
}

# members: sorted names of the members of the first item.
members() {
	jq -r '(if type == "array" then .[0] else . end) | keys | join(" ")'
}

# documented ITEM: the same of the protocol's description.
documented() {
	sed -n "/^\*\*$1\*\*:/,/^$/p" "$TESTS/../user/control/PROTOCOL.md" | tr '\n' ' ' |
		sed -E 's/\([^()]*(\([^()]*\)[^()]*)*\)//g; s/`\{[^}]*\}`//g' | grep -oE '`[a-z_]+`' | tr -d '`' |
		sort | xargs
}

@test "the members of every item are the ones that the protocol describes" {
	on in1 curl -sS -m 10 -o /dev/null http://198.51.100.10/whoami
	assert_equal "$(daisy -j link | members)" "$(documented link)"
	assert_equal "$(daisy -j pool | members)" "$(documented pool)"
	assert_equal "$(daisy -j address | members)" "$(documented address)"
	assert_equal "$(daisy -j subscriber | members)" "$(documented subscriber)"
	assert_equal "$(daisy -j mapping show proto tcp | members)" "$(documented mapping)"
	assert_equal "$(daisy -j stats | members)" "$(documented stats)"
	assert_equal "$(daisy -j instance | members)" "$(documented instance)"
}

@test "every show is a table, an array with -j, and the same array with -p (B9)" {
	local object
	for object in link pool address subscriber mapping; do
		run -0 --separate-stderr daisy "$object"
		assert_equal "$stderr" ''
		[ "${#lines[@]}" -ge 2 ]
		assert_regex "${lines[0]}" '^[A-Z-]+ '
		assert_equal "$(daisy -j "$object" | jq -r type)" array
		assert_equal "$(daisy -p "$object" | jq length)" "$((${#lines[@]} - 1))"
	done
	for object in stats instance config; do
		assert_equal "$(daisy -j "$object" | jq -r type)" object
		assert_equal "$(daisy -p "$object" | jq -cS 'keys')" "$(daisy -j "$object" | jq -cS 'keys')"
	done
}

@test "link show: what runs is what was asked for, and nothing is unsaved" {
	run -0 daisy link show dev e0
	assert_equal "$(sed 's/  */ /g' <<<"${lines[1]}")" \
		'e0 - inside native up 0 1500 10.0.0.1 10.0.0.0/24 by-route -'
	assert_equal "${#lines[@]}" 2
	run -1 --separate-stderr daisy link show dev e7
	assert_regex "$stderr" '^daisy: link show: .*"e7"'
}

@test "link set attaches, is unsaved until config save, and link delete detaches" {
	run -0 --separate-stderr daisy link set dev s0 side inside prefix 10.9.0.0/24 zone 0
	assert_output ''
	assert_equal "$(daisy -j link show dev s0 | jq -c '.[0] | [.side, .mode, .attached, .prefixes, .unsaved]')" \
		'["inside","native","native",["10.9.0.0/24"],true]'
	run -0 ipn box -d link show dev s0
	assert_output --partial 'prog/xdp'
	run -3 daisy config check
	daisy config save
	run -0 daisy config check
	assert_equal "$(daisy -j link show dev s0 | jq -c '.[0].unsaved')" false
	run -0 grep -c 's0' "$TOPO_DIR/n0.yaml"
	daisy link delete dev s0
	run -0 ipn box -d link show dev s0
	refute_output --partial 'prog/xdp'
	run -3 daisy config check
}

@test "config save does not write what the next start would refuse: a link whose zone has no pool" {
	local before
	before=$(sha256sum < "$TOPO_DIR/n0.yaml")
	daisy pool delete name p0
	daisy pool add name p0 addresses 203.0.113.10-203.0.113.13 zone 0
	daisy link set dev s0 side inside prefix 10.9.0.0/24 zone 3
	run ! --separate-stderr daisy config save
	assert_equal "$stderr" 'daisy: config save: no pool serves zone 3 of link "s0", expected it in the zones of a pool, or a pool without zones'
	assert_equal "$(sha256sum < "$TOPO_DIR/n0.yaml")" "$before"
	daisy link delete dev s0
	daisy instance reload
}

@test "a new link whose device loses packets, or cannot be used, is warned of with what to do" {
	run -0 --separate-stderr daisy link set dev s0 side inside prefix 10.9.0.0/24
	assert_equal "$stderr" 'daisy: link set: warning: s0: napi: veth: the other end does not run NAPI: frames that XDP sends are lost; attach an XDP program that passes everything to the other end; GRO on is not enough'
	run -0 --separate-stderr daisy link set dev s0 prefix 10.8.0.0/24
	assert_equal "$stderr" ''
	run -0 grep -c 'link s0: napi: veth: the other end does not run NAPI' "$TOPO_DIR/n0.log"
	ip -n "$TOPO_TAG-box" link add q0 numrxqueues 1 type veth peer name q1 numtxqueues 4 netns "$TOPO_TAG-nowhere"
	on nowhere ethtool -L q1 tx 4
	run -1 --separate-stderr daisy link set dev q0 side inside prefix 10.7.0.0/24
	assert_regex "${stderr_lines[0]}" '^daisy: link set: warning: q0: native: veth whose other end has more transmit'
	assert_regex "${stderr_lines[-1]}" '^daisy: link set: .*q0'
	run ! grep -q 'warning' <<<"${stderr_lines[-1]}"
	ipn box link delete q0
}

@test "link set changes what is given and leaves the rest" {
	daisy link set dev s0 side inside prefix 10.9.0.0/24
	daisy link set dev s0 prefix 10.8.0.0/24 prefix 10.7.0.0/24
	assert_equal "$(daisy -j link show dev s0 | jq -c '.[0] | [.side, .mode, .prefixes]')" \
		'["inside","native",["10.8.0.0/24","10.7.0.0/24"]]'
	daisy link set dev s0 mode generic
	assert_equal "$(daisy -j link show dev s0 | jq -c '.[0] | [.attached, .prefixes]')" \
		'["generic",["10.8.0.0/24","10.7.0.0/24"]]'
	assert_equal "$(daisy link show dev s0 | awk 'NR == 2 { print $4 }')" generic
}

@test "link set is refused whole: the bad word is quoted, nothing changes" {
	local before
	before=$(daisy -j config show | jq -r .text)
	run -1 --separate-stderr daisy link set dev s0 side inside
	assert_regex "$stderr" '^daisy: link set: link "s0" has side inside and no prefixes, expected '
	run -1 --separate-stderr daisy link set dev s9 side outside
	assert_regex "$stderr" '^daisy: link set: no device "s9" on this host, expected one of: '
	run -1 --separate-stderr daisy link set dev s0 side inside prefix 10.0.0.128/25
	assert_regex "$stderr" '^daisy: link set: "10.0.0.128/25" overlaps 10.0.0.0/24 of link "e0", expected '
	run -2 --separate-stderr daisy link set dev s0 side inside prefix 10.9.0.1/24
	assert_regex "$stderr" '^daisy: link set: .*"10.9.0.1/24" is not a prefix, expected '
	run -1 --separate-stderr daisy link delete dev s1
	assert_regex "$stderr" '^daisy: link delete: .*"s1"'
	assert_equal "$(daisy -j config show | jq -r .text)" "$before"
}

@test "link set confirm is undone by itself, unless it is confirmed" {
	daisy link set dev s0 side inside prefix 10.9.0.0/24 confirm 5
	run -0 daisy link show dev s0
	assert_output --regexp 'unsaved,undone-in-[1-5]s'
	wait_until 15 link_is_gone s0
	run -0 ipn box -d link show dev s0
	refute_output --partial 'prog/xdp'

	daisy link set dev s0 side inside prefix 10.9.0.0/24 confirm 2
	daisy link confirm dev s0
	assert_equal "$(daisy -j link show dev s0 | jq -c '.[0].confirm_s')" null
	run ! wait_until 4 link_is_gone s0
}

link_is_gone() {
	daisy -j link | jq -e --arg dev "$1" 'all(.device != $dev)'
}

@test "pool add and delete: addresses come and go, another's are refused" {
	daisy pool add name p1 addresses 203.0.113.20-203.0.113.21 reserved 5060 ports 2000-2999 zone 7
	assert_equal "$(daisy -j pool show name p1 | jq -c '.[0] | [.addresses, .ports, .zones, .n_addresses, .unsaved]')" \
		'[["203.0.113.20-203.0.113.21"],"2000-2999",[7],2,true]'
	assert_equal "$(daisy -j address show address 203.0.113.20 | jq -c '.[0] | [.pool, .state, .free.udp]')" \
		'["p1","active",1000]'
	assert_equal "$(daisy -j pool show name p1 | jq -cS '.[0].use | del(.fullest.address)')" \
		'{"addresses":2,"blocks_free":2,"blocks_used":0,"draining":0,"free":{"icmp":2000,"tcp":2000,"udp":2000},"fullest":{"free":1000,"proto":"icmp"},"held":{"icmp":0,"tcp":0,"udp":0}}'
	assert_equal "$(daisy -j pool show name p1 | jq -c '.[0] | [.mode, .block_size, .blocks]')" '["blocks",512,4]'
	assert_equal "$(daisy -j pool show name p1 | jq -c '.[0] | [.hold_down_s, .reuse_closed]')" '[120,false]'
	daisy pool add name p1 addresses 203.0.113.30 mode dynamic hold-down 30 reuse-closed true
	assert_equal "$(daisy -j pool show name p1 | jq -c '.[0] | [.hold_down_s, .reuse_closed]')" '[30,true]'
	assert_equal "$(daisy -j pool show name p1 | jq -c '.[0] | [.mode, .use.blocks_free]')" '["dynamic",null]'
	daisy pool add name p1 hold-down 0 reuse-closed false
	assert_equal "$(daisy -j pool show name p1 | jq -c '.[0] | [.hold_down_s, .reuse_closed]')" '[0,false]'
	assert_equal "$(daisy -j address show pool p1 | jq -c '[.[].address] | sort')" \
		'["203.0.113.20","203.0.113.21","203.0.113.30"]'
	run -2 --separate-stderr daisy pool add name p2 hold-down 30
	assert_equal "$stderr" 'daisy: pool add: no pool "p2", expected addresses for a new one'
	run -1 --separate-stderr daisy pool add name p2 addresses 203.0.113.13
	assert_regex "$stderr" '^daisy: pool add: .*203\.0\.113\.13'
	run -1 --separate-stderr daisy pool add name p2 addresses 203.0.113.2
	assert_regex "$stderr" '^daisy: pool add: .*203\.0\.113\.2'
	daisy pool delete name p1 addresses 203.0.113.20
	assert_equal "$(daisy -j address show pool p1 | jq length)" 2
	daisy pool delete name p1
	assert_equal "$(daisy -j pool | jq -c '[.[].name]')" '["p0"]'
	run -1 --separate-stderr daisy pool delete name p1
	assert_regex "$stderr" '^daisy: pool delete: .*"p1"'
}

@test "address set drains and takes it back" {
	daisy address set address 203.0.113.13 state draining
	assert_equal "$(daisy address show address 203.0.113.13 | awk 'NR == 2 { print $3 }')" draining
	daisy address set address 203.0.113.13 state active
	assert_equal "$(daisy address show address 203.0.113.13 | awk 'NR == 2 { print $3 }')" active
	run -1 --separate-stderr daisy address set address 192.0.2.1 state active
	assert_regex "$stderr" '^daisy: address set: .*"?192\.0\.2\.1"?'
}

@test "mapping show, count and delete agree; the subscriber is paired with the external address" {
	local external
	daisy mapping delete all
	on in1 ping -c1 -W2 198.51.100.10
	on in1 curl -sS -m 10 -o /dev/null http://198.51.100.10/whoami
	assert_equal "$(daisy -j mapping count | jq -c '[.count, .udp, .tcp, .icmp]')" '[2,0,1,1]'
	run -0 daisy mapping count
	assert_output - <<-'END'
		mappings  2
		  udp     0
		  tcp     1
		  icmp    1
	END
	external=$(daisy -j mapping show proto tcp | jq -r '.[0].external')
	assert_equal "$(daisy -j mapping show external "$external" proto tcp | jq length)" 1
	assert_equal "$(daisy -j subscriber show address 10.0.0.11 | jq -r '.[0].external')" "${external%:*}"
	assert_equal "$(daisy -j subscriber show address 10.0.0.11 | jq -r '.[0].mappings')" 2
	run -0 daisy mapping show proto tcp connections
	assert_output --regexp $'\n  with 198\\.51\\.100\\.10:80 (established|closing), idle '
	run -0 daisy mapping delete external "$external" proto tcp
	assert_output 'deleted  1'
	assert_equal "$(daisy -j mapping delete inside 10.0.0.11 | jq -c .)" '{"deleted":1}'
	assert_equal "$(daisy -j mapping count | jq .count)" 0
}

@test "instance list names the running daemon with its figures" {
	assert_equal "$(daisy -j instance list | jq -c --arg name "$(instance)" \
		'[.[] | select(.name == $name) | .running, .links, .addresses]')" '[true,2,4]'
	run -0 daisy instance show
	assert_line --regexp '^external addresses +4$'
	assert_line --regexp '^  tcp-established +2h04m$'
	assert_line --regexp '^  hold-down +2m00s$'
}

@test "instance reload: a bad file is refused with its line, and nothing changes" {
	local before
	before=$(daisy -j config show | jq -r .text)
	sed -i 's/side: outside/side: outward/' "$TOPO_DIR/n0.yaml"
	run -1 --separate-stderr daisy instance reload
	assert_regex "$stderr" '^daisy: instance reload: .*n0\.yaml:4: links\[1\]\.side: "outward" is not a side, expected inside, outside or both$'
	assert_equal "$(daisy -j config show | jq -r .text)" "$before"
}

@test "config show is a file that the daemon accepts and that changes nothing" {
	daisy link set dev s0 side inside prefix 10.9.0.0/24
	daisy config show >"$BATS_TEST_TMPDIR/copy.yaml"
	run -0 on box "$BUILD/bin/daisyd" --check --config "$BATS_TEST_TMPDIR/copy.yaml"
	cp "$BATS_TEST_TMPDIR/copy.yaml" "$TOPO_DIR/n0.yaml"
	daisy instance reload
	assert_equal "$(daisy config show)" "$(<"$BATS_TEST_TMPDIR/copy.yaml")"
	run -0 daisy config check
}

@test "doctor finds a running instance sound, and a flushed guard at once" {
	run -0 --separate-stderr on box "$BUILD/bin/daisy" --run-dir "$TOPO_DIR/run" -j doctor
	assert_equal "$(jq -c '[.[] | select(.level == "fail")]' <<<"$output")" '[]'
	assert_equal "$(jq -r '.[] | select(.check == "program") | "\(.subject) \(.level) \(.text)"' <<<"$output")" \
		$'e0 ok Daisy, in native mode\ne1 ok Daisy, in native mode'
	assert_equal "$(jq -r '.[] | select(.check == "guard") | "\(.subject) \(.level)"' <<<"$output")" $'e0 ok\ne1 ok'
	assert_equal "$(jq -r '.[] | select(.check == "forwarding") | "\(.subject) \(.text)"' <<<"$output")" \
		$'e0 on\ne1 on'
	on box nft delete table ip "daisy_$(instance)"
	run -1 --separate-stderr on box "$BUILD/bin/daisy" --run-dir "$TOPO_DIR/run" -j doctor dev e1
	assert_equal "$(jq -r '.[] | select(.level == "fail") | "\(.subject) \(.check)"' <<<"$output")" 'e1 guard'
	daemon_stop n0
	daemon_start box n0 --test-clock
	run -0 on box "$BUILD/bin/daisy" --run-dir "$TOPO_DIR/run" doctor dev e1
}

@test "metrics are what a Prometheus parser takes, and carry every family of the manual" {
	# Its addresses are given out in blocks.
	daisy pool add name p1 addresses 203.0.113.20
	run -0 on box curl -sS -m 5 http://127.0.0.1:9464/metrics
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/metrics"
	run -0 /usr/bin/python3 - "$BATS_TEST_TMPDIR/metrics" <<-'END'
		import sys
		from prometheus_client.parser import text_string_to_metric_families as parse
		families = list(parse(open(sys.argv[1]).read()))
		assert all(f.type in ("counter", "gauge") and f.documentation and f.samples for f in families)
		print(" ".join(sorted({s.name for f in families for s in f.samples})))
	END
	assert_equal "$output" "$("$BUILD/tests/unit/test_metrics" --print | sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' |
		sort | xargs)"
	run -0 on box curl -sS -m 5 -D - -o /dev/null http://127.0.0.1:9464/metrics
	assert_output --partial 'Content-Type: text/plain; version=0.0.4'
	if command -v promtool >/dev/null; then
		run -0 promtool check metrics <"$BATS_TEST_TMPDIR/metrics"
	fi
}

@test "metrics answer GET only, and only /metrics" {
	run -0 on box curl -sS -m 5 -o /dev/null -w '%{http_code}' -X POST http://127.0.0.1:9464/metrics
	assert_output 405
	run -0 on box curl -sS -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:9464/
	assert_output 404
	run -0 on box curl -sS -m 5 -I -o /dev/null -w '%{http_code}' http://127.0.0.1:9464/metrics
	assert_output 200
}

@test "only root is served" {
	chmod 755 "$TOPO_DIR" "$TOPO_DIR/run" "$BATS_FILE_TMPDIR"
	install -m 755 "$BUILD/bin/daisy" "$TOPO_DIR/daisy"
	run -1 setpriv --reuid=65534 --regid=65534 --clear-groups "$TOPO_DIR/daisy" --run-dir "$TOPO_DIR/run" \
		-i "$(instance)" mapping
	assert_output "daisy: mapping show: $TOPO_DIR/run/$(instance).sock: permission denied; run as root"
}

@test "a purge needs the name; it detaches, removes the guard, the pins, and ends the daemon" {
	run -2 daisy instance purge
	daisy instance purge name "$(instance)"
	wait_until 10 process_gone "$(daemon_pid)"
	[ ! -e "/sys/fs/bpf/daisy/$(map_format)/$(instance)" ]
	run ! on box nft list table ip "daisy_$(instance)"
	run -0 ipn box -d link show dev e0
	refute_output --partial 'prog/xdp'
	run -1 --separate-stderr daisy instance purge name "$(instance)"
	assert_regex "$stderr" "; to purge it without: daisyd --purge $(instance)\$"
	daemon_start box n0 --test-clock
}
