/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/error.h"
#include "snf/element.h"
#include "snf/graph.h"

struct daisy_element *daisy_graph_add(struct daisy_chain *chain, const char *name,
				      const struct daisy_element_class *class,
				      struct daisy_place place, uint32_t function)
{
	struct daisy_element **list, *element;

	if (chain->n_elements == DAISY_MAX_ELEMENTS) {
		daisy_place_error(place, "more than %d elements", DAISY_MAX_ELEMENTS);
		return NULL;
	}
	list = daisy_arena_grow(&chain->arena, chain->elements, chain->n_elements, sizeof(*list));
	element = list ? daisy_arena_alloc(&chain->arena, sizeof(*element)) : NULL;
	if (!element)
		return NULL;
	*element = (struct daisy_element){ .name = name, .class = class, .place = place,
					   .function = function };
	chain->elements = list;
	list[chain->n_elements++] = element;
	return element;
}

uint32_t daisy_graph_index(const struct daisy_chain *chain, const struct daisy_element *element)
{
	uint32_t i = 0;

	while (chain->elements[i] != element)
		i++;
	return i;
}

static int add_output(struct daisy_chain *chain, struct daisy_element *e, unsigned int port)
{
	while (e->n_outputs <= port) {
		struct daisy_wire *wires = daisy_arena_grow(&chain->arena, e->outputs, e->n_outputs,
							    sizeof(*wires));
		if (!wires)
			return -ENOMEM;
		wires[e->n_outputs++] = (struct daisy_wire){ .to = DAISY_NOWHERE };
		e->outputs = wires;
	}
	return 0;
}

static int add_input(struct daisy_chain *chain, struct daisy_element *e, unsigned int port)
{
	while (e->n_inputs <= port) {
		bool *inputs = daisy_arena_grow(&chain->arena, e->inputs, e->n_inputs, sizeof(*inputs));

		if (!inputs)
			return -ENOMEM;
		inputs[e->n_inputs++] = false;
		e->inputs = inputs;
	}
	e->inputs[port] = true;
	return 0;
}

int daisy_graph_connect(struct daisy_chain *chain, struct daisy_element *from,
			unsigned int output, struct daisy_element *to, unsigned int input,
			struct daisy_place place)
{
	if (output >= DAISY_MAX_PORTS || input >= DAISY_MAX_PORTS)
		return daisy_place_error(place, "port %u is not below %d",
					 output > input ? output : input, DAISY_MAX_PORTS);
	if (output < from->n_outputs && from->outputs[output].to != DAISY_NOWHERE)
		return daisy_place_error(place, "output %u of \"%s\" is used twice, expected one "
					 "connection from each output", output, from->name);
	if (add_output(chain, from, output) || add_input(chain, to, input))
		return -ENOMEM;
	from->outputs[output] = (struct daisy_wire){ daisy_graph_index(chain, to), input };
	return 0;
}

static int check_inputs(const struct daisy_element *e)
{
	unsigned int min = e->class->min_inputs;
	/* What comes from another function comes in by its FromDevice. */
	unsigned int max = e->class->max_inputs + (daisy_element_is_source(e) && e->jump.at);

	for (unsigned int i = 0; i < min || i < e->n_inputs; i++) {
		if (i >= max)
			return daisy_place_error(e->place, "\"%s\" (%s) has no input %u, expected %s", e->name,
						 e->class->name, i, max ? "input 0 only" : "none");
		if (i >= e->n_inputs || !e->inputs[i])
			return daisy_place_error(e->place, "input %u of \"%s\" (%s) is not connected", i,
						 e->name, e->class->name);
	}
	return 0;
}

static int check_outputs(const struct daisy_element *e)
{
	struct daisy_outputs n = e->class->outputs(e);

	for (unsigned int i = 0; i < n.min || i < e->n_outputs; i++) {
		if (i >= n.max)
			return daisy_place_error(e->place, "\"%s\" (%s) has no output %u, expected at most %u "
						 "outputs", e->name, e->class->name, i, n.max);
		if (i >= e->n_outputs || e->outputs[i].to == DAISY_NOWHERE)
			return daisy_place_error(e->place, "output %u of \"%s\" (%s) is not connected", i,
						 e->name, e->class->name);
	}
	return 0;
}

enum { MARK_NEW, MARK_OPEN, MARK_DONE };

/* Depth is bounded by DAISY_MAX_ELEMENTS. */
static int find_cycle(struct daisy_chain *chain, struct daisy_element *e)
{
	e->mark = MARK_OPEN;
	for (unsigned int i = 0; i < e->n_outputs; i++) {
		struct daisy_element *next = e->outputs[i].to == DAISY_NOWHERE ? NULL :
					     chain->elements[e->outputs[i].to];
		int err = 0;

		if (next && next->mark == MARK_OPEN)
			return daisy_place_error(next->place, "\"%s\" is in a cycle: output %u of \"%s\" leads "
						 "back to it", next->name, i, e->name);
		if (next && next->mark == MARK_NEW)
			err = find_cycle(chain, next);
		if (err)
			return err;
	}
	e->mark = MARK_DONE;
	return 0;
}

int daisy_graph_check(struct daisy_chain *chain)
{
	int err = 0;

	for (size_t i = 0; !err && i < chain->n_elements; i++) {
		err = check_inputs(chain->elements[i]);
		if (!err)
			err = check_outputs(chain->elements[i]);
	}
	for (size_t i = 0; !err && i < chain->n_elements; i++)
		if (chain->elements[i]->mark == MARK_NEW)
			err = find_cycle(chain, chain->elements[i]);
	return err;
}
