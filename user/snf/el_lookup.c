/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lookups of routes, "ADDRESS/LENGTH [GATEWAY] OUTPUT": the longest prefix
 * decides, and Click's destination annotation becomes the gateway. For the
 * compiler the routes with one output and gateway are one filter: what the
 * prefixes cover, less what longer ones take away.
 */
#include <errno.h>
#include <stdlib.h>

#include "snf/element.h"

struct route {
	uint32_t first, last;
	uint32_t gateway;		/* 0: none */
	uint32_t output;
	struct daisy_place place;
};

struct routes {
	struct route *routes;
	size_t n;
	unsigned int n_outputs;
};

static int read_route(struct daisy_cursor arg, struct route *route)
{
	struct daisy_cursor at;
	const char *word;
	int err;

	*route = (struct route){ .place = daisy_cursor_place(&arg) };
	err = daisy_config_prefix(&arg, &route->first, &route->last);
	if (err)
		return err;
	at = arg;
	if (daisy_cursor_word(&at, ".", &word) && at.p < at.end)
		err = *word == '-' ? 0 : daisy_config_address(&arg, &route->gateway);
	else if (daisy_cursor_take(&at, "-"))
		arg = at;
	if (!err)
		err = daisy_config_number(&arg, "the number of an output", DAISY_MAX_PORTS - 1,
					  &route->output);
	return err ? err : daisy_config_end(&arg);
}

/* Shorter prefixes first, so that what comes later takes away from what came before. */
static int by_length(const void *a, const void *b)
{
	const struct route *x = a, *y = b;
	uint32_t m = x->last - x->first, n = y->last - y->first;

	if (m != n)
		return m < n ? 1 : -1;
	return (x->first > y->first) - (x->first < y->first);
}

static int configure(struct daisy_chain *chain, struct daisy_element *element)
{
	struct routes *routes = daisy_arena_alloc(&chain->arena, sizeof(*routes));
	struct daisy_config_args args;
	int err = routes ? daisy_config_split(chain, element->config, &args) : -ENOMEM;

	if (!err)
		err = daisy_config_count(element, &args, 1, SIZE_MAX, "routes such as \"10.0.0.0/8 0\"");
	if (!err)
		routes->routes = daisy_arena_alloc(&chain->arena, args.n * sizeof(*routes->routes));
	if (err || !routes->routes)
		return err ? err : -ENOMEM;
	for (; !err && routes->n < args.n; routes->n++) {
		struct route *route = &routes->routes[routes->n];

		err = read_route(args.args[routes->n], route);
		if (route->output >= routes->n_outputs)
			routes->n_outputs = route->output + 1;
	}
	if (err)
		return err;
	qsort(routes->routes, routes->n, sizeof(*routes->routes), by_length);
	for (size_t i = 1; i < routes->n; i++)
		if (!by_length(&routes->routes[i - 1], &routes->routes[i]))
			return daisy_place_error(routes->routes[i].place, "there are two routes for this prefix");
	element->data = routes;
	return 0;
}

static struct daisy_outputs outputs(const struct daisy_element *element)
{
	const struct routes *routes = element->data;

	return (struct daisy_outputs){ routes->n_outputs, routes->n_outputs };
}

/* The last that has the address is the longest. */
static int run(const struct daisy_element *element, unsigned int input, struct daisy_header *header)
{
	const struct routes *routes = element->data;

	(void)input;
	for (size_t i = routes->n; i--;) {
		const struct route *route = &routes->routes[i];

		if (header->value[FIELD_DST] < route->first || header->value[FIELD_DST] > route->last)
			continue;
		if (route->gateway) {
			header->value[FIELD_NEXT_HOP] = route->gateway;
			header->written |= 1u << FIELD_NEXT_HOP;
		}
		return (int)route->output;
	}
	return ELEMENT_DROP;
}

/* One stretch of addresses, and the route that has it; NULL: none. */
struct stretch {
	uint32_t first, last;
	const struct route *route;
};

static int by_address(const void *a, const void *b)
{
	const struct route *const *x = a, *const *y = b;

	if ((*x)->first != (*y)->first)
		return (*x)->first < (*y)->first ? -1 : 1;
	return (*x)->last < (*y)->last ? 1 : (*x)->last > (*y)->last ? -1 : 0;
}

/*
 * Walk over the addresses with the open prefixes on a stack: each of the at most
 * 2n + 1 stretches belongs to the innermost. Prefixes nest or are apart.
 */
static size_t cut(const struct route **sorted, size_t n, struct stretch *out)
{
	const struct route *stack[33];
	uint64_t at = 0;
	size_t depth = 0, n_out = 0;

	for (size_t i = 0; i <= n; i++) {
		uint64_t begin = i < n ? sorted[i]->first : UINT64_C(1) << 32;

		while (at < begin) {
			uint64_t end = depth && stack[depth - 1]->last < begin ? stack[depth - 1]->last + UINT64_C(1) :
				       begin;

			out[n_out++] = (struct stretch){ (uint32_t)at, (uint32_t)(end - 1),
							 depth ? stack[depth - 1] : NULL };
			at = end;
			while (depth && stack[depth - 1]->last < at)
				depth--;
		}
		if (i < n)
			stack[depth++] = sorted[i];
	}
	return n_out;
}

static int by_target(const void *a, const void *b)
{
	const struct stretch *x = a, *y = b;

	if (x->route->output != y->route->output)
		return x->route->output < y->route->output ? -1 : 1;
	if (x->route->gateway != y->route->gateway)
		return x->route->gateway < y->route->gateway ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

static bool same_target(const struct route *a, const struct route *b)
{
	return a->output == b->output && a->gateway == b->gateway;
}

/* Stretches of one target: one filter; of the `last`, whatever the others leave. */
static int add_target(struct daisy_chain *chain, struct daisy_element *element,
		      const struct stretch *stretches, size_t n, struct daisy_interval *intervals,
		      bool last)
{
	const struct route *route = stretches->route;
	struct daisy_operation *operation = NULL;
	struct daisy_filter filter = daisy_filter_all;

	for (size_t i = 0; i < n; i++)
		intervals[i] = (struct daisy_interval){ stretches[i].first, stretches[i].last };
	if (!last)
		filter.set[FIELD_DST] = daisy_set_make(&chain->sets, FIELD_DST, intervals, n);
	if (route->gateway) {
		operation = daisy_arena_alloc(&chain->arena, sizeof(*operation));
		if (!operation)
			return -ENOMEM;
		operation->written = 1u << FIELD_NEXT_HOP;
		operation->value[FIELD_NEXT_HOP] = route->gateway;
	}
	if (filter.set[FIELD_DST] == SET_FAILED)
		return -ENOMEM;
	return daisy_unit_add(chain, element, &filter, operation, (int)route->output, route->place);
}

/* From the i-th stretch on: how many have its target. */
static size_t target_size(const struct stretch *stretches, size_t i, size_t n)
{
	size_t k = i + 1;

	while (k < n && same_target(stretches[i].route, stretches[k].route))
		k++;
	return k - i;
}

/*
 * One filter for each target. With a default route nothing is left over, and the target with
 * the most stretches comes last, where it need not name them.
 */
static int add_targets(struct daisy_chain *chain, struct daisy_element *element,
		       const struct stretch *stretches, size_t n, bool complete,
		       struct daisy_interval *intervals)
{
	size_t widest = 0, size, of_widest = 0;
	int err = 0;

	for (size_t i = 0; i < n; i += size) {
		size = target_size(stretches, i, n);
		if (size > of_widest)
			widest = i, of_widest = size;
	}
	for (size_t i = 0; !err && i < n; i += size) {
		size = target_size(stretches, i, n);
		if (!complete || i != widest)
			err = add_target(chain, element, stretches + i, size, intervals, false);
	}
	if (err)
		return err;
	if (complete)
		return add_target(chain, element, stretches + widest, of_widest, intervals, true);
	return daisy_unit_add(chain, element, &daisy_filter_all, NULL, ELEMENT_DROP, element->place);
}

static int unit(struct daisy_chain *chain, struct daisy_element *element)
{
	const struct routes *routes = element->data;
	size_t n = routes->n, n_stretches, kept = 0;
	const struct route **sorted = daisy_arena_alloc(&chain->arena, n * sizeof(*sorted));
	struct stretch *stretches = daisy_arena_alloc(&chain->arena, (2 * n + 1) * sizeof(*stretches));
	struct daisy_interval *intervals = daisy_arena_alloc(&chain->arena,
							     (2 * n + 1) * sizeof(*intervals));

	if (!sorted || !stretches || !intervals)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &routes->routes[i];
	qsort(sorted, n, sizeof(*sorted), by_address);
	n_stretches = cut(sorted, n, stretches);
	for (size_t i = 0; i < n_stretches; i++)
		if (stretches[i].route)
			stretches[kept++] = stretches[i];
	qsort(stretches, kept, sizeof(*stretches), by_target);
	return add_targets(chain, element, stretches, kept, kept == n_stretches, intervals);
}

const struct daisy_element_class daisy_element_lookup = {
	.name = "StaticIPLookup", .kind = ELEMENT_READ_WRITE, .min_inputs = 1, .max_inputs = 1,
	.outputs = outputs, .configure = configure, .run = run, .unit = unit,
};
