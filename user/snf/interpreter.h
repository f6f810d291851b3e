/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference: elements run one by one, as written, on one packet. */
#ifndef DAISY_SNF_INTERPRETER_H
#define DAISY_SNF_INTERPRETER_H

#include "snf/class.h"

/* What became of a packet. */
struct daisy_outcome {
	uint32_t end;			/* ToDevice, or DAISY_NOWHERE */
	uint32_t class;			/* id */
	struct daisy_header header;	/* as it leaves */
};

void daisy_interpreter_run(const struct daisy_chain *chain, const struct daisy_entry *entry,
			   const struct daisy_header *header, struct daisy_outcome *outcome);

#endif
