/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classifier: patterns over bytes, "OFFSET/HEX" and "-". A chain sees IPv4 in
 * Ethernet, where only the type of the frame is a question, and its answer is
 * known: "12/0800" has every packet, "12/0806 20/0001" none.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "snf/element.h"

#define TYPE_OFFSET 12

struct patterns {
	size_t n;
	int output;			/* of every packet; ELEMENT_DROP: none matches */
	struct daisy_place place;
};

/* One "OFFSET/HEX" of a pattern; *holds: for IPv4. */
static int read_clause(struct daisy_cursor *arg, bool *holds)
{
	struct daisy_cursor before;
	const char *word;
	uint32_t offset;
	char text[48];
	size_t n;

	daisy_cursor_skip(arg);
	before = *arg;
	if (daisy_config_number(arg, "an offset", 65535, &offset))
		return -EINVAL;
	if (!daisy_cursor_take(arg, "/"))
		return daisy_place_error(daisy_cursor_place(arg), "expected '/' and hexadecimal digits, not %s",
					 daisy_cursor_show(arg, text));
	n = daisy_cursor_word(arg, "", &word);
	for (size_t i = 0; i < n; i++)
		n = isxdigit((unsigned char)word[i]) ? n : 0;
	if (!n || n % 2)
		return daisy_place_error(daisy_cursor_place(&before), "expected an even number of hexadecimal "
					 "digits behind '/'");
	if (offset == TYPE_OFFSET && n == 4)
		*holds &= !memcmp(word, "0800", 4);
	else if (*holds)
		return daisy_place_error(daisy_cursor_place(&before), "expected the Ethernet type (12/0800), or "
					 "an IPClassifier for what stands behind it");
	return 0;
}

static int configure(struct daisy_chain *chain, struct daisy_element *element)
{
	struct patterns *patterns = daisy_arena_alloc(&chain->arena, sizeof(*patterns));
	struct daisy_config_args args;
	int err = patterns ? daisy_config_split(chain, element->config, &args) : -ENOMEM;

	if (!err)
		err = daisy_config_count(element, &args, 1, SIZE_MAX, "patterns such as \"12/0800, -\"");
	if (err)
		return err;
	patterns->n = args.n;
	patterns->output = ELEMENT_DROP;
	for (size_t i = 0; !err && i < args.n; i++) {
		struct daisy_cursor arg = args.args[i];
		bool holds = true;

		if (!daisy_cursor_take(&arg, "-"))
			do
				err = read_clause(&arg, &holds);
			while (!err && daisy_cursor_skip(&arg));
		if (!err)
			err = daisy_config_end(&arg);
		if (!err && holds && patterns->output == ELEMENT_DROP)
			patterns->output = (int)i;
	}
	element->data = patterns;
	return err;
}

static struct daisy_outputs outputs(const struct daisy_element *element)
{
	const struct patterns *patterns = element->data;

	return (struct daisy_outputs){ (unsigned int)patterns->n, (unsigned int)patterns->n };
}

static int run(const struct daisy_element *element, unsigned int input, struct daisy_header *header)
{
	const struct patterns *patterns = element->data;

	(void)input;
	(void)header;
	return patterns->output;
}

static int unit(struct daisy_chain *chain, struct daisy_element *element)
{
	const struct patterns *patterns = element->data;

	return daisy_unit_add(chain, element, &daisy_filter_all, NULL, patterns->output, element->place);
}

const struct daisy_element_class daisy_element_classifier = {
	.name = "Classifier", .kind = ELEMENT_READ, .min_inputs = 1, .max_inputs = 1, .outputs = outputs,
	.configure = configure, .run = run, .unit = unit,
};
