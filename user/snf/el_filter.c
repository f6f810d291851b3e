/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPFilter and IPClassifier: lists of expressions, of which the first that is true decides. */
#include <errno.h>
#include <string.h>

#include "snf/element.h"
#include "snf/expr.h"

struct rule {
	const struct daisy_expr *expr;
	int output;
	struct daisy_place place;
};

struct rules {
	struct rule *rules;
	size_t n;
	unsigned int n_outputs;		/* the highest named, plus one */
};

static int add(struct daisy_chain *chain, struct rules *rules, struct daisy_cursor text, int output,
	       struct daisy_place place)
{
	const struct daisy_expr *expr = daisy_expr_parse(chain, text);
	struct rule *list = expr ? daisy_arena_grow(&chain->arena, rules->rules, rules->n,
						     sizeof(*list)) : NULL;
	if (!list)
		return -EINVAL;
	rules->rules = list;
	list[rules->n++] = (struct rule){ expr, output, place };
	if (output >= 0 && (unsigned int)output >= rules->n_outputs)
		rules->n_outputs = (unsigned int)output + 1;
	return 0;
}

static bool is(const char *word, size_t n, const char *text)
{
	return strlen(text) == n && !memcmp(word, text, n);
}

/* allow | drop | deny | N */
static int read_action(struct daisy_cursor *arg, int *output)
{
	struct daisy_cursor before = *arg;
	uint32_t number;
	const char *word;
	char text[48];
	size_t n = daisy_cursor_word(arg, "", &word);

	*output = is(word, n, "allow") ? 0 : ELEMENT_DROP;
	if (!*output || is(word, n, "drop") || is(word, n, "deny"))
		return 0;
	if (!n || *word < '0' || *word > '9')
		return daisy_place_error(daisy_cursor_place(&before), "expected allow, drop, deny or the number "
					 "of an output, not %s", daisy_cursor_show(&before, text));
	*arg = before;
	if (daisy_config_number(arg, "the number of an output", DAISY_MAX_PORTS - 1, &number))
		return -EINVAL;
	*output = (int)number;
	return 0;
}

static int configure(struct daisy_chain *chain, struct daisy_element *element, bool actions)
{
	struct rules *rules = daisy_arena_alloc(&chain->arena, sizeof(*rules));
	struct daisy_config_args args;
	int err = rules ? daisy_config_split(chain, element->config, &args) : -ENOMEM;

	if (!err)
		err = daisy_config_count(element, &args, 1, SIZE_MAX, actions ?
					 "rules such as \"allow tcp\"" : "patterns such as \"tcp, -\"");
	for (size_t i = 0; !err && i < args.n; i++) {
		struct daisy_cursor arg = args.args[i];
		struct daisy_place place = daisy_cursor_place(&arg);
		int output = (int)i;

		if (actions)
			err = read_action(&arg, &output);
		daisy_cursor_skip(&arg);
		if (!err)
			err = add(chain, rules, arg, output, place);
	}
	element->data = rules;
	return err;
}

static int configure_filter(struct daisy_chain *chain, struct daisy_element *element)
{
	return configure(chain, element, true);
}

static int configure_classifier(struct daisy_chain *chain, struct daisy_element *element)
{
	return configure(chain, element, false);
}

/* A filter that drops everything has an output all the same. */
static struct daisy_outputs outputs(const struct daisy_element *element)
{
	const struct rules *rules = element->data;
	unsigned int n = rules->n_outputs;

	return (struct daisy_outputs){ n, n ? n : 1 };
}

static int run(const struct daisy_element *element, unsigned int input, struct daisy_header *header)
{
	const struct rules *rules = element->data;

	(void)input;
	for (size_t i = 0; i < rules->n; i++)
		if (daisy_expr_eval(rules->rules[i].expr, header))
			return rules->rules[i].output;
	return ELEMENT_DROP;
}

static int unit(struct daisy_chain *chain, struct daisy_element *element)
{
	const struct rules *rules = element->data;
	struct daisy_filters filters;
	int err = 0;

	for (size_t i = 0; !err && i < rules->n; i++) {
		const struct rule *rule = &rules->rules[i];

		err = daisy_expr_filters(chain, rule->expr, rule->place, &filters);
		if (!err && !filters.n)
			daisy_chain_warn(chain, rule->place, "no packet can match this");
		for (size_t k = 0; !err && k < filters.n; k++)
			err = daisy_unit_add(chain, element, &filters.filters[k], NULL, rule->output,
					     rule->place);
	}
	return err ? err : daisy_unit_add(chain, element, &daisy_filter_all, NULL, ELEMENT_DROP,
					  element->place);
}

const struct daisy_element_class daisy_element_ip_filter = {
	.name = "IPFilter", .kind = ELEMENT_READ, .min_inputs = 1, .max_inputs = 1, .outputs = outputs,
	.configure = configure_filter, .run = run, .unit = unit,
};

const struct daisy_element_class daisy_element_ip_classifier = {
	.name = "IPClassifier", .kind = ELEMENT_READ, .min_inputs = 1, .max_inputs = 1,
	.outputs = outputs, .configure = configure_classifier, .run = run, .unit = unit,
};
