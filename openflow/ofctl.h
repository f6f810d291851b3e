/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switch of an inventory, by ovs-ofctl(8): the one way to it. Errors are
 * "file:line: switch "br0": ..." in daisy_error(), with the line that names it.
 */
#ifndef DAISY_OPENFLOW_OFCTL_H
#define DAISY_OPENFLOW_OFCTL_H

#include "openflow/diff.h"
#include "openflow/flow.h"

/* Seconds that the switch has for an answer, unless somebody says otherwise. */
#define DAISY_SWITCH_LIMIT_S 10
#define DAISY_SWITCH_LIMIT_MAX_S 600

/*
 * Fill in the numbers of the inventory's ports. -EINVAL names the line of a port that
 * the switch does not have.
 */
int daisy_ofctl_ports(struct daisy_inventory *inventory, unsigned int limit_s);
/* All rules of the switch, sorted, those of others too. */
int daisy_ofctl_flows(const struct daisy_inventory *inventory, unsigned int limit_s,
		      struct daisy_flows *flows);
/*
 * All changes at once, or none. -EIO: the switch refused a rule, which the error
 * names with its line. -ETIMEDOUT: nobody knows whether it took them.
 */
int daisy_ofctl_apply(const struct daisy_inventory *inventory, unsigned int limit_s,
		      const struct daisy_diff *diff);

#endif
