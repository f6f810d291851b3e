# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tool without a daemon: help, refusals, exit codes, which instance is
# meant. What is said about single words is in unit/test_grammar.c.

load lib/load

setup() {
	RUN=$BATS_TEST_TMPDIR/run
	mkdir -p "$RUN"
}

daisy() {
	"$BUILD/bin/daisy" --run-dir "$RUN" "$@"
}

# A socket file that nobody listens to, as a killed daemon leaves it.
stale_socket() {
	/usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$RUN/$1.sock"
}

# One line on standard error, nothing on standard output, exit code 2.
assert_usage() {
	local message=$1
	shift
	run -2 --separate-stderr daisy "$@"
	assert_output ''
	assert_equal "$stderr" "daisy: $message"
}

@test "help of everything is exit code 0 and on standard output" {
	local words
	for words in help --help 'link help' 'link set help' 'mapping show help' 'doctor help'; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr daisy $words
		assert_output --partial 'Usage: daisy '
		assert_equal "$stderr" ''
	done
}

@test "nothing at all is a usage error that shows the help" {
	run -2 --separate-stderr daisy
	assert_output ''
	assert_regex "$stderr" '^Usage: daisy '
}

@test "an unknown object, command, keyword or option is quoted, exit code 2" {
	assert_usage '"lnk" is unknown, expected link, pool, address, peer, subscriber, mapping, stats, monitor, instance, config, chain, doctor or help' lnk
	assert_usage 'address: "drain" is unknown, expected show, set, move, help, address or pool' address drain
	assert_usage 'link show: "device" is unknown, expected dev or help' link show device eth0
	assert_usage 'config save: "now" is unknown, expected help' config save now
	assert_usage '"-x" is unknown, expected -j, -p, -i, --run-dir, -V or -h' -x
	assert_usage '"--jsn" is unknown, expected -j, -p, -i, --run-dir, -V or -h' --jsn
	assert_usage '"--json" takes no value' --json=yes
	assert_usage '"-i" needs a value: INSTANCE' -i
	assert_usage '"--instance" needs a value: INSTANCE' --instance
}

@test "keywords are exact: no abbreviation is taken" {
	assert_usage '"map" is unknown, expected link, pool, address, peer, subscriber, mapping, stats, monitor, instance, config, chain, doctor or help' map
	assert_usage 'mapping: "sh" is unknown, expected show, count, trace, add, delete, help, proto, inside, external, zone, kind, limit or connections' mapping sh
	run -2 daisy --js link
}

@test "a bad value is refused before a daemon is asked" {
	assert_usage 'mapping show: port "70000" is not 0-65535' mapping show inside 10.0.0.1:70000
	assert_usage 'mapping delete: nothing says which: give proto, inside, external, zone or kind, or all' mapping delete
	assert_usage 'mapping delete: "all" stands alone, without proto, inside, external, zone and kind' mapping delete all proto udp
	assert_usage 'link set: "next-hop" is for one side, "next-hop-inside" and "next-hop-outside" for both, not together' \
		link set dev e next-hop none next-hop-inside none
	assert_usage 'instance purge: name "n1" is not the instance of option -i, "n0"' -i n0 instance purge name n1
}

@test "an option behind the object is told where it belongs" {
	assert_usage 'mapping show: "-j" stands before the object: daisy -j OBJECT ...' mapping show -j
}

@test "with -j an error is also an object on standard output" {
	run -2 --separate-stderr daisy -j mapping show inside x
	assert_equal "$stderr" 'daisy: mapping show: inside "x" is not ADDRESS or ADDRESS:PORT'
	assert_equal "$(jq -c . <<<"$output")" \
		'{"error":{"where":"mapping show","message":"inside \"x\" is not ADDRESS or ADDRESS:PORT","code":2}}'
}

@test "without a daemon the tool says so and what to do, exit code 1" {
	run -1 --separate-stderr daisy mapping
	assert_equal "$stderr" "daisy: mapping show: no daemon is running: $RUN holds no control socket; start one with \"systemctl start daisyd@NAME\" or \"daisyd --config FILE\""
	run -1 --separate-stderr daisy -i n7 mapping
	assert_equal "$stderr" "daisy: mapping show: no daemon of instance \"n7\": $RUN/n7.sock does not exist; start it with \"systemctl start daisyd@n7\""
}

@test "a socket without its daemon is told from none" {
	stale_socket n0
	run -1 --separate-stderr daisy stats
	assert_equal "$stderr" 'daisy: stats show: daemon of instance "n0" has ended (its mappings still translate); start it with "systemctl start daisyd@n0"'
	run -0 daisy -j instance list
	assert_equal "$(jq -c '.[] | [.name, .running]' <<<"$output")" '["n0",false]'
}

@test "with two instances the tool asks which, exit code 2" {
	stale_socket n0
	stale_socket n1
	run -2 --separate-stderr daisy stats
	assert_equal "$stderr" 'daisy: stats show: more than one instance runs here, say which: -i with one of n0, n1'
}

@test "instances are completed from the run directory" {
	stale_socket n0
	stale_socket city
	run -0 "$BUILD/bin/daisy" --complete --run-dir "$RUN" -i ''
	assert_output $'city\nn0'
	run -0 "$BUILD/bin/daisy" --complete --run-dir "$RUN" instance purge name c
	assert_output city
}

@test "stats --explain needs no daemon" {
	run -0 daisy stats --explain
	assert_line --regexp '^no_port +drop +daisy_drops_total\{reason="no_port"\} +every port of'
}

@test "a reader that goes away is no error, a full disk is" {
	run -0 --separate-stderr bash -o pipefail -c '"$0" stats --explain | head -1' "$BUILD/bin/daisy"
	assert_equal "$stderr" ''
	run -1 --separate-stderr bash -c '"$0" stats --explain >/dev/full' "$BUILD/bin/daisy"
	assert_equal "$stderr" 'daisy: stats show: standard output: No space left on device'
}

@test "the version is the one of the build" {
	run -0 daisy --version
	assert_output "daisy $(sed -n 's/#define DAISY_VERSION "\(.*\)"/\1/p' "$TESTS/../bpf/shared/version.h")"
}
