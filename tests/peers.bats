# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two boxes that know each other, and one with another key.
#
#   a 192.0.2.1 --+-- net --+-- b 192.0.2.2
#                 +---------+-- x 192.0.2.3
#
# Each has a pair of links beside, so that the daemon has something to attach to.

load lib/load

setup_file() {
	topo_begin "$BATS_FILE_TMPDIR"
	node net a b x
	local n=1 box
	for box in a b x; do
		wire "$box:p0" "net:to-$box"
		wire "$box:e0" "net:in-$box"
		wire "$box:e1" "net:out-$box"
		address "$box" p0 "192.0.2.$n/24"
		n=$((n + 1))
	done
	bridge net br0 to-a to-b to-x
	(umask 077 && openssl rand -hex 32 >"$TOPO_DIR/key" && openssl rand -hex 32 >"$TOPO_DIR/other-key")
	box_config a 1 key b:2 x:3
	box_config b 2 key a:1 x:3
	box_config x 3 other-key a:1 b:2
	daemon_start a a
	daemon_start b b
	daemon_start x x
}

teardown_file() {
	topo_end
}

# box_config BOX NUMBER KEY PEER:NUMBER...
box_config() {
	local box=$1 number=$2 key=$3 peer
	shift 3
	{
		cat <<-END
			links:
			  - { device: e0, side: inside, prefixes: [10.0.0.0/24] }
			  - { device: e1, side: outside }
			pools:
			  - { name: p0, addresses: [203.0.113.$number], mode: dynamic }
			peer:
			  name: box-$box
			  listen: 192.0.2.$number:4747
			  key-file: $TOPO_DIR/$key
			  known:
		END
		for peer in "$@"; do
			echo "  - { name: box-${peer%:*}, address: 192.0.2.${peer#*:}:4747 }"
		done
	} | daemon_config "$box"
}

# peer BOX PEER FIELD
peer() {
	daisy_of "$1" -j peer show name "box-$2" | jq -r ".[0].$3"
}

connected() {
	[ "$(daisy_of "$1" -j peer show name "box-$2" | jq -r '.[0] | "\(.state) \(.accepted) \(.version)"')" = "open true 1" ]
}

@test "two boxes with the same key have a session each with the other" {
	wait_until 10 connected a b
	wait_until 10 connected b a
	assert_equal "$(peer a b software)" "$(daisy_of a -j instance show | jq -r .version)"
}

@test "a box with another key has no session with anybody, and is told so" {
	wait_until 10 connected a b
	assert_equal "$(peer a x accepted)" false
	assert_equal "$(peer x a state)" closed
	run -0 peer x a error
	assert_output --partial 'no handshake'
	run -0 grep -c 'peer connection from 192.0.2.3 refused: no handshake' "$TOPO_DIR/a.log"
}

@test "a box that was killed is missed, and found again when it is back" {
	wait_until 10 connected a b
	daemon_kill b
	wait_until 5 eval '[ "$(peer a b accepted)" = false ] && [ "$(peer a b state)" != open ]'
	run -0 peer a b error
	assert_output --regexp '^(connection lost: the peer hung up|Connection refused|connection lost: Connection reset by peer)$'
	daemon_start b b
	wait_until 10 connected a b
	wait_until 10 connected b a
}

@test "a box whose link is cut is missed within eleven seconds" {
	wait_until 10 connected a b
	ipn net link set to-b down
	wait_until 13 eval '[ "$(peer a b state)" != open ]'
	ipn net link set to-b up
	wait_until 15 connected a b
	wait_until 15 connected b a
}

@test "the daemon listens for peers where the configuration says, and nowhere without it" {
	run -0 on a ss -Hltn
	assert_output --partial '192.0.2.1:4747'
	assert_equal "$(wc -l <<<"$output")" 1
	sed -i '/^peer:/,$d' "$TOPO_DIR/x.yaml"
	run -0 daisy_of x instance reload
	run -0 on x ss -Hltn
	assert_output ''
	run -0 daisy_of x -j peer
	assert_equal "$(jq length <<<"$output")" 0
}

@test "a key file that others may read is refused, and the sessions stay" {
	wait_until 10 connected a b
	chmod 0640 "$TOPO_DIR/key"
	run -1 daisy_of a instance reload
	chmod 0600 "$TOPO_DIR/key"
	assert_output --partial "key file \"$TOPO_DIR/key\" is open to others than root, expected owner root and mode 0600"
	connected a b
}

@test "a new key is taken by a reload, and no session of the old one stays" {
	wait_until 10 connected a b
	cp "$TOPO_DIR/key" "$TOPO_DIR/old-key"
	cat "$TOPO_DIR/other-key" >"$TOPO_DIR/key"
	run -0 daisy_of a instance reload
	# It tries again, now and then.
	run -0 eval 'echo "$(peer a b state) $(peer a b accepted)"'
	assert_output --regexp '^(closed|connecting) false$'
	wait_until 10 eval '[ "$(peer b a state)" = closed ]'
	run -0 daisy_of b instance reload
	wait_until 10 connected a b
	wait_until 10 connected b a
}

@test "a peer that is not known is an error that names it" {
	run -1 daisy_of a peer show name nobody
	assert_output --partial 'no peer "nobody", expected one that peer show lists'
}
