/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/values.h"
#include "lib/error.h"
#include "openflow/cookie.h"
#include "openflow/diff.h"

const char *daisy_change_name(enum daisy_change_kind kind)
{
	static const char *const names[] = {
		[CHANGE_ADD] = "add", [CHANGE_REPLACE] = "replace", [CHANGE_REMOVE] = "remove",
	};

	return names[kind];
}

/* The same rule, whatever its epoch. */
static bool same(const struct daisy_flow *wanted, const struct daisy_flow *had)
{
	return wanted->cookie >> 24 == had->cookie >> 24 && !strcmp(wanted->actions, had->actions);
}

static void set_epoch(struct daisy_flow *flow, uint32_t epoch)
{
	flow->cookie = (flow->cookie & ~(uint64_t)DAISY_COOKIE_EPOCH_MAX) |
		       (epoch & DAISY_COOKIE_EPOCH_MAX);
}

static int refuse_foreign(const struct daisy_inventory *inv, const struct daisy_flow *wanted,
			  const struct daisy_flow *had)
{
	char text[DAISY_FLOW_TEXT_SIZE];

	daisy_flow_text(had, text);
	daisy_inventory_refuse(inv, wanted->line, "somebody else's rule (cookie 0x%llx) stands in the "
			       "switch where this line needs one: \"%s\"",
			       (unsigned long long)had->cookie, text);
	return -EEXIST;
}

static void note(struct daisy_diff *diff, enum daisy_change_kind kind,
		 const struct daisy_flow *wanted, const struct daisy_flow *had)
{
	diff->item[diff->n++] = (struct daisy_change){ kind, wanted, had };
	diff->n_added += kind == CHANGE_ADD;
	diff->n_replaced += kind == CHANGE_REPLACE;
	diff->n_removed += kind == CHANGE_REMOVE;
}

/* Two rules at one place. */
static int meet(const struct daisy_inventory *inv, struct daisy_flow *wanted,
		const struct daisy_flow *had, struct daisy_diff *diff)
{
	if (!daisy_cookie_ours(had->cookie))
		return refuse_foreign(inv, wanted, had);
	if (same(wanted, had)) {
		set_epoch(wanted, daisy_cookie_epoch(had->cookie));
		return 0;
	}
	set_epoch(wanted, daisy_cookie_epoch(had->cookie) + 1);
	note(diff, CHANGE_REPLACE, wanted, had);
	return 0;
}

int daisy_diff(const struct daisy_inventory *inv, struct daisy_flows *wanted,
	       const struct daisy_flows *had, struct daisy_diff *diff)
{
	size_t i = 0, j = 0;

	*diff = (struct daisy_diff){ 0 };
	diff->item = calloc(wanted->n + had->n + 1, sizeof(*diff->item));
	if (!diff->item) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	while (i < wanted->n || j < had->n) {
		int order = i == wanted->n ? 1 : j == had->n ? -1 :
			    daisy_flow_compare(&wanted->item[i], &had->item[j]);
		int err = 0;

		if (order < 0) {
			note(diff, CHANGE_ADD, &wanted->item[i++], NULL);
		} else if (order > 0) {
			if (daisy_cookie_ours(had->item[j].cookie))
				note(diff, CHANGE_REMOVE, NULL, &had->item[j]);
			else
				diff->n_foreign++;
			j++;
		} else {
			err = meet(inv, &wanted->item[i++], &had->item[j++], diff);
		}
		if (err) {
			daisy_diff_clean(diff);
			return err;
		}
	}
	return 0;
}

/* The addresses that an outbound or inbound rule is about. */
static bool steered(const struct daisy_flow *flow, struct daisy_config_range *range)
{
	const char *word = daisy_cookie_kind(flow->cookie) == FLOW_OUTBOUND ? "nw_src=" :
			   daisy_cookie_kind(flow->cookie) == FLOW_INBOUND ? "nw_dst=" : NULL;
	const char *at = word ? strstr(flow->match, word) : NULL;
	char text[DAISY_VALUE_SIZE];

	if (!at)
		return false;
	at += strlen(word);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(at, ","), at);
	return !daisy_value_addresses(text, range);
}

static int refuse_owner(const struct daisy_inventory *inv, const struct daisy_flow *wanted,
			const struct daisy_flow *had, const struct daisy_config_range *range)
{
	char text[DAISY_VALUE_SIZE], other[DAISY_NAME_MAX + 1];

	daisy_value_format_addresses(range, text);
	snprintf(other, sizeof(other), "box %u", daisy_cookie_owner(had->cookie));
	for (size_t i = 0; i < inv->n_boxes; i++)
		if (inv->boxes[i].id == daisy_cookie_owner(had->cookie))
			snprintf(other, sizeof(other), "%s", inv->boxes[i].name);
	daisy_inventory_refuse(inv, wanted->line, "the switch takes %s to box \"%s\", which alone knows "
			       "the connections of it: they would break; \"lose-mappings\" does it all "
			       "the same", text, other);
	return -EPERM;
}

/* A rule that goes, and the addresses it is about. */
struct gone {
	const struct daisy_flow *had;
	struct daisy_config_range range;
};

static size_t list_gone(const struct daisy_diff *diff, struct gone *gone)
{
	size_t n = 0;

	for (size_t i = 0; i < diff->n; i++) {
		gone[n].had = diff->item[i].had;
		if (gone[n].had && steered(gone[n].had, &gone[n].range))
			n++;
	}
	return n;
}

/* Does any rule that goes take addresses of this one to another box? */
static int check_owner(const struct daisy_inventory *inv, const struct gone *gone, size_t n_gone,
		       const struct daisy_flow *wanted, const struct daisy_config_range *range)
{
	for (size_t i = 0; i < n_gone; i++) {
		struct daisy_config_range both = gone[i].range;

		if (both.first > range->last || both.last < range->first ||
		    daisy_cookie_kind(gone[i].had->cookie) != daisy_cookie_kind(wanted->cookie) ||
		    daisy_cookie_owner(gone[i].had->cookie) == daisy_cookie_owner(wanted->cookie))
			continue;
		if (both.first < range->first)
			both.first = range->first;
		if (both.last > range->last)
			both.last = range->last;
		return refuse_owner(inv, wanted, gone[i].had, &both);
	}
	return 0;
}

int daisy_diff_check_owners(const struct daisy_inventory *inv, const struct daisy_diff *diff)
{
	struct gone *gone = calloc(diff->n + 1, sizeof(*gone));
	size_t n_gone;
	int err = 0;

	if (!gone) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	n_gone = list_gone(diff, gone);
	for (size_t i = 0; i < diff->n && n_gone && !err; i++) {
		const struct daisy_flow *wanted = diff->item[i].wanted;
		struct daisy_config_range range;

		if (wanted && steered(wanted, &range))
			err = check_owner(inv, gone, n_gone, wanted, &range);
	}
	free(gone);
	return err;
}

void daisy_diff_clean(struct daisy_diff *diff)
{
	free(diff->item);
	memset(diff, 0, sizeof(*diff));
}
