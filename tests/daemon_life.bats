# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon comes and goes, the mappings stay. Two-armed topology as in
# two_armed.bats (drawn there and in lib/nets.bash).

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	daisy_two_armed
	www_file slow 1200000
}

teardown_file() {
	topo_end
}

setup() {
	process_gone "$(cat "$TOPO_DIR/n0.pid" 2>/dev/null || echo 0)" || return 0
	daemon_start box n0 --test-clock
}

# With a download under way that takes three seconds, run a command; the file arrives whole.
during_download() {
	local pid local_port=$1
	shift
	on in1 curl -sS -m 20 -o "$BATS_TEST_TMPDIR/file" --local-port "$local_port" \
		http://198.51.100.10/slow/slow 3>&- &
	pid=$!
	wait_until 5 test -s "$BATS_TEST_TMPDIR/file"
	"$@"
	wait $pid
	assert_equal "$(sha256sum <"$BATS_TEST_TMPDIR/file")" "$(<"$TOPO_DIR/www/slow.sha256")"
}

stop_and_start() {
	daemon_stop
	daemon_start box n0 --test-clock
}

@test "a clean stop and start keeps every mapping, and a download that runs meanwhile" {
	local before
	during_download 20001 stop_and_start
	before=$(mappings)
	stop_and_start
	assert_equal "$(mappings)" "$before"
	run -0 daisy -j instance show
	assert_equal "$(jq -r .opened <<<"$output")" adopted
}

@test "a clean stop ends with status 0 within two seconds" {
	local pid
	daemon_stop
	nsenter --net="/run/netns/$TOPO_TAG-box" "$BUILD/bin/daisyd" --config "$TOPO_DIR/n0.yaml" \
		--run-dir "$TOPO_DIR/run" >"$TOPO_DIR/n0.log" 2>&1 3>&- &
	pid=$!
	wait_until 10 daemon_answers n0
	kill -TERM $pid
	wait_gone 2 $pid
	wait $pid
}

@test "killed with -9: existing and new mappings go on, the next start finds everything" {
	local before
	during_download 20003 daemon_kill
	# Nobody is at home, and still a new flow gets through.
	run -0 on in2 curl -sS -m 10 --local-port 20004 http://198.51.100.10/whoami
	before=$output
	daemon_start box n0 --test-clock
	assert_equal "$(external_of tcp 10.0.0.12:20004)" "$before"
	run -0 on in2 ping -c3 -i 0.02 -W2 198.51.100.10
	assert_output --partial '3 received'
}

@test "killed again and again during a download, the file arrives and no mapping is lost" {
	local before
	on in2 curl -sS -m 10 -o /dev/null --local-port 20005 http://198.51.100.10/whoami
	before=$(external_of tcp 10.0.0.12:20005)
	during_download 20006 kill_and_start_thrice
	assert_equal "$(external_of tcp 10.0.0.12:20005)" "$before"
}

kill_and_start_thrice() {
	local i
	for i in 1 2 3; do
		daemon_kill
		daemon_start box n0 --test-clock
	done
}

program_id() {
	ipn box -j link show dev "$1" | jq '.[0].xdp.prog.id'
}

@test "an upgrade replaces the programs without a gap and keeps the mappings" {
	local before_mappings before_program pid
	on in2 curl -sS -m 10 -o /dev/null --local-port 20007 http://198.51.100.10/whoami
	before_mappings=$(mappings)
	before_program=$(program_id e0)
	cp "$BUILD/bin/daisyd" "$BATS_TEST_TMPDIR/daisyd-new"
	on in1 ping -q -i 0.01 -c 200 -W2 198.51.100.10 >"$BATS_TEST_TMPDIR/ping" 3>&- &
	pid=$!
	daemon_stop
	DAISYD=$BATS_TEST_TMPDIR/daisyd-new daemon_start box n0 --test-clock
	wait $pid
	refute [ "$(program_id e0)" = "$before_program" ]
	assert_equal "$(mappings | grep -v ^icmp)" "$(grep -v ^icmp <<<"$before_mappings")"
	run -0 cat "$BATS_TEST_TMPDIR/ping"
	assert_output --partial '200 received, 0% packet loss'
}

@test "pinned maps of another format are refused by name, and are left alone" {
	daemon_stop
	mkdir -p /sys/fs/bpf/daisy/9999
	mv "/sys/fs/bpf/daisy/$(map_format)/$(instance)" "/sys/fs/bpf/daisy/9999/$(instance)"
	run ! on box "$BUILD/bin/daisyd" --config "$TOPO_DIR/n0.yaml" --run-dir "$TOPO_DIR/run"
	assert_output --partial "instance \"$(instance)\" has maps of format 9999"
	assert_output --partial "writes format $(map_format)"
	[ -e "/sys/fs/bpf/daisy/9999/$(instance)/conf" ]
	run -0 on in1 ping -c1 -W2 198.51.100.10
	mv "/sys/fs/bpf/daisy/9999/$(instance)" "/sys/fs/bpf/daisy/$(map_format)/$(instance)"
	rmdir --ignore-fail-on-non-empty /sys/fs/bpf/daisy/9999
	daemon_start box n0 --test-clock
	run -0 daisy -j instance show
	assert_equal "$(jq -r .opened <<<"$output")" adopted
}

@test "a second daemon for the same instance is refused, and the first one is not disturbed" {
	run ! on box "$BUILD/bin/daisyd" --config "$TOPO_DIR/n0.yaml" --run-dir "$BATS_TEST_TMPDIR"
	assert_output --partial "$(instance)"
	daemon_answers n0
	run -0 on in1 ping -c1 -W2 198.51.100.10
}

@test "readiness is told to systemd, once the packet path is attached" {
	daemon_stop
	run -0 /usr/bin/python3 - "$BATS_TEST_TMPDIR/notify" nsenter "--net=/run/netns/$TOPO_TAG-box" \
		"$BUILD/bin/daisyd" --config "$TOPO_DIR/n0.yaml" --run-dir "$TOPO_DIR/run" <<-'END'
		import os, socket, subprocess, sys
		sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		sock.bind(sys.argv[1])
		sock.settimeout(15)
		daemon = subprocess.Popen(sys.argv[2:], env=dict(os.environ, NOTIFY_SOCKET=sys.argv[1]),
		                          stderr=subprocess.DEVNULL)
		told = []
		while not any("READY=1" in line for line in told):
		    told += sock.recv(4096).decode().splitlines()
		print("ready")
		daemon.terminate()
		daemon.wait(5)
		print(daemon.returncode)
	END
	assert_output $'ready\n0'
}

@test "a socket left behind by a killed daemon does not hinder the next one" {
	daemon_kill
	[ -S "$TOPO_DIR/run/$(instance).sock" ]
	daemon_start box n0 --test-clock
}

@test "purge detaches, takes pins, guard and mappings away, and ends the daemon" {
	local pid
	pid=$(daemon_pid)
	run -0 on box nft list tables
	assert_output "table ip daisy_$(instance)"
	run -0 daisy instance purge name "$(instance)"
	wait_gone 5 "$pid"
	refute [ -e "/sys/fs/bpf/daisy/$(map_format)/$(instance)" ]
	assert_equal "$(program_id e0) $(program_id e1)" 'null null'
	run -0 on box nft list tables
	assert_output ''
	rm -f "$TOPO_DIR/n0.pid"
	daemon_start box n0 --test-clock
	run -0 daisy -j instance show
	assert_equal "$(jq -r .opened <<<"$output")" new
	assert_equal "$(mappings)" ''
}
