/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic classes (SNF's TCUs): all packets that a chain treats alike, that is,
 * that leave it by the same end-point after the same operation, or do not leave.
 */
#ifndef DAISY_SNF_CLASS_H
#define DAISY_SNF_CLASS_H

#include "snf/graph.h"

/* What packets of a class cost without synthesis, on the longest way. */
struct daisy_path {
	uint32_t elements, reads, writes, checksums;
};

struct daisy_class {
	uint32_t id;			/* from what it does: stays when rules change */
	uint32_t end;			/* ToDevice; DAISY_NOWHERE: dropped */
	struct daisy_operation operation;
	char *text;			/* in words */
	size_t n_rules;
	struct daisy_path path;
};

/* Room for the words. */
#define DAISY_CLASS_TEXT 512

/* Class of packets that end at `end` after `operation`; the id, and the words if `text` is not NULL. */
uint32_t daisy_class_name(const struct daisy_chain *chain, uint32_t end,
			  const struct daisy_operation *operation, char text[DAISY_CLASS_TEXT]);

#endif
