/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "slowpath/held.h"

static uint16_t *count_of(struct daisy_held_list *list, uint32_t source)
{
	return &list->of_source[source * 0x9e3779b1u >> 20];	/* Knuth's multiplier, twelve bits */
}

_Static_assert(DAISY_HELD_SOURCES == 1 << 12, "count_of yields twelve bits");

void daisy_held_init(struct daisy_held_list *list, uint32_t max, uint32_t source_max)
{
	memset(list, 0, sizeof(*list));
	list->end = &list->first;
	list->max = max;
	list->source_max = source_max;
}

struct daisy_held *daisy_held_add(struct daisy_held_list *list, uint32_t source, const void *frame,
				  size_t len)
{
	uint16_t *count = count_of(list, source);
	struct daisy_held *held;

	if (list->n >= list->max || *count >= list->source_max)
		return NULL;
	held = malloc(sizeof(*held) + len);
	if (!held)
		return NULL;
	*held = (struct daisy_held){ .source = source, .len = len };
	memcpy(held->frame, frame, len);
	*list->end = held;
	list->end = &held->next;
	list->n++;
	++*count;
	return held;
}

void daisy_held_remove(struct daisy_held_list *list, struct daisy_held **at)
{
	struct daisy_held *held = *at;

	*at = held->next;
	if (list->end == &held->next)
		list->end = at;
	list->n--;
	--*count_of(list, held->source);
	free(held);
}

void daisy_held_clear(struct daisy_held_list *list, const void *origin)
{
	struct daisy_held **at = &list->first;

	while (*at) {
		if (!origin || (*at)->origin == origin)
			daisy_held_remove(list, at);
		else
			at = &(*at)->next;
	}
}
