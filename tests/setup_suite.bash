# SPDX-License-Identifier: GPL-2.0-or-later
# Before all topology tests: who may run them, what they need, where things are.

setup_suite() {
	local tool missing=
	if [ "$(id -u)" -ne 0 ]; then
		echo "topology tests need root: network namespaces, XDP" >&2
		return 1
	fi
	for tool in ip nsenter ethtool jq nft curl dig ping traceroute mtr iperf3 arping nginx \
		dnsmasq tcpdump tshark ovs-vswitchd ovsdb-server ovs-ofctl turnserver \
		turnutils_natdiscovery /usr/bin/python3; do
		command -v $tool >/dev/null || missing+=" $tool"
	done
	if [ -n "$missing" ]; then
		echo "missing:$missing; see scripts/deps.list, \`make deps GROUPS='build demo test'\`" >&2
		return 1
	fi
	BUILD=$(realpath "${BUILD:-$BATS_TEST_DIRNAME/../build}")
	export BUILD TESTS=$BATS_TEST_DIRNAME
	if ! [ -x "$BUILD/bin/daisyd" ] || ! [ -e "$BUILD/tests/lib/pass.bpf.o" ]; then
		echo "nothing built in $BUILD: run \`make\`" >&2
		return 1
	fi
	stat -f -c %T /sys/fs/bpf | grep -q bpf || mount -t bpf bpf /sys/fs/bpf
}
