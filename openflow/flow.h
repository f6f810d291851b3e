/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of a flow table, in the words of ovs-ofctl(8). Match and actions stay
 * text: what we write is already in the form in which Open vSwitch shows it, and
 * what others have written need only be recognized.
 */
#ifndef DAISY_OPENFLOW_FLOW_H
#define DAISY_OPENFLOW_FLOW_H

#include <stddef.h>
#include <stdint.h>

/* Longest text that an error line or a table shows of a rule. */
#define DAISY_FLOW_TEXT_SIZE 256

struct daisy_flow {
	uint64_t cookie;
	uint16_t priority;
	uint8_t table;
	size_t line;		/* of the inventory; 0: read off the switch */
	char *match;		/* "ip,in_port=1,nw_src=10.0.0.0/25" */
	char *key;		/* the same with its parts sorted: two rules with one key are one */
	char *actions;		/* "drop"; with what else a rule may have, timeouts for instance */
};

struct daisy_flows {
	struct daisy_flow *item;
	size_t n, room;
};

/* Append a rule of table 0. -ENOMEM, with daisy_error(). */
int daisy_flows_add(struct daisy_flows *flows, uint64_t cookie, uint16_t priority, size_t line,
		    const char *match, const char *actions);
/*
 * Append the rules of `ovs-ofctl --no-names --no-stats dump-flows`. -EPROTO with
 * daisy_error(): a line that is no rule.
 */
int daisy_flows_read(struct daisy_flows *flows, const char *text, size_t len);
void daisy_flows_clean(struct daisy_flows *flows);

/* Order by table, priority (highest first) and match; 0: the same place in the switch. */
int daisy_flow_compare(const struct daisy_flow *a, const struct daisy_flow *b);
void daisy_flows_sort(struct daisy_flows *flows);
/* The rule at the place of another in a sorted list, NULL if there is none. */
const struct daisy_flow *daisy_flows_find(const struct daisy_flows *flows,
					  const struct daisy_flow *place);
/* "priority=4000,ip,in_port=1,nw_src=10.0.0.0/25 actions=drop", cut if it is longer. */
void daisy_flow_text(const struct daisy_flow *flow, char text[DAISY_FLOW_TEXT_SIZE]);
/* The rule that ovs-ofctl writes in an error: "priority=1,ip,... cookie:0x1 actions=..." */
int daisy_flow_read_error(const char *text, size_t len, struct daisy_flow *flow);
void daisy_flow_clean(struct daisy_flow *flow);

#endif
