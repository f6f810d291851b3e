# SPDX-License-Identifier: GPL-2.0-or-later
# Waiting is polling a condition with a deadline.

# wait_until SECONDS COMMAND...: true as soon as the command is.
wait_until() {
	local seconds=$1 deadline
	shift
	deadline=$((${EPOCHREALTIME/[.,]/} + seconds * 1000000))
	until "$@" >/dev/null 2>&1; do
		if [ "${EPOCHREALTIME/[.,]/}" -ge $deadline ]; then
			echo "still false after $seconds s: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

# wait_gone SECONDS PID: true as soon as the process has ended.
wait_gone() {
	wait_until "$1" process_gone "$2"
}

process_gone() {
	local state

	# One question to the kernel: between two looks at /proc the process may go.
	state=$(ps -o stat= -p "$1") || return 0
	# A zombie has ended: whoever started it has only not asked yet.
	[[ $state == [ZX]* ]]
}
