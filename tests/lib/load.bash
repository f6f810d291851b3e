# SPDX-License-Identifier: GPL-2.0-or-later
# What every topology test loads.
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
for part in wait topo servers nets daemon assert; do
	# shellcheck source=/dev/null
	source "$BATS_TEST_DIRNAME/lib/$part.bash"
done

# Shown for a test that fails only: what its last command said.
teardown() {
	echo "output: ${output:-}"
}
