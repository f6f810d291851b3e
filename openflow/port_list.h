/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of a switch, as `ovs-ofctl dump-ports-desc` lists them. */
#ifndef DAISY_OPENFLOW_PORT_LIST_H
#define DAISY_OPENFLOW_PORT_LIST_H

#include "ctl/inventory.h"

/*
 * Number of a port by its name, or by its number in digits; 0: the list does not
 * have it. A switch's own port (LOCAL) is none that a link can be on.
 */
uint32_t daisy_port_list_find(const char *list, const char *name);
/* Fill in the numbers of all ports. -EINVAL with "file:line: ..." in daisy_error(). */
int daisy_port_list_resolve(const char *list, struct daisy_inventory *inventory);

#endif
