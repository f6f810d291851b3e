/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has to change in a switch, among our own rules. */
#ifndef DAISY_OPENFLOW_DIFF_H
#define DAISY_OPENFLOW_DIFF_H

#include "ctl/inventory.h"
#include "openflow/flow.h"

enum daisy_change_kind { CHANGE_ADD, CHANGE_REPLACE, CHANGE_REMOVE };

struct daisy_change {
	enum daisy_change_kind kind;
	const struct daisy_flow *wanted;	/* NULL: CHANGE_REMOVE */
	const struct daisy_flow *had;		/* NULL: CHANGE_ADD */
};

struct daisy_diff {
	struct daisy_change *item;
	size_t n;
	size_t n_added, n_replaced, n_removed;
	size_t n_foreign;		/* rules of others, which stay as they are */
};

/*
 * Compare two sorted lists. The epoch of a rule that stays is the switch's, of one that is
 * replaced one higher: *wanted is changed accordingly. -EEXIST with "file:line: ..." in
 * daisy_error(): a rule of somebody else stands where one is wanted.
 */
int daisy_diff(const struct daisy_inventory *inventory, struct daisy_flows *wanted,
	       const struct daisy_flows *had, struct daisy_diff *diff);
/*
 * -EPERM with "file:line: ..." in daisy_error(): an address or a subscriber that the switch
 * takes to one box is to go to another, which knows none of its connections.
 */
int daisy_diff_check_owners(const struct daisy_inventory *inventory, const struct daisy_diff *diff);
void daisy_diff_clean(struct daisy_diff *diff);
const char *daisy_change_name(enum daisy_change_kind kind);

#endif
