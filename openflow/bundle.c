/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "openflow/bundle.h"

/*
 * Removals first: a full table has room then. A removal names the cookie, so that a
 * rule that somebody has put in its place meanwhile stays.
 */
static void put_removals(FILE *out, const struct daisy_diff *diff)
{
	for (size_t i = 0; i < diff->n; i++) {
		const struct daisy_flow *flow = diff->item[i].had;

		if (diff->item[i].kind == CHANGE_REMOVE)
			fprintf(out, "delete_strict cookie=0x%" PRIx64 "/-1,table=%u,priority=%u%s%s\n",
				flow->cookie, flow->table, flow->priority, *flow->match ? "," : "",
				flow->match);
	}
}

/* OpenFlow 1.4 section 6.4: an added rule replaces the one of the same match and priority. */
static void put_additions(FILE *out, const struct daisy_diff *diff)
{
	for (size_t i = 0; i < diff->n; i++) {
		const struct daisy_flow *flow = diff->item[i].wanted;

		if (flow)
			fprintf(out, "add cookie=0x%" PRIx64 ",table=%u,priority=%u,%s,actions=%s\n",
				flow->cookie, flow->table, flow->priority, flow->match, flow->actions);
	}
}

char *daisy_bundle_text(const struct daisy_diff *diff)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		put_removals(out, diff);
		put_additions(out, diff);
		if (!fclose(out))
			return text;
	}
	free(text);
	daisy_error_set("no memory");
	return NULL;
}

static const struct daisy_flow *find(const struct daisy_diff *diff, const struct daisy_flow *place)
{
	for (size_t i = 0; i < diff->n; i++) {
		const struct daisy_flow *flow = diff->item[i].wanted;

		if (flow && !daisy_flow_compare(flow, place))
			return flow;
	}
	return NULL;
}

/*
 * "Error OFPFMFC_TABLE_FULL for: OFPT_FLOW_MOD (OF1.4) (xid=0x7): ADD priority=4002,ip,... ":
 * the rule begins after the word behind the last "): ".
 */
int daisy_bundle_refused(const struct daisy_inventory *inv, const struct daisy_diff *diff,
			 const char *text)
{
	const char *mod = text ? strstr(text, " for: OFPT_FLOW_MOD ") : NULL;
	const char *rule = mod ? strstr(mod, "): ADD ") : NULL;
	const char *line = mod;
	const struct daisy_flow *flow;
	char shown[DAISY_FLOW_TEXT_SIZE];
	struct daisy_flow place;

	while (line && line > text && line[-1] != '\n')
		line--;
	if (!rule || memchr(mod, '\n', (size_t)(rule - mod)) || strncmp(line, "Error ", 6))
		return -ENOENT;
	rule += strlen("): ADD ");
	if (daisy_flow_read_error(rule, strcspn(rule, "\n"), &place))
		return -ENOENT;
	flow = find(diff, &place);
	daisy_flow_clean(&place);
	if (!flow)
		return -ENOENT;
	daisy_flow_text(flow, shown);
	daisy_inventory_refuse(inv, flow->line, "the switch refuses rule \"%s\": %.*s; nothing was changed",
			       shown, (int)(mod - line) - 6, line + 6);
	return -EIO;
}
