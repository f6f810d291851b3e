/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of one class that wait, in the order in which they came. There is a
 * limit to all, and a smaller one to those of one source, by a hash of it.
 */
#ifndef DAISY_SLOWPATH_HELD_H
#define DAISY_SLOWPATH_HELD_H

#include <stddef.h>
#include <stdint.h>

struct daisy_held {
	struct daisy_held *next;
	uint64_t deadline_ns;	/* daisy clock */
	uint32_t source;	/* of the packet, as it stands in memory */
	void *origin;		/* where it came from */
	size_t len;
	uint8_t frame[];
};

#define DAISY_HELD_SOURCES 4096

struct daisy_held_list {
	struct daisy_held *first;
	struct daisy_held **end;
	uint32_t n;
	uint32_t max;
	uint32_t source_max;
	uint16_t of_source[DAISY_HELD_SOURCES];
};

void daisy_held_init(struct daisy_held_list *list, uint32_t max, uint32_t source_max);
/* A copy at the end of the list. NULL: no room. */
struct daisy_held *daisy_held_add(struct daisy_held_list *list, uint32_t source, const void *frame,
				  size_t len);
/* Take away and free the packet that *at points to; *at becomes the next one. */
void daisy_held_remove(struct daisy_held_list *list, struct daisy_held **at);
/* Free those of one origin, or all (NULL). */
void daisy_held_clear(struct daisy_held_list *list, const void *origin);

#endif
