# SPDX-License-Identifier: GPL-2.0-or-later
# Daemons of a topology: instance $TOPO_TAG-NAME, configuration
# $TOPO_DIR/NAME.yaml, log $TOPO_DIR/NAME.log. The short forms mean n0.

instance() {
	echo "$TOPO_TAG-${1:-n0}"
}

# daemon_config [NAME]: the configuration on stdin, without its `instance:` line.
daemon_config() {
	{
		echo "instance: $(instance "${1:-n0}")"
		cat
	} >"$TOPO_DIR/${1:-n0}.yaml"
}

# config_one_port [KEYS [LINE]]: the two-armed box with one external address of one port, so that what the
# outside sends to is known before; its pool with these keys, the file with this line.
config_one_port() {
	daemon_config <<-END
		links:
		  - { device: e0, side: inside, prefixes: [10.0.0.0/24] }
		  - { device: e1, side: outside }
		pools:
		  - { name: p0, addresses: [203.0.113.10], ports: 40000-40000, mode: dynamic${1:+, $1} }
		${2:-}
	END
}

# daemon_start NODE [NAME [OPTION...]]: returns when it answers.
daemon_start() {
	local node=$1 name=${2:-n0}
	shift $(($# < 2 ? $# : 2))
	mkdir -p "$TOPO_DIR/run"
	grep -qF "pins_del $name" "$TOPO_DIR/undo" || undo pins_del "$name"
	cat "$TOPO_DIR/$name.log" >>"$TOPO_DIR/$name.earlier.log" 2>/dev/null || true
	start "$node" "$name" "${DAISYD:-$BUILD/bin/daisyd}" --config "$TOPO_DIR/$name.yaml" \
		--run-dir "$TOPO_DIR/run" "$@"
	wait_until 20 daemon_answers_or_ended "$name"
	daemon_answers "$name" || {
		cat "$TOPO_DIR/$name.log" >&2
		return 1
	}
}

daemon_answers() {
	daisy_of "$1" instance show >/dev/null 2>&1
}

daemon_answers_or_ended() {
	process_gone "$(<"$TOPO_DIR/$1.pid")" || daemon_answers "$1"
}

# A build with SAN=1 says at its end what it leaked.
daemon_stop() {
	stop "${1:-n0}" && ! grep Sanitizer "$TOPO_DIR/${1:-n0}.log" >&2
}

daemon_pid() {
	cat "$TOPO_DIR/${1:-n0}.pid"
}

# As a crash or the kernel's OOM killer would end it.
daemon_kill() {
	stop "${1:-n0}" KILL
}

# The number under which the pins of this build lie.
map_format() {
	"${DAISYD:-$BUILD/bin/daisyd}" --version | sed 's/.*map format //'
}

pins_del() {
	rm -rf /sys/fs/bpf/daisy/*/"$(instance "$1")"
}

# daisy_of NAME ARGS...: the tool, talking to one daemon.
daisy_of() {
	local name=$1
	shift
	"$BUILD/bin/daisy" --run-dir "$TOPO_DIR/run" -i "$(instance "$name")" "$@"
}

daisy() {
	daisy_of n0 "$@"
}
