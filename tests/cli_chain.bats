# SPDX-License-Identifier: GPL-2.0-or-later
#
# daisy chain: chains from files, what is refused, and real rule sets under both
# engines and a linear scan that shares no code with them (tests/chain/scan.c).
# Elements and operators one by one are in unit/test_chain.c.

load lib/load

RULES=$BATS_TEST_DIRNAME/data/rules

chain() {
	"$BUILD/bin/daisy" chain "$@"
}

write() {
	cat >"$BATS_TEST_TMPDIR/$1"
}

# assert_refused MESSAGE, of the file x.chain, whose name stands for FILE in the message
assert_refused() {
	run -1 --separate-stderr chain compile "$BATS_TEST_TMPDIR/x.chain"
	assert_output ''
	assert_equal "$stderr" "daisy: chain compile: ${1//FILE/$BATS_TEST_TMPDIR/x.chain}"
}

# The motivating case of SNF without its state: filter, then router, then the last hop's Ethernet.
two_functions() {
	write fw.click <<-'CLICK'
		// what may pass
		FromDevice(eth0) -> Strip(14) -> CheckIPHeader
			-> f :: IPFilter(drop src net 10.9.0.0/16, allow udp && dst port 1234, allow tcp)
			-> DecIPTTL -> Unstrip(14) -> ToDevice(eth1);
	CLICK
	write x.chain <<-'CHAIN'
		function fw "fw.click"
		function rt {
			elementclass Hop { $mac | input -> DecIPTTL -> EtherEncap(0x0800, 02:00:00:00:00:01, $mac) -> output }
			FromDevice(in) -> Strip(14) -> r :: StaticIPLookup(10.0.0.0/8 0, 0.0.0.0/0 192.0.2.1 1);
			r[0] -> Hop(02:00:00:00:00:0a) -> ToDevice(lan);
			r[1] -> Hop(02:00:00:00:00:0b) -> ToDevice(wan);
		}
		entry [eth0]fw;
		fw[eth1] -> [in]rt;
	CHAIN
}

@test "two functions become one classifier with a class for each way out and one for drops (S-1, S-7, S-8)" {
	two_functions
	run -0 --separate-stderr chain compile "$BATS_TEST_TMPDIR/x.chain" --stats
	assert_equal "$stderr" ''
	assert_equal "$(cut -c1-8 <<<"$output" | tail -n +2 | sort | uniq | wc -l)" 3
	assert_line --regexp '^[0-9a-f]{8} .* to rt\[lan\], ether-type = 2048, ether-src = 02:00:00:00:00:01, ether-dst = 02:00:00:00:00:0a, ttl - 2$'
	assert_line --regexp '^[0-9a-f]{8} .* to rt\[wan\], next-hop = 192.0.2.1, ether-type = 2048, ether-src = 02:00:00:00:00:01, ether-dst = 02:00:00:00:00:0b, ttl - 2$'
	assert_line --regexp '^[0-9a-f]{8} .* drop$'
}

@test "statistics count reads, writes and checksums before and after (S-16)" {
	two_functions
	run -0 "$BUILD/bin/daisy" -j chain compile "$BATS_TEST_TMPDIR/x.chain" --stats
	assert_equal "$(jq -c '.[] | select(.does | startswith("to rt[lan]")) | [.before, .after]' <<<"$output")" \
		'[{"elements":13,"reads":4,"writes":4,"checksums":2},{"reads":1,"writes":4,"checksums":1}]'
}

@test "the same chain compiles to the same text, byte by byte" {
	two_functions
	assert_equal "$(chain compile "$BATS_TEST_TMPDIR/x.chain" --explain | md5sum)" \
		"$(chain compile "$BATS_TEST_TMPDIR/x.chain" --explain | md5sum)"
}

@test "explain shows filters in words, with the line that they come from (S-3)" {
	write x.click <<-'CLICK'
		FromDevice(a) -> IPFilter(
			deny src net 10.0.0.0/8 && dst port 80-90,
			allow tcp opt syn and ip ttl > 9
		) -> ToDevice(b);
	CLICK
	run -0 chain compile "$BATS_TEST_TMPDIR/x.click" --explain
	assert_line --regexp '^ +1  src 10\.0\.0\.0/8, proto 6 17, dport 80-90, frag 0-1  \(.*/x\.click:2\)$'
	assert_line --regexp '^ +3  everything  \(.*/x\.click:1\)$'
	run -0 "$BUILD/bin/daisy" -j chain compile "$BATS_TEST_TMPDIR/x.click" --explain
	assert_equal "$(jq -c '.[] | [.entry, .does, [.filters[] | .number, .filter, .line, .reached]]' <<<"$output")" \
		'["[a]nf","drop",[1,"src 10.0.0.0/8, proto 6 17, dport 80-90, frag 0-1",2,true,3,"everything",1,true]]
["[a]nf","to nf[b]",[2,"proto 6, tcp-flags 2-3 6-7 10-11 14-15 18-19 22-23 26-27 30-31 and 56 more, ttl 10-255, frag 0-1",3,true]]'
}

@test "both engines say the same of every header, class and verdict (S-10, S-11)" {
	two_functions
	printf '%s\n' '167772161 167772162 1 1234 17 0 0' '167772161 134744072 1 1234 17 0 0' \
		'168361985 167772162 1 1234 17' '167772161 167772162 1 1235 17 0' '167772161 16843009 9 9 6' \
		>"$BATS_TEST_TMPDIR/trace"
	run -0 chain eval "$BATS_TEST_TMPDIR/x.chain" --trace "$BATS_TEST_TMPDIR/trace" --engine reference
	assert_equal "$(cut -d' ' -f2 <<<"$output" | xargs)" 'allow allow drop drop allow'
	assert_equal "$(cut -d' ' -f1 <<<"$output" | sort -u | wc -l)" 3
	assert_equal "$(chain eval "$BATS_TEST_TMPDIR/x.chain" --trace "$BATS_TEST_TMPDIR/trace" --engine classes)" "$output"
	assert_equal "$(chain eval "$BATS_TEST_TMPDIR/x.chain" --trace - <"$BATS_TEST_TMPDIR/trace")" "$output"
}

# assert_agreement CHAIN RULES TRACE HEADERS
assert_agreement() {
	chain eval "$1" --trace "$3" --engine classes >"$BATS_TEST_TMPDIR/classes"
	chain eval "$1" --trace "$3" --engine reference >"$BATS_TEST_TMPDIR/reference"
	"$BUILD/tests/chain/scan" "$2" "$3" >"$BATS_TEST_TMPDIR/scan"
	run -0 cmp "$BATS_TEST_TMPDIR/classes" "$BATS_TEST_TMPDIR/reference"
	run -0 cmp <(cut -d' ' -f2 "$BATS_TEST_TMPDIR/classes") "$BATS_TEST_TMPDIR/scan"
	assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/scan")" "$4"
	assert_equal "$(sort -u "$BATS_TEST_TMPDIR/scan" | xargs)" 'allow drop'
}

@test "a filter set and its trace: classes, elements and a linear scan agree on 14,027 headers (S-6, S-13)" {
	"$TESTS/../scripts/classbench-chain" "$RULES/cb_fw1_1k.rules" >"$BATS_TEST_TMPDIR/x.chain"
	gzip -dc "$RULES/cb_fw1_1k.trace.gz" >"$BATS_TEST_TMPDIR/trace"
	assert_agreement "$BATS_TEST_TMPDIR/x.chain" "$RULES/cb_fw1_1k.rules" "$BATS_TEST_TMPDIR/trace" 14027
}

@test "filter sets: all agree on 20,000 headers on and beside the borders of the rules (S-6, S-13)" {
	local set
	for set in cb_fw1_1k nc_acl2_1k tm_acl1_941; do
		"$TESTS/../scripts/classbench-chain" "$RULES/$set.rules" >"$BATS_TEST_TMPDIR/x.chain"
		"$BUILD/tests/chain/scan" "$RULES/$set.rules" --headers 20000 >"$BATS_TEST_TMPDIR/trace"
		assert_agreement "$BATS_TEST_TMPDIR/x.chain" "$RULES/$set.rules" "$BATS_TEST_TMPDIR/trace" 20000
	done
}

@test "9388 rules compile and are proven within 30 s, and all agree on 10,000 headers (S-6, S-13)" {
	gzip -dc "$RULES/cb_fw1_10k.rules.gz" >"$BATS_TEST_TMPDIR/x.rules"
	"$TESTS/../scripts/classbench-chain" "$BATS_TEST_TMPDIR/x.rules" >"$BATS_TEST_TMPDIR/x.chain"
	run -0 timeout 30 "$BUILD/bin/daisy" chain compile "$BATS_TEST_TMPDIR/x.chain"
	"$BUILD/tests/chain/scan" "$BATS_TEST_TMPDIR/x.rules" --headers 10000 >"$BATS_TEST_TMPDIR/trace"
	assert_agreement "$BATS_TEST_TMPDIR/x.chain" "$BATS_TEST_TMPDIR/x.rules" "$BATS_TEST_TMPDIR/trace" 10000
}

@test "the access lists of the paper, 251 and 713 rules: all agree on 20,000 headers (S-20)" {
	local n
	for n in 251 713; do
		{
			echo 'FromDevice(in) -> Strip(14) -> IPFilter('
			sed 's/$/,/' "$RULES/snf_real_acl_$n.ipfilter"
			echo 'drop all) -> Unstrip(14) -> ToDevice(out);'
		} >"$BATS_TEST_TMPDIR/x.click"
		"$BUILD/tests/chain/scan" "$RULES/snf_real_acl_$n.ipfilter" --headers 20000 >"$BATS_TEST_TMPDIR/trace"
		assert_agreement "$BATS_TEST_TMPDIR/x.click" "$RULES/snf_real_acl_$n.ipfilter" "$BATS_TEST_TMPDIR/trace" 20000
		assert_equal "$("$BUILD/bin/daisy" -j chain compile "$BATS_TEST_TMPDIR/x.click" | jq -c '[.classes, .filters >= 251, .regions > 0]')" \
			'[2,true,true]'
	done
}

@test "errors of a chain name file, line and column, in the file that has them" {
	two_functions
	sed -i 's/dst port 1234/dst prot 1234/' "$BATS_TEST_TMPDIR/fw.click"
	run -1 --separate-stderr chain compile "$BATS_TEST_TMPDIR/x.chain"
	assert_regex "$stderr" '^daisy: chain compile: .*/fw\.click:3:[0-9]+: expected .*, not "prot"$'
	rm "$BATS_TEST_TMPDIR/fw.click"
	assert_refused "FILE:1:13: $BATS_TEST_TMPDIR/fw.click: cannot read: No such file or directory"
}

@test "topologies that are no chain are refused: cycles, interfaces that are not there or used twice (S-7)" {
	local nf='{ FromDevice(a) -> DecIPTTL -> ToDevice(b); FromDevice(c) -> ToDevice(d) }'
	write x.chain <<<"function f $nf entry [a]f; f[b] -> [c]f;"
	assert_refused 'FILE:1:101: function "f" is connected to itself, expected a chain without cycles'
	write x.chain <<<"function f $nf function g $nf entry [c]g; f[b] -> [a]g; g[b] -> [a]f;"
	assert_refused 'FILE:1:10: function "f" is in a cycle of functions'
	write x.chain <<<"function f $nf entry [a]f; entry [a]f;"
	assert_refused 'FILE:1:106: this interface is an entry already'
	write x.chain <<<"function f $nf entry [b]f;"
	run -1 chain compile "$BATS_TEST_TMPDIR/x.chain"
	assert_output --partial 'function "f" has no FromDevice(b)'
	write x.chain <<<"function f $nf function g $nf entry [a]f; f[b] -> [a]g; f[b] -> [c]g;"
	run -1 chain compile "$BATS_TEST_TMPDIR/x.chain"
	assert_output --partial 'this interface is used twice, expected one connection of each'
	write x.chain <<<"function f $nf function g $nf entry [a]g; f[b] -> [a]g;"
	run -1 chain compile "$BATS_TEST_TMPDIR/x.chain"
	assert_output --partial 'this interface is an entry, nothing can lead to it'
	write x.chain <<<"function f $nf"
	run -1 chain compile "$BATS_TEST_TMPDIR/x.chain"
	assert_output --partial 'packets enter nowhere'
}

@test "a filter that nothing can match is warned of, and compiled" {
	write x.chain <<<'FromDevice(a) -> IPFilter(allow tcp && udp, allow all) -> ToDevice(b);'
	run -0 --separate-stderr chain compile "$BATS_TEST_TMPDIR/x.chain"
	assert_equal "$stderr" "daisy: chain compile: warning: $BATS_TEST_TMPDIR/x.chain:1:27: no packet can match this"
}

@test "rules that multiply beyond the bound are refused in bounded time, with the rules that cause it" {
	{
		echo 'FromDevice(in) -> f :: IPFilter('
		local i
		for i in $(seq 700); do echo "allow src port $((i * 2)),"; done
		echo ') -> g :: IPFilter('
		for i in $(seq 700); do echo "allow dst port $((i * 2)),"; done
		echo ') -> ToDevice(out);'
	} >"$BATS_TEST_TMPDIR/x.chain"
	run -1 --separate-stderr timeout 30 "$BUILD/bin/daisy" chain compile "$BATS_TEST_TMPDIR/x.chain"
	assert_regex "$stderr" '^daisy: chain compile: the chain takes more than 262144 filters, most of them because of .*x\.chain:[0-9]+:1 \([0-9]+\), .*; expected rules that overlap less$'
}

@test "elements whose filters combine without end are refused in bounded time" {
	{
		echo 'FromDevice(in) -> f :: IPFilter('
		seq -f 'allow src port %.0f && dst net 10.0.0.0/8,' 0 2 64000
		echo ') -> g :: IPFilter('
		seq -f 'allow src port %.0f && dst net 10.0.0.0/8,' 1 2 64000
		echo ') -> ToDevice(out);'
	} >"$BATS_TEST_TMPDIR/x.chain"
	run -1 --separate-stderr timeout 60 "$BUILD/bin/daisy" chain compile "$BATS_TEST_TMPDIR/x.chain"
	assert_regex "$stderr" 'x\.chain:[0-9]+:[0-9]+: the filters of "nf/g" and of the elements before it have more than 200 million combinations, expected fewer rules$'
}

@test "dot draws the elements and what is left of them" {
	two_functions
	run -0 chain compile "$BATS_TEST_TMPDIR/x.chain" --dot
	assert_line 'digraph elements {'
	assert_line 'digraph classes {'
	assert_equal "$(grep -c 'shape=diamond' <<<"$output")" 1
	assert_equal "$(grep -c 'shape=box' <<<"$output")" 3
}

@test "a trace that is none, an entry that is not there, a file that is missing: refused" {
	two_functions
	run -1 --separate-stderr chain eval "$BATS_TEST_TMPDIR/x.chain" --trace - <<<'1 2 3 4'
	assert_equal "$stderr" 'daisy: chain eval: -:1: expected src dst sport dport proto [flags [rule]], decimal numbers'
	run -1 --separate-stderr chain eval "$BATS_TEST_TMPDIR/x.chain" --trace - <<<'1 2 65536 4 6'
	assert_equal "$stderr" 'daisy: chain eval: -:1: expected addresses, ports and a protocol within their ranges'
	run -1 --separate-stderr chain eval "$BATS_TEST_TMPDIR/x.chain" --trace - --entry '[eth9]fw' <<<''
	assert_equal "$stderr" 'daisy: chain eval: entry "[eth9]fw" is not an entry of the chain, as [INTERFACE]FUNCTION'
	run -2 --separate-stderr chain compile
	assert_equal "$stderr" 'daisy: chain compile: "FILE" is missing'
	run -2 --separate-stderr chain
	assert_equal "$stderr" 'daisy: chain: command "" is not compile, eval or help'
	run -1 --separate-stderr chain compile /nonexistent
	assert_equal "$stderr" 'daisy: chain compile: /nonexistent: cannot read: No such file or directory'
}

@test "the converter names the line that it cannot convert" {
	run -1 --separate-stderr "$TESTS/../scripts/classbench-chain" - <<<$'@1.2.3.4/32\t0.0.0.0/0\t0 : 65535\t0 : 65535\t0x11/0xFF\t0x0200/0x0200'
	assert_equal "$stderr" 'classbench-chain: -:1: flags 0x0200/0x0200 mean nothing for protocol 17'
	run -0 "$TESTS/../scripts/classbench-chain" --filter-only - <<<$'@1.2.3.0/24\t0.0.0.0/0\t0 : 65535\t80 : 88\t0x06/0xFF\t0x0200/0x1200'
	assert_output 'allow src net 1.2.3.0/24 && ip proto 6 && dst port 80-88 && tcp opt syn && not tcp opt ack'
}

@test "it needs neither root nor a daemon" {
	two_functions
	chmod -R a+rX "$BATS_RUN_TMPDIR"
	run -0 setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/bin/daisy" --run-dir /nonexistent chain \
		compile "$BATS_TEST_TMPDIR/x.chain"
}
