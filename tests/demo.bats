# SPDX-License-Identifier: GPL-2.0-or-later
#
# The demo that a newcomer runs first. It draws its topology itself.

load lib/load

DEMO=$BATS_TEST_DIRNAME/../demo/run

# The names of this file's demos begin with this, whatever else runs here.
export TOPO_PREFIX=demo$PPID-

# What our demos leave behind, if anything: namespaces, state, pins.
left_behind() {
	ip netns list | grep "^$TOPO_PREFIX"
	grep -l "^$TOPO_PREFIX" /run/daisy-demo/*/tag
	ls -d /sys/fs/bpf/daisy/*/"$TOPO_PREFIX"*
} 2>/dev/null

@test "the demo works, shows the real mapping table, and leaves nothing behind" {
	run -0 "$DEMO"
	assert_line --regexp '^Everything worked'
	refute_output --partial 'NOT OK'
	refute_output --partial $'\e'
	assert_line --regexp '^ *dynamic +tcp +10\.0\.0\.1[12]:[0-9]+ .* 203\.0\.113\.1[0-3]:[0-9]+ '
	assert_line --regexp '^ *dynamic +udp +10\.0\.0\.12:[0-9]+ '
	run left_behind
	assert_output ''
}

@test "Ctrl-C in the middle of the demo leaves nothing behind" {
	run -0 /usr/bin/python3 - "$DEMO" <<-'END'
		import os, signal, subprocess, sys
		demo = subprocess.Popen(sys.argv[1], stdout=subprocess.PIPE, text=True, start_new_session=True,
		                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
		for line in demo.stdout:
		    if line.startswith("HTTP"):
		        os.killpg(demo.pid, signal.SIGINT)
		        break
		demo.stdout.read()
		print(demo.wait(30))
	END
	assert_output 130
	run left_behind
	assert_output ''
}

@test "KEEP=1 leaves the demo running and says how to look, demo-clean ends it" {
	KEEP=1 run -0 "$DEMO"
	assert_line --partial 'sudo nsenter --net=/run/netns/'
	# The command it names is one that works.
	run -0 bash -c "$(grep -o '/[^ ]*/bin/daisy .* mapping show' <<<"$output")"
	assert_output --partial 203.0.113.1
	run left_behind
	refute_output ''
	run -0 "$DEMO" clean
	run left_behind
	assert_output ''
}

@test "two demos at once do not collide" {
	local first
	"$DEMO" >"$BATS_TEST_TMPDIR/first" 2>&1 3>&- &
	first=$!
	run -0 "$DEMO"
	assert_line --regexp '^Everything worked'
	wait $first
	run -0 grep -c '^Everything worked' "$BATS_TEST_TMPDIR/first"
}
