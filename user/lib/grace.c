/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/membarrier.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "lib/error.h"
#include "lib/grace.h"

/*
 * An update of a map in a map returns after a grace period
 * (maybe_wait_bpf_programs in kernel/bpf/syscall.c).
 */
static int wait_by_map_update(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	uint32_t zero = 0;
	int inner, outer, err;

	inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "daisy_grace", 4, 4, 1, NULL);
	if (inner < 0)
		return inner;
	opts.inner_map_fd = (uint32_t)inner;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "daisy_grace", 4, 4, 1, &opts);
	if (outer < 0) {
		close(inner);
		return outer;
	}
	err = bpf_map_update_elem(outer, &zero, &inner, BPF_ANY);
	close(outer);
	close(inner);
	return err;
}

int daisy_grace_wait(void)
{
	int err;

	/* Refused with nohz_full CPUs. */
	if (!syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		return 0;
	err = wait_by_map_update();
	if (err)
		daisy_error_set("grace period: neither membarrier nor a map update works: %s",
				strerror(-err));
	return err;
}
