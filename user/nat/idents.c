/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the counters of IPv4 ids begin: map `idents` (bpf/lib/ident.h). */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/error.h"
#include "nat/internal.h"

static uint32_t ident_step(int n_cpus)
{
	uint32_t step = 1;

	while (step < (uint32_t)n_cpus)
		step *= 2;
	return step;
}

/* Each CPU counts IPv4 ids from a random start, in a class of its own modulo the step. */
int daisy_idents_create(struct daisy_instance *inst)
{
	int n_cpus = libbpf_num_possible_cpus(), err;
	struct daisy_idents *all = calloc(n_cpus > 0 ? (size_t)n_cpus : 1, sizeof(*all));
	uint32_t zero = 0, step = ident_step(n_cpus);
	size_t bytes = (size_t)n_cpus * sizeof(*all);

	if (!all || getrandom(all, bytes, 0) != (ssize_t)bytes) {
		free(all);
		daisy_error_set("no random numbers for IPv4 ids");
		return -ENOMEM;
	}
	for (int cpu = 0; cpu < n_cpus; cpu++)
		for (int i = 0; i < DAISY_IDENTS; i++)
			all[cpu].next[i] = (uint16_t)(all[cpu].next[i] / step * step + (uint32_t)cpu);
	inst->conf->ident_step = step;
	err = bpf_map_update_elem(daisy_instance_map_fd(inst, "idents"), &zero, all, 0);
	if (err)
		daisy_error_set("cannot write map \"idents\": %s", strerror(-err));
	free(all);
	return err;
}
