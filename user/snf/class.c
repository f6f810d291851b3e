/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "snf/class.h"
#include "snf/element.h"

static void put(char text[DAISY_CLASS_TEXT], const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + n, DAISY_CLASS_TEXT - n, fmt, args);
	va_end(args);
}

/* An annotation ends with the chain, but for the next hop. */
static bool leaves(enum daisy_field field)
{
	return field != FIELD_PAINT;
}

static void put_operation(char text[DAISY_CLASS_TEXT], const struct daisy_operation *operation)
{
	char value[24];

	for (int f = 0; f < N_FIELDS; f++) {
		if (!(operation->written >> f & 1) || !leaves((enum daisy_field)f))
			continue;
		daisy_field_format((enum daisy_field)f, operation->value[f], value);
		put(text, ", %s = %s", daisy_field_name((enum daisy_field)f), value);
	}
	if (operation->ttl_down)
		put(text, ", ttl - %u", operation->ttl_down);
}

uint32_t daisy_class_name(const struct daisy_chain *chain, uint32_t end,
			  const struct daisy_operation *operation, char text[DAISY_CLASS_TEXT])
{
	const struct daisy_element *sink = end == DAISY_NOWHERE ? NULL : chain->elements[end];
	char words[DAISY_CLASS_TEXT];
	uint32_t id = UINT32_C(0x811c9dc5);	/* FNV-1a */

	snprintf(words, sizeof(words), "drop");
	if (sink)
		snprintf(words, sizeof(words), "to %.80s[%.80s]", chain->functions[sink->function].name,
			 daisy_element_device(sink));
	if (sink)
		put_operation(words, operation);
	for (const char *p = words; *p; p++)
		id = (id ^ (unsigned char)*p) * UINT32_C(0x01000193);
	if (text)
		memcpy(text, words, sizeof(words));
	return id;
}
