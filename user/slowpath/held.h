/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of one class that wait. There is a limit to all, and a smaller one to
 * those of one source, by a hash of it.
 *
 * Each is looked at again after a time that doubles from look to look, so that
 * many that wait long cost little. Those that wait as long for their next look
 * make a queue, in order of when it is due: only the first of each matters.
 */
#ifndef DAISY_SLOWPATH_HELD_H
#define DAISY_SLOWPATH_HELD_H

#include <stddef.h>
#include <stdint.h>

struct daisy_held {
	struct daisy_held *next;
	uint64_t due_ns;	/* next look; daisy clock */
	uint64_t deadline_ns;	/* the end of its wait; daisy clock */
	unsigned int queue;	/* where it is */
	uint32_t source;	/* of the packet, as it stands in memory */
	void *origin;		/* where it came from */
	size_t len;
	uint8_t frame[];
};

#define DAISY_HELD_SOURCES 4096
#define DAISY_HELD_QUEUES 6

struct daisy_held_queue {
	struct daisy_held *first;
	struct daisy_held **end;
};

struct daisy_held_spec {
	uint32_t max;
	uint32_t source_max;
	uint64_t wait_ns;	/* of each packet */
	uint64_t look_ns;	/* until the first look, */
	unsigned int doublings;	/* which doubles so often, below DAISY_HELD_QUEUES */
};

struct daisy_held_list {
	struct daisy_held_spec spec;
	struct daisy_held_queue queue[DAISY_HELD_QUEUES];
	uint32_t n;
	uint16_t of_source[DAISY_HELD_SOURCES];
};

void daisy_held_init(struct daisy_held_list *list, const struct daisy_held_spec *spec);
/* A copy; its wait begins now. NULL: no room. */
struct daisy_held *daisy_held_add(struct daisy_held_list *list, uint64_t now_ns, uint32_t source,
				  const void *frame, size_t len);
/* When something is due next; UINT64_MAX: nothing waits. */
uint64_t daisy_held_next_ns(const struct daisy_held_list *list);
/* One that is due, or NULL. It stays until one of these two is called. */
struct daisy_held *daisy_held_due(struct daisy_held_list *list, uint64_t now_ns);
void daisy_held_look_again(struct daisy_held_list *list, struct daisy_held *due, uint64_t now_ns);
void daisy_held_remove(struct daisy_held_list *list, struct daisy_held *due);
/* Free those of one origin, or all (NULL). */
void daisy_held_clear(struct daisy_held_list *list, const void *origin);

#endif
