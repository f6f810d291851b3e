/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans of deterministic pools: maps `plans` and `plan_prefixes`.
 *
 * A plan is changed in three steps: its table, then its prefixes, then those
 * that it lost are taken away. A prefix counts only with the table of its own
 * version, so between the first two no packet meets the numbers of one plan
 * with those of another: for so long creations are refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "lib/error.h"
#include "nat/addrs.h"
#include "nat/internal.h"
#include "nat/plans.h"

struct prefix {
	struct daisy_prefix_key key;
	struct daisy_plan_prefix value;
};

/* What the maps are to hold of one pool. */
struct wanted {
	struct daisy_plan_table table;
	struct prefix *prefixes;
	size_t n;
};

static int failed(const char *what)
{
	int err = errno;

	daisy_error_set("%s: %s", what, err == ENOSPC ? "too many inside prefixes in all pools" :
				  strerror(err));
	return -err;
}

static int want_slots(struct daisy_instance *inst, const struct daisy_plan *plan,
		      struct daisy_plan_table *table)
{
	uint32_t n = 0;

	for (size_t i = 0; i < plan->in.n_outside; i++) {
		const struct daisy_plan_range *range = &plan->in.outside[i];

		for (uint64_t a = range->first; a <= range->last && n < DAISY_MAX_SLOTS; a++) {
			struct in_addr addr = { htonl((uint32_t)a) };
			const struct daisy_addr_entry *e = daisy_addrs_find(inst->addrs, addr.s_addr);

			if (!e || e->kind != ADDR_EXTERNAL) {
				daisy_error_set("address %s of a plan is not there", inet_ntoa(addr));
				return -ENOENT;
			}
			table->slot[n++] = e->slot;
		}
	}
	return 0;
}

/* The largest prefix that begins at an address and does not go beyond another. */
static uint32_t prefix_length(uint32_t first, uint32_t last)
{
	uint32_t len = 32;

	while (len && !(first & 1u << (32 - len)) &&
	       ((uint64_t)first | ((1ull << (33 - len)) - 1)) <= last)
		len--;
	return len;
}

/* An entry of a trie is a prefix: a range takes up to 62 of them. */
static int want_range(struct wanted *w, uint8_t pool, uint16_t zone,
		      const struct daisy_plan_range *range, uint32_t *number)
{
	for (uint64_t first = range->first; first <= range->last;) {
		uint32_t len = prefix_length((uint32_t)first, range->last);
		uint32_t addr = htonl((uint32_t)first);
		struct prefix *more = realloc(w->prefixes, (w->n + 1) * sizeof(*more)), *p;

		if (!more) {
			daisy_error_set("no memory");
			return -ENOMEM;
		}
		w->prefixes = more;
		p = &more[w->n++];
		*p = (struct prefix){
			.key = { .prefixlen = 32 + len, .zone_be = htons(zone) },
			.value = { .pool = pool, .addr = (uint32_t)first, .number = *number },
		};
		memcpy(p->key.addr, &addr, sizeof(addr));
		*number += (uint32_t)(1ull << (32 - len));
		first += 1ull << (32 - len);
	}
	return 0;
}

static int want(struct daisy_instance *inst, uint8_t pool, uint16_t zone,
		const struct daisy_plan *plan, struct wanted *w)
{
	uint32_t number = 0;
	int err = want_slots(inst, plan, &w->table);

	w->table.numbers = plan->numbers;
	for (size_t i = 0; i < plan->in.n_inside && !err; i++)
		err = want_range(w, pool, zone, &plan->in.inside[i], &number);
	return err;
}

static bool is_wanted(const struct wanted *w, const struct daisy_prefix_key *key)
{
	for (size_t i = 0; i < w->n; i++)
		if (!memcmp(&w->prefixes[i].key, key, sizeof(*key)))
			return true;
	return false;
}

static size_t list_prefixes(struct daisy_instance *inst, uint8_t pool, struct daisy_prefix_key *keys)
{
	int fd = daisy_instance_map_fd(inst, "plan_prefixes");
	struct daisy_prefix_key key;
	struct daisy_plan_prefix value;
	bool begun = false;
	size_t n = 0;

	while (n < DAISY_MAX_PREFIXES && !bpf_map_get_next_key(fd, begun ? &key : NULL, &key)) {
		begun = true;
		if (!bpf_map_lookup_elem(fd, &key, &value) && value.pool == pool)
			keys[n++] = key;
	}
	return n;
}

/* Take away the prefixes of a pool that are not wanted. The keys first: a trie that shrinks is walked anew. */
static int drop_prefixes(struct daisy_instance *inst, uint8_t pool, const struct wanted *w)
{
	struct daisy_prefix_key *keys = calloc(DAISY_MAX_PREFIXES, sizeof(*keys));
	int fd = daisy_instance_map_fd(inst, "plan_prefixes");
	size_t n;

	if (!keys) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	n = list_prefixes(inst, pool, keys);
	for (size_t i = 0; i < n; i++)
		if (!is_wanted(w, &keys[i]))
			bpf_map_delete_elem(fd, &keys[i]);
	free(keys);
	return 0;
}

/* The trie finds a longer prefix, too: the values tell whether it is this one. */
static bool same_prefixes(struct daisy_instance *inst, uint8_t pool, const struct wanted *w)
{
	struct daisy_prefix_key *keys = calloc(DAISY_MAX_PREFIXES, sizeof(*keys));
	int fd = daisy_instance_map_fd(inst, "plan_prefixes");
	bool same = keys && list_prefixes(inst, pool, keys) == w->n;
	struct daisy_plan_prefix value;

	for (size_t i = 0; same && i < w->n; i++)
		same = is_wanted(w, &keys[i]) &&
		       !bpf_map_lookup_elem(fd, &w->prefixes[i].key, &value) &&
		       !memcmp(&value, &w->prefixes[i].value, sizeof(value));
	free(keys);
	return same;
}

static void set_version(struct wanted *w, uint32_t version)
{
	w->table.version = version;
	for (size_t i = 0; i < w->n; i++)
		w->prefixes[i].value.version = version;
}

static void count_plans(struct daisy_instance *inst)
{
	int fd = daisy_instance_map_fd(inst, "plans");
	uint32_t key, n = 0;

	while (!bpf_map_get_next_key(fd, n ? &key : NULL, &key))
		n++;
	__atomic_store_n(&inst->conf->plans, n, __ATOMIC_RELEASE);
}

static int write_plan(struct daisy_instance *inst, uint8_t pool, const struct wanted *w)
{
	int fd = daisy_instance_map_fd(inst, "plan_prefixes");
	uint32_t key = pool;

	if (bpf_map_update_elem(daisy_instance_map_fd(inst, "plans"), &key, &w->table, BPF_ANY))
		return failed("a plan");
	for (size_t i = 0; i < w->n; i++)
		if (bpf_map_update_elem(fd, &w->prefixes[i].key, &w->prefixes[i].value, BPF_ANY))
			return failed("the prefixes of a plan");
	return drop_prefixes(inst, pool, w);
}

int daisy_instance_plan_set(struct daisy_instance *inst, uint8_t pool, uint16_t zone,
			    const struct daisy_plan *plan, bool *changed)
{
	struct daisy_plan_table *was = calloc(1, sizeof(*was));
	struct wanted *w = calloc(1, sizeof(*w));
	uint32_t key = pool;
	int err = was && w ? 0 : -ENOMEM;

	if (err)
		daisy_error_set("no memory");
	else
		err = want(inst, pool, zone, plan, w);
	if (!err) {
		bool there = !bpf_map_lookup_elem(daisy_instance_map_fd(inst, "plans"), &key, was);

		set_version(w, was->version);
		*changed = !there || memcmp(was, &w->table, sizeof(*was)) || !same_prefixes(inst, pool, w);
		set_version(w, was->version + *changed);
		err = *changed ? write_plan(inst, pool, w) : 0;
		count_plans(inst);
	}
	free(w ? w->prefixes : NULL);
	free(w);
	free(was);
	return err;
}

int daisy_instance_plan_del(struct daisy_instance *inst, uint8_t pool)
{
	int fd = daisy_instance_map_fd(inst, "plans"), err;
	struct wanted *none = calloc(1, sizeof(*none));
	uint32_t key = pool;

	if (!none) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	/* The table came before its prefixes, and goes after them. */
	if (bpf_map_lookup_elem(fd, &key, &none->table)) {
		free(none);
		return 0;
	}
	err = drop_prefixes(inst, pool, none);
	free(none);
	if (!err && bpf_map_delete_elem(fd, &key))
		err = failed("a plan");
	count_plans(inst);
	return err;
}
