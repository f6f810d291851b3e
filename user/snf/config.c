/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration strings of elements. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "snf/element.h"

static struct daisy_cursor trim(struct daisy_cursor arg)
{
	daisy_cursor_skip(&arg);
	while (arg.end > arg.p && isspace((unsigned char)arg.end[-1]))
		arg.end--;
	return arg;
}

static int add(struct daisy_chain *chain, struct daisy_config_args *args, struct daisy_cursor arg)
{
	struct daisy_cursor *list = daisy_arena_grow(&chain->arena, args->args, args->n, sizeof(*list));

	if (!list)
		return -ENOMEM;
	args->args = list;
	list[args->n++] = trim(arg);
	return 0;
}

/* An empty last argument is none: "a, b," has two, "" has none. */
int daisy_config_split(struct daisy_chain *chain, struct daisy_cursor config,
		       struct daisy_config_args *args)
{
	struct daisy_cursor arg = config, at = config;
	unsigned int depth = 0;
	int err = 0;

	*args = (struct daisy_config_args){ NULL, 0 };
	while (!err && daisy_cursor_skip(&at)) {
		char c = *at.p++;

		depth += c == '(';
		depth -= c == ')' && depth;
		if (c == '"') {
			const char *end = memchr(at.p, '"', (size_t)(at.end - at.p));

			at.p = end ? end + 1 : at.end;
		} else if (c == ',' && !depth) {
			arg.end = at.p - 1;
			err = add(chain, args, arg);
			arg = at;
		}
	}
	arg.end = config.end;
	at = arg;
	return err || !daisy_cursor_skip(&at) ? err : add(chain, args, arg);
}

int daisy_config_count(const struct daisy_element *element, const struct daisy_config_args *args,
		       size_t min, size_t max, const char *what)
{
	if (args->n >= min && args->n <= max)
		return 0;
	return daisy_place_error(element->place, "\"%s\" has %zu arguments, expected %s",
				 element->class->name, args->n, what);
}

int daisy_config_end(struct daisy_cursor *arg)
{
	char text[48];

	if (!daisy_cursor_skip(arg))
		return 0;
	return daisy_place_error(daisy_cursor_place(arg), "expected nothing more, not %s",
				 daisy_cursor_show(arg, text));
}

static bool read_number(const char *word, size_t n, uint32_t max, uint32_t *number)
{
	bool hex = n > 2 && word[0] == '0' && (word[1] | 32) == 'x';
	uint64_t value = 0;

	if (!n || n > 10)
		return false;
	for (size_t i = hex ? 2 : 0; i < n; i++) {
		char c = word[i];

		if (c >= '0' && c <= '9')
			value = value * (hex ? 16 : 10) + (uint64_t)(c - '0');
		else if (hex && (c | 32) >= 'a' && (c | 32) <= 'f')
			value = value * 16 + (uint64_t)((c | 32) - 'a' + 10);
		else
			return false;
	}
	*number = (uint32_t)value;
	return value <= max;
}

int daisy_config_number(struct daisy_cursor *arg, const char *what, uint32_t max, uint32_t *number)
{
	struct daisy_cursor before;
	const char *word;
	char text[48];
	size_t n;

	daisy_cursor_skip(arg);
	before = *arg;
	n = daisy_cursor_word(arg, "", &word);
	if (read_number(word, n, max, number))
		return 0;
	return daisy_place_error(daisy_cursor_place(&before), "expected %s (0-%u), not %s", what, max,
				 daisy_cursor_show(&before, text));
}

/* Numbers between dots, as many as there are; 0: none. */
static unsigned int read_dotted(struct daisy_cursor *arg, uint32_t *address)
{
	unsigned int n = 0;
	uint32_t number;

	daisy_cursor_skip(arg);
	*address = 0;
	for (;;) {
		const char *begin = arg->p;

		while (arg->p < arg->end && isdigit((unsigned char)*arg->p))
			arg->p++;
		if (n == 4 || !read_number(begin, (size_t)(arg->p - begin), 255, &number))
			return 0;
		*address |= number << (24 - 8 * n++);
		if (arg->p == arg->end || *arg->p != '.')
			return n;
		arg->p++;
	}
}

int daisy_config_address(struct daisy_cursor *arg, uint32_t *address)
{
	struct daisy_cursor before;
	char text[48];

	daisy_cursor_skip(arg);
	before = *arg;
	if (read_dotted(arg, address) == 4)
		return 0;
	return daisy_place_error(daisy_cursor_place(&before), "expected an IPv4 address, not %s",
				 daisy_cursor_show(&before, text));
}

/* Length of a mask, or 33 for one whose ones are not in front. */
static uint32_t mask_length(uint32_t mask)
{
	uint32_t n = mask ? 32 - (uint32_t)__builtin_ctz(mask) : 0;

	return mask == (n ? UINT32_MAX << (32 - n) : 0) ? n : 33;
}

int daisy_config_prefix(struct daisy_cursor *arg, uint32_t *first, uint32_t *last)
{
	struct daisy_cursor before;
	uint32_t address, length = 32, mask;
	unsigned int n;
	char text[48];

	daisy_cursor_skip(arg);
	before = *arg;
	n = read_dotted(arg, &address);
	if (n && arg->p < arg->end && *arg->p == '/') {
		struct daisy_cursor at = { arg->source, arg->p + 1, arg->end };
		struct daisy_cursor dotted = at;

		if (read_dotted(&dotted, &mask) == 4) {
			length = mask_length(mask);
			*arg = dotted;
		} else {
			const char *word;
			size_t len = daisy_cursor_word(&at, "", &word);

			if (!read_number(word, len, 32, &length))
				length = 33;
			*arg = at;
		}
	} else if (n != 4) {
		length = 33;
	}
	if (!n || length > 32 || (n < 4 && length > 8 * n))
		return daisy_place_error(daisy_cursor_place(&before), "expected an IPv4 prefix such as "
					 "10.0.0.0/8, not %s", daisy_cursor_show(&before, text));
	mask = length ? UINT32_MAX << (32 - length) : 0;
	*first = address & mask;
	*last = address | ~mask;
	return 0;
}

int daisy_config_ether(struct daisy_cursor *arg, uint64_t *address)
{
	struct daisy_cursor before;
	const char *word;
	char text[48];
	size_t n;

	daisy_cursor_skip(arg);
	before = *arg;
	n = daisy_cursor_word(arg, ":", &word);
	*address = 0;
	for (size_t i = 0; i < n; i++) {
		if (i % 3 == 2 ? word[i] != ':' : !isxdigit((unsigned char)word[i]))
			n = 0;
		else if (i % 3 != 2)
			*address = *address << 4 | (uint64_t)(word[i] <= '9' ? word[i] - '0' :
							      (word[i] | 32) - 'a' + 10);
	}
	if (n == 17)
		return 0;
	return daisy_place_error(daisy_cursor_place(&before), "expected an Ethernet address, not %s",
				 daisy_cursor_show(&before, text));
}
