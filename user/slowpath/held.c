/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "slowpath/held.h"

static uint16_t *count_of(struct daisy_held_list *list, uint32_t source)
{
	return &list->of_source[source * 0x9e3779b1u >> 20];	/* Knuth's multiplier, twelve bits */
}

_Static_assert(DAISY_HELD_SOURCES == 1 << 12, "count_of yields twelve bits");

void daisy_held_init(struct daisy_held_list *list, const struct daisy_held_spec *spec)
{
	memset(list, 0, sizeof(*list));
	list->spec = *spec;
	for (int i = 0; i < DAISY_HELD_QUEUES; i++)
		list->queue[i].end = &list->queue[i].first;
}

static void append(struct daisy_held_list *list, struct daisy_held *held, uint64_t now_ns)
{
	struct daisy_held_queue *queue = &list->queue[held->queue];

	held->due_ns = now_ns + (list->spec.look_ns << held->queue);
	held->next = NULL;
	*queue->end = held;
	queue->end = &held->next;
}

/* *at becomes the next one. */
static struct daisy_held *take(struct daisy_held_list *list, struct daisy_held **at)
{
	struct daisy_held *held = *at;
	struct daisy_held_queue *queue = &list->queue[held->queue];

	*at = held->next;
	if (queue->end == &held->next)
		queue->end = at;
	return held;
}

static void drop(struct daisy_held_list *list, struct daisy_held **at)
{
	struct daisy_held *held = take(list, at);

	list->n--;
	--*count_of(list, held->source);
	free(held);
}

struct daisy_held *daisy_held_add(struct daisy_held_list *list, uint64_t now_ns, uint32_t source,
				  const void *frame, size_t len)
{
	uint16_t *count = count_of(list, source);
	struct daisy_held *held;

	if (list->n >= list->spec.max || *count >= list->spec.source_max)
		return NULL;
	held = malloc(sizeof(*held) + len);
	if (!held)
		return NULL;
	*held = (struct daisy_held){
		.deadline_ns = now_ns + list->spec.wait_ns, .source = source, .len = len,
	};
	memcpy(held->frame, frame, len);
	append(list, held, now_ns);
	list->n++;
	++*count;
	return held;
}

uint64_t daisy_held_next_ns(const struct daisy_held_list *list)
{
	uint64_t next_ns = UINT64_MAX;

	for (int i = 0; i < DAISY_HELD_QUEUES; i++) {
		const struct daisy_held *first = list->queue[i].first;

		if (first && first->due_ns < next_ns)
			next_ns = first->due_ns;
	}
	return next_ns;
}

struct daisy_held *daisy_held_due(struct daisy_held_list *list, uint64_t now_ns)
{
	for (int i = 0; i < DAISY_HELD_QUEUES; i++) {
		struct daisy_held *first = list->queue[i].first;

		if (first && now_ns >= first->due_ns)
			return first;
	}
	return NULL;
}

void daisy_held_look_again(struct daisy_held_list *list, struct daisy_held *due, uint64_t now_ns)
{
	take(list, &list->queue[due->queue].first);
	if (due->queue < list->spec.doublings)
		due->queue++;
	append(list, due, now_ns);
}

void daisy_held_remove(struct daisy_held_list *list, struct daisy_held *due)
{
	drop(list, &list->queue[due->queue].first);
}

void daisy_held_clear(struct daisy_held_list *list, const void *origin)
{
	for (int i = 0; i < DAISY_HELD_QUEUES; i++) {
		struct daisy_held **at = &list->queue[i].first;

		while (*at) {
			if (!origin || (*at)->origin == origin)
				drop(list, at);
			else
				at = &(*at)->next;
		}
	}
}
