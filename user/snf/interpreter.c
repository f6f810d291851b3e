/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "snf/element.h"
#include "snf/interpreter.h"

/* There is no cycle, so it ends. */
static uint32_t walk(const struct daisy_chain *chain, uint32_t at, struct daisy_header *header)
{
	unsigned int input = 0;

	for (;;) {
		const struct daisy_element *e = chain->elements[at];
		int output = e->class->run(e, input, header);

		if (output == ELEMENT_DROP)
			return DAISY_NOWHERE;
		if (daisy_element_is_sink(e) && !e->n_outputs)
			return at;
		at = e->outputs[output].to;
		input = e->outputs[output].port;
	}
}

void daisy_interpreter_run(const struct daisy_chain *chain, const struct daisy_entry *entry,
			   const struct daisy_header *header, struct daisy_outcome *outcome)
{
	struct daisy_operation operation = daisy_operation_id;

	outcome->header = *header;
	outcome->header.written = outcome->header.ttl_down = 0;
	outcome->end = walk(chain, entry->element, &outcome->header);
	operation.written = outcome->header.written;
	operation.ttl_down = outcome->header.ttl_down;
	for (int f = 0; f < N_FIELDS; f++)
		if (operation.written >> f & 1)
			operation.value[f] = outcome->header.value[f];
	outcome->class = daisy_class_name(chain, outcome->end, &operation, NULL);
}
