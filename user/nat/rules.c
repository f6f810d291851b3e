/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No-translate rules: map `no_translate`, written beside the version that holds. */
#include <errno.h>
#include <string.h>

#include "lib/error.h"
#include "lib/grace.h"
#include "nat/internal.h"

static bool same_rules(const struct daisy_rules *set, const struct daisy_rule *rules, size_t n)
{
	return set->n == n && !memcmp(set->rule, rules, n * sizeof(*rules));
}

int daisy_instance_rules_set(struct daisy_instance *inst, const struct daisy_rule *rules, size_t n)
{
	uint32_t now = inst->conf->rules, next = n ? now == 1 ? 2 : 1 : 0;
	int err;

	if (n > DAISY_MAX_RULES) {
		daisy_error_set("%zu no-translate rules, expected at most %d", n, DAISY_MAX_RULES);
		return -ENOSPC;
	}
	if (same_rules(&inst->rules[now], rules, n))
		return 0;
	if (n) {
		memcpy(inst->rules[next].rule, rules, n * sizeof(*rules));
		inst->rules[next].n = (uint32_t)n;
	}
	__atomic_store_n(&inst->conf->rules, next, __ATOMIC_RELEASE);
	/*
	 * A packet that read the rules of before may still remember the next hop of a destination
	 * that must not be remembered now (bpf/lib/untranslated.h): forget after the last of them.
	 */
	err = daisy_grace_wait();
	daisy_instance_nexthops_changed(inst);
	return err;
}
