/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The elements of all functions of a chain and how they are connected: what the
 * parser makes, with compound elements already replaced by what is in them, and
 * what both the compiler and the reference interpreter walk through.
 */
#ifndef DAISY_SNF_GRAPH_H
#define DAISY_SNF_GRAPH_H

#include "snf/filter.h"
#include "snf/source.h"

/* More than that is no chain of network functions, but a mistake. */
#define DAISY_MAX_ELEMENTS 4096
#define DAISY_MAX_PORTS 1024

#define DAISY_NOWHERE UINT32_MAX

/* A connection from one output of an element. */
struct daisy_wire {
	uint32_t to;			/* element; DAISY_NOWHERE: not connected */
	uint32_t port;			/* its input */
};

struct daisy_element {
	const char *name;		/* within the chain: FUNCTION/COMPOUND/NAME */
	const struct daisy_element_class *class;
	struct daisy_place place;
	struct daisy_cursor config;
	uint32_t function;
	struct daisy_wire *outputs;
	unsigned int n_outputs;		/* the highest connected, plus one */
	bool *inputs;			/* is it connected */
	unsigned int n_inputs;
	void *data;			/* of its class, from the configuration */
	struct daisy_unit *unit;	/* of the compiler */
	unsigned char mark;		/* of the search for cycles */
	bool entry;			/* packets enter the chain here */
	struct daisy_place jump;	/* ToDevice, FromDevice: the edge that leads on; at NULL: none */
};

struct daisy_function {
	const char *name;
	struct daisy_place place;
};

struct daisy_entry {
	const char *name;		/* "[INTERFACE]FUNCTION" */
	struct daisy_place place;
	uint32_t element;
};

struct daisy_chain {
	struct daisy_arena arena;
	struct daisy_sets sets;
	struct daisy_element **elements;
	size_t n_elements;
	struct daisy_function *functions;
	size_t n_functions;
	struct daisy_entry *entries;
	size_t n_entries;
	char **warnings;
	size_t n_warnings;
	struct daisy_compiled *compiled;
};

/* -ENOMEM with daisy_error(). */
int daisy_chain_init(struct daisy_chain *chain);
void daisy_chain_clean(struct daisy_chain *chain);
/* Read a file and all that it names, check what is in it. 0, or -EINVAL with daisy_error(). */
int daisy_chain_load(struct daisy_chain *chain, const char *path);
/* The same, of a text that is kept by the caller; functions cannot be in other files. */
int daisy_chain_parse(struct daisy_chain *chain, const char *name, const char *text, size_t size);
/* Something that is odd, but no error. At most 100 are kept. */
void daisy_chain_warn(struct daisy_chain *chain, struct daisy_place place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* NULL with daisy_error(). */
struct daisy_element *daisy_graph_add(struct daisy_chain *chain, const char *name,
				      const struct daisy_element_class *class,
				      struct daisy_place place, uint32_t function);
uint32_t daisy_graph_index(const struct daisy_chain *chain, const struct daisy_element *element);
/* An output leads to one input only; an input may be reached from several outputs. */
int daisy_graph_connect(struct daisy_chain *chain, struct daisy_element *from,
			unsigned int output, struct daisy_element *to, unsigned int input,
			struct daisy_place place);
/* Ports that must be connected are, and nothing leads in a circle. */
int daisy_graph_check(struct daisy_chain *chain);

#endif
