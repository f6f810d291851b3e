/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "config/ranges.h"
#include "lib/error.h"

int daisy_config_ranges_subtract(struct daisy_config_pool *pool, const struct daisy_config_range *out)
{
	for (size_t i = 0; i < pool->n_ranges; i++) {
		struct daisy_config_range *range = &pool->ranges[i], whole = *range;

		if (out->first < whole.first || out->last > whole.last)
			continue;
		*range = pool->ranges[--pool->n_ranges];
		if (out->first > whole.first)
			pool->ranges[pool->n_ranges++] =
				(struct daisy_config_range){ whole.first, out->first - 1 };
		if (out->last < whole.last)
			pool->ranges[pool->n_ranges++] =
				(struct daisy_config_range){ out->last + 1, whole.last };
		return 0;
	}
	return -ENOENT;
}

static int one_more(struct daisy_config_pool *pool)
{
	struct daisy_config_range *ranges = realloc(pool->ranges, (pool->n_ranges + 2) * sizeof(*ranges));

	if (!ranges) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	pool->ranges = ranges;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct daisy_config_range *p = a, *q = b;

	return p->first < q->first ? -1 : p->first > q->first;
}

/* In order, and those that touch as one: an address that comes back leaves no trace. */
static void tidy(struct daisy_config_pool *pool)
{
	size_t n = 0;

	qsort(pool->ranges, pool->n_ranges, sizeof(*pool->ranges), compare);
	for (size_t i = 0; i < pool->n_ranges; i++) {
		if (n && pool->ranges[n - 1].last + 1 == pool->ranges[i].first)
			pool->ranges[n - 1].last = pool->ranges[i].last;
		else
			pool->ranges[n++] = pool->ranges[i];
	}
	pool->n_ranges = n;
}

int daisy_config_pool_join(struct daisy_config_pool *pool, uint32_t addr)
{
	int err = one_more(pool);

	if (err)
		return err;
	pool->ranges[pool->n_ranges++] = (struct daisy_config_range){ addr, addr };
	tidy(pool);
	return 0;
}

int daisy_config_pool_leave(struct daisy_config_pool *pool, uint32_t addr)
{
	const struct daisy_config_range out = { addr, addr };
	int err = one_more(pool);

	if (!err)
		err = daisy_config_ranges_subtract(pool, &out);
	if (!err)
		tidy(pool);
	return err;
}
