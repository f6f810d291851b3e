# SPDX-License-Identifier: GPL-2.0-or-later
# Exact facts: counters, mappings, checksums, the log.

# counters_mark: what counters_since counts from.
counters_mark() {
	counters_now >"$TOPO_DIR/counters.mark"
}

# Counters and drop reasons (drop_NAME), one "name value" a line.
counters_now() {
	daisy -j stats show | jq -r 'if type == "array" then .[0] else . end
		| (.counters | to_entries[] | "\(.key) \(.value)"),
		  (.drops | to_entries[] | "drop_\(.key) \(.value)")' | sort
}

# counters_since: "name=delta" of every counter that moved, sorted, one a line.
counters_since() {
	join "$TOPO_DIR/counters.mark" <(counters_now) | awk '$2 != $3 { print $1 "=" $3 - $2 }'
}

# assert_counters NAME=DELTA...: exactly these moved since counters_mark, or do within a second (an
# answer may be on its way). NAME=* may have moved.
assert_counters() {
	local any=() exact=() word expected
	for word in "$@"; do
		if [[ $word == *'=*' ]]; then
			any+=(-e "^${word%=*}=")
		else
			exact+=("$word")
		fi
	done
	# These depend on the age of neighbour entries.
	any+=(-e '^pass_arp=' -e '^arp_replies=' -e '^route_misses=')
	expected=$([ ${#exact[@]} -eq 0 ] || printf '%s\n' "${exact[@]}" | sort)
	wait_until 1 counters_are "$expected" "${any[@]}" 2>/dev/null || true
	assert_equal "$(counters_since | grep -v "${any[@]}")" "$expected"
}

counters_are() {
	[ "$(counters_since | grep -v "${@:2}")" = "$1" ]
}

# counter NAME
counter() {
	counters_now | awk -v name="$1" '$1 == name { print $2 }'
}

# figure PATH: of the statistics, slow_path.held for instance.
figure() {
	daisy -j stats show | jq -r "(if type == \"array\" then .[0] else . end).$1"
}

# Conditions to wait for: N packets are held; N clients listen, the one that asks included; no mapping is there.
held() {
	[ "$(figure slow_path.held)" = "$1" ]
}

clients_are() {
	[ "$(figure clients)" = "$1" ]
}

no_mappings() {
	[ "$(daisy -j mapping count | jq .count)" = 0 ]
}

# mappings [FILTER...]: "proto inside zone external", sorted, one mapping a line.
mappings() {
	daisy -j mapping show "$@" | jq -r 'if type == "array" then .[] else . end
		| "\(.proto) \(.inside) \(.zone) \(.external)"' | sort
}

# external_of PROTO INSIDE: the external end of the mapping of an inside end.
external_of() {
	mappings proto "$1" inside "$2" | awk '{ print $4 }'
}

# assert_checksums NAME: every IPv4, TCP, UDP and ICMP checksum of a capture is right. (What an ICMP
# error has embedded is cut short, so its TCP or UDP checksum cannot be judged; its IPv4 header's is.)
assert_checksums() {
	local bad
	bad=$(tshark -n -r "$TOPO_DIR/$1.pcap" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE \
		-o udp.check_checksum:TRUE -Y 'ip.checksum.status == 0 or icmp.checksum.status == 0 or
		((tcp.checksum.status == 0 or udp.checksum.status == 0) and not icmp)' 2>/dev/null)
	assert_equal "$bad" ''
}

# assert_log_clean [NAME]: the daemon found nothing to complain about.
assert_log_clean() {
	local bad
	bad=$(grep -hEi 'error|warn|fail|assert|sanitizer|leak' "$TOPO_DIR/${1:-n0}".*log || true)
	assert_equal "$bad" ''
}

# packet ARGS...: see packet.py.
packet() {
	"$TESTS/lib/packet.py" "$@"
}

# field NAME: of what packet printed ($output).
field() {
	awk -v name="$1" '$1 == name { print $2; exit }' <<<"$output"
}
