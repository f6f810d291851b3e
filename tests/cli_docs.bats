# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tool accepts, what its help says, what the manual says and what the
# shell completes are the same (one table, user/cli/grammar.h, is behind the
# first three; the manual is written by hand).

load lib/load

OBJECTS='link pool address peer subscriber mapping stats monitor instance config chain doctor'

setup_file() {
	export MAN=$TESTS/../man
}

daisy() {
	"$BUILD/bin/daisy" "$@"
}

# One line for each line of the grammar, blanks squeezed: usage_of TOOL-OUTPUT
usage_of() {
	sed -n '/^Usage: /,/^$/p' | sed 's/^Usage: /       /' |
		awk '/^               / { line = line $0; next } line { print line } { line = $0 } END { print line }' |
		squeeze
}

squeeze() {
	sed -E 's/ +/ /g; s/^ //; s/ $//; /^$/d'
}

# The SYNOPSIS of a page, without its marks: synopsis_of PAGE
synopsis_of() {
	sed -n '/^# SYNOPSIS/,/^# DESCRIPTION/p' "$MAN/$1.scd" | grep -v '^#' | sed 's/[*_]//g' | squeeze
}

# Section of a page that describes a command: section_of PAGE HEADING
section_of() {
	awk -v want="## $2" '/^#/ { on = $0 == want; next } on' "$MAN/$1.scd"
}

# Keywords below the help of a command; what is in capitals is a value without a keyword.
keywords_of() {
	daisy "$@" help | sed -n 's/^  \([^ A-Z][^ ]*\) .*/\1/p'
}

verbs_of() {
	daisy "$1" help | sed -n 's/^  \([^ ][^ ]*\) .*/\1/p'
}

@test "the objects are the ones of the general help, of daisy(8), and of this file" {
	local listed
	listed=$(daisy help | sed -n '/^Objects:/,/^$/s/^  \([^ ][^ ]*\) .*/\1/p' | xargs)
	assert_equal "$listed" "$OBJECTS"
	assert_equal "$(sed -n '/^# OBJECTS/,/^# OPTIONS/s/^\*\(.*\)\*$/\1/p' "$MAN/daisy.8.scd" | xargs)" \
		"$OBJECTS"
	assert_equal "$(daisy help | usage_of)" "$(synopsis_of daisy.8)"
}

@test "the synopsis of every page is the help of its object" {
	local object
	for object in $OBJECTS; do
		assert_equal "$(daisy "$object" help | usage_of)" "$(synopsis_of "daisy-$object.8")"
	done
}

@test "every page describes every command and keyword of its object" {
	local object
	for object in $OBJECTS; do
		assert_described "$object"
	done
}

@test "completion offers what the help lists, no more and no less" {
	local object
	for object in $OBJECTS; do
		assert_completed "$object"
	done
}

assert_described() {
	local verb key
	assert_equal "$(sed -n "s/^## daisy $1 //p" "$MAN/daisy-$1.8.scd" | xargs)" "$(verbs_of "$1" | xargs)"
	for verb in $(verbs_of "$1"); do
		# count and delete of mappings have the filters of show.
		[ "$1 $verb" != 'mapping count' ] && [ "$1 $verb" != 'mapping delete' ] || continue
		for key in $(keywords_of "$1" "$verb"); do
			section_of "daisy-$1.8" "daisy $1 $verb" | grep -qE "(^|, )\*$key\*|^\*$key " ||
				key_missing "$1" "$verb" "$key"
		done
	done
}

# Some keywords are explained in running text, where there is nothing to add.
key_missing() {
	section_of "daisy-$1.8" "daisy $1 $2" | grep -qE "\*$3\*" || section_of "daisy-$1.8" "daisy $1 show" |
		grep -qE "^\*$3\*" || { [ "$3" = name ] || [ "$3" = dev ] || [ "$3" = vlan ]; } ||
		fail "daisy-$1(8), \"$2\": nothing about \"$3\""
}

assert_completed() {
	local verb
	for verb in $(verbs_of "$1"); do
		assert_equal "$(daisy --complete "$1" "$verb" '' | sort)" \
			"$({ keywords_of "$1" "$verb"; echo help; } | sort)"
	done
	assert_equal "$(daisy --complete "$1" '' | sort)" \
		"$({ verbs_of "$1"; keywords_of "$1" show; echo help; } | sort)"
}

@test "bash completes by the shim, from the binary of the command line" {
	run -0 bash -c 'source "$1"; COMP_WORDS=("$2" mapping show proto ""); COMP_CWORD=4
		_daisy; printf "%s\n" "${COMPREPLY[@]}"' bash "$TESTS/../packaging/completion/daisy" \
		"$BUILD/bin/daisy"
	assert_output $'udp\ntcp\nicmp'
	[ "$(wc -l <"$TESTS/../packaging/completion/daisy")" -le 10 ]
}

@test "stats --explain has a sentence for every counter and drop reason, in the order of the lists" {
	local listed
	listed=$(sed -nE 's/^\tX\(([a-z0-9_]+), ".*/\1/p' "$TESTS/../bpf/shared/counters.h"
		sed -nE 's/^\tX\([0-9]+, [A-Z0-9_]+, "([a-z0-9_]+)".*/\1/p' "$TESTS/../bpf/shared/reasons.h")
	run -0 daisy -j stats --explain
	assert_equal "$(jq -r '.[].name' <<<"$output")" "$listed"
	assert_equal "$(jq '[.[] | select(.help | length < 10)] | length' <<<"$output")" 0
}

@test "daisy-metrics(7) names every metric, and no other" {
	local names
	names=$("$BUILD/tests/unit/test_metrics" --print | sed -n 's/^# TYPE \([^ ]*\) .*/\1/p')
	# Counters by name are in stats --explain.
	names=$(grep -vxF "$(daisy -j stats --explain | jq -r '.[] | select(.kind == "counter") | .metric')" \
		<<<"$names")
	assert_equal "$(sed -n '/^# PACKETS/,/^# EXAMPLES/p' "$MAN/daisy-metrics.7.scd" |
		grep '^\*' | grep -oE '\*daisy_[a-z_]+' | tr -d '*' | sort)" "$(sort <<<"$names")"
}

@test "the synopsis of daisyd(8) is the help of daisyd, and every option is described" {
	run -0 "$BUILD/bin/daisyd" --help
	assert_equal "$(usage_of <<<"$output")" "$(synopsis_of daisyd.8)"
	local option
	for option in $(sed -n 's/^  \(--[a-z-]*\).*/\1/p' <<<"$output"); do
		grep -qE "(^|, )\*$option\*" "$MAN/daisyd.8.scd" || fail "daisyd(8): nothing about $option"
	done
}

@test "the synopsis of daisy-ctl(8) is the help of daisy-ctl, and every command, kind and option is described" {
	local word
	run -0 "$BUILD/bin/daisy-ctl" help
	assert_equal "$(usage_of <<<"$output")" "$(synopsis_of daisy-ctl.8)"
	for word in $(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$output"); do
		grep -qx "## daisy-ctl $word" "$MAN/daisy-ctl.8.scd" || fail "daisy-ctl(8): nothing about $word"
	done
	for word in $(grep -oE -- '^  (-[a-z], )?--[a-z]+' <<<"$output" | tr -d ,); do
		grep -qF "*$word*" "$MAN/daisy-ctl.8.scd" || fail "daisy-ctl(8): nothing about $word"
	done
	for word in $(sed -nE 's/^\tX\([A-Z]+, "([a-z]+)", [0-9]+\).*/\1/p' "$TESTS/../openflow/cookie.h"); do
		grep -qE "^\| [0-9]+ \| $word \|" "$TESTS/../openflow/README.md" || fail "openflow/README.md: nothing about $word"
	done
}

@test "the example of an inventory is accepted, and so is the one of daisy-ctl(8)" {
	run -0 "$BUILD/bin/daisy-ctl" show "$TESTS/../packaging/default/inventory.yaml"
	sed -n '/^```$/,/^```$/{/^```$/!p}' "$MAN/daisy-ctl.8.scd" >"$BATS_TEST_TMPDIR/net.yaml"
	run -0 "$BUILD/bin/daisy-ctl" show "$BATS_TEST_TMPDIR/net.yaml"
}

@test "timers of daisyd.yaml(5), their defaults and minima are those of the datapath" {
	assert_equal "$(awk '/^\|  \*/ { gsub(/[|* ]/, ""); printf "%s", $0; n = 0; next }
		/^:  [0-9]+$/ && n++ < 2 { printf " %s", $2; if (n == 2) print "" }' "$MAN/daisyd.yaml.5.scd")" \
		"$(sed -nE 's/^\tX\([A-Z_]+, "([a-z-]+)", ([0-9]+), ([0-9]+), .*/\1 \2 \3/p' \
			"$TESTS/../bpf/shared/config.h")"
}

@test "every page is accepted by scdoc and by man without a warning" {
	local page
	for page in "$MAN"/*.scd; do
		run -0 scdoc <"$page"
		run -0 --separate-stderr man --warnings -E UTF-8 -l - <<<"$output"
		assert_equal "$stderr" ''
	done
}

@test "doc/operating.md names every event, and no reason that there is not" {
	local page=$TESTS/../doc/operating.md shared=$TESTS/../bpf/shared name known
	for name in $(sed -n 's/^\tX([0-9]*, [A-Z_]*, "\([a-z-]*\)".*/\1/p' "$shared/events.h") link instance lost; do
		run -0 grep -F "\`$name\`" "$page"
	done
	known=$(sed -n 's/^\tX([0-9]*, [A-Z_]*, "\([a-z_]*\)".*/\1/p' "$shared/reasons.h")
	for name in $(sed -n '/^| Reason/,/^## /p' "$page" | cut -d'|' -f2 | grep -o '`[a-z_]*`' | tr -d '\`'); do
		run -0 grep -x "$name" <<<"$known"
	done
}
