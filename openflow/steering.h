/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules that an inventory asks for. openflow/README.md explains tables, priorities, cookies. */
#ifndef DAISY_OPENFLOW_STEERING_H
#define DAISY_OPENFLOW_STEERING_H

#include "ctl/inventory.h"
#include "openflow/flow.h"

/* Highest first. Rules of one priority exclude each other. */
enum daisy_flow_priority {
	PRIORITY_GUARD = 6000,		/* inside and external sources from the outside */
	PRIORITY_CHAIN = 5000,		/* above all steering: chained frames cannot loop */
	PRIORITY_OUTBOUND = 4000,
	PRIORITY_FOREIGN = 3500,	/* sources that are not of their inside port */
	PRIORITY_INBOUND = 3000,
	PRIORITY_TO_INSIDE = 2000,
	PRIORITY_TO_OUTSIDE = 1000,
	PRIORITY_ARP_ANSWER = 700,	/* to a box */
	PRIORITY_ARP_ANNOUNCE = 650,	/* of a box: my address has my MAC */
	PRIORITY_ARP_INSIDE = 600,
	PRIORITY_ARP_FOREIGN = 580,	/* as PRIORITY_FOREIGN */
	PRIORITY_ARP_EXTERNAL = 550,	/* who has this external address? */
	PRIORITY_ARP_OUTSIDE = 500,
	PRIORITY_REST = 100,
};

/*
 * Append the rules of an inventory, sorted. Ports whose numbers are not known yet stand
 * there by name. -ENOMEM, with daisy_error().
 */
int daisy_steering(const struct daisy_inventory *inventory, struct daisy_flows *flows);
const char *daisy_flow_kind_name(uint64_t cookie);

#endif
