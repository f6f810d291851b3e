/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/error.h"
#include "nat/internal.h"

#define N_COUNTERS (sizeof(struct daisy_counters) / sizeof(uint64_t))

_Static_assert(sizeof(struct daisy_counters) % sizeof(uint64_t) == 0, "counters are 64-bit words");

static int failed(int err)
{
	daisy_error_set("cannot read the counters: %s", strerror(-err));
	return err;
}

int daisy_instance_counters(const struct daisy_instance *inst, struct daisy_counters *sum)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct daisy_counters *each;
	uint32_t zero = 0;

	if (cpus < 0)
		return failed(cpus);
	each = calloc((size_t)cpus, sizeof(*each));
	if (!each)
		return failed(-ENOMEM);
	if (bpf_map_lookup_elem(daisy_instance_map_fd(inst, "counters"), &zero, each))
		err = failed(-errno);
	memset(sum, 0, sizeof(*sum));
	for (int cpu = 0; !err && cpu < cpus; cpu++)
		for (size_t i = 0; i < N_COUNTERS; i++)
			((uint64_t *)sum)[i] += ((const uint64_t *)&each[cpu])[i];
	free(each);
	return err;
}
