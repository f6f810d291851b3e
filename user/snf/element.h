/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classes of elements, one table (element.c). An element has two meanings that
 * share no code: run() treats one packet, for the reference interpreter; unit()
 * writes down what becomes of all packets, for the compiler.
 */
#ifndef DAISY_SNF_ELEMENT_H
#define DAISY_SNF_ELEMENT_H

#include "snf/graph.h"

/* What SNF's parser takes an element for (S-8). */
enum daisy_element_kind {
	ELEMENT_IO,		/* left out between functions */
	ELEMENT_PARSING,	/* moves a pointer: left out */
	ELEMENT_READ,
	ELEMENT_WRITE,
	ELEMENT_READ_WRITE,
	ELEMENT_PASSIVE,	/* queues, counters, ports of compounds: left out */
};

/* run() returns an output, or that the packet ends here. */
#define ELEMENT_DROP -1

struct daisy_outputs {
	unsigned int min, max;		/* how many are connected */
};

struct daisy_element_class {
	const char *name;
	enum daisy_element_kind kind;
	unsigned int min_inputs, max_inputs;
	/* The IPv4 header checksum is written (once for each such element, unsynthesized). */
	bool writes_ip;
	struct daisy_outputs (*outputs)(const struct daisy_element *element);
	/* Read the configuration into element->data. 0 or a negative errno with daisy_error(). */
	int (*configure)(struct daisy_chain *chain, struct daisy_element *element);
	int (*run)(const struct daisy_element *element, unsigned int input,
		   struct daisy_header *header);
	/* NULL: every packet goes on from the output with the number of its input, unchanged. */
	int (*unit)(struct daisy_chain *chain, struct daisy_element *element);
	const char *refusal;		/* why there is no such element in a chain */
};

/* By name; NULL if there is none. */
const struct daisy_element_class *daisy_element_find(struct daisy_cursor name);
/* The ports of a compound element are elements, too. */
extern const struct daisy_element_class daisy_element_port;
bool daisy_element_is_source(const struct daisy_element *element);	/* FromDevice */
bool daisy_element_is_sink(const struct daisy_element *element);	/* ToDevice */
/* The interface of a source or sink. */
const char *daisy_element_device(const struct daisy_element *element);

/*
 * A processing unit: which packets are changed how and leave by which output.
 * First match wins (lazy subtraction, S-13), so that the filters are distinct
 * without being long; the last one has every packet.
 */
struct daisy_unit_entry {
	struct daisy_filter filter;
	const struct daisy_operation *operation;	/* NULL: none */
	int output;					/* or ELEMENT_DROP */
	struct daisy_place place;
	uint64_t n_uses;				/* in the compiled classifier */
};

struct daisy_unit {
	struct daisy_unit_entry *entries;
	size_t n;
};

/* Append to element->unit. */
int daisy_unit_add(struct daisy_chain *chain, struct daisy_element *element,
		   const struct daisy_filter *filter, const struct daisy_operation *operation,
		   int output, struct daisy_place place);

/* Parts of a configuration string between its commas, blanks cut off. */
struct daisy_config_args {
	struct daisy_cursor *args;
	size_t n;
};

int daisy_config_split(struct daisy_chain *chain, struct daisy_cursor config,
		       struct daisy_config_args *args);
/* Refuse other than `min` to `max` arguments; `what` says what was expected. */
int daisy_config_count(const struct daisy_element *element, const struct daisy_config_args *args,
		       size_t min, size_t max, const char *what);
/* Nothing may follow what was read. */
int daisy_config_end(struct daisy_cursor *arg);
int daisy_config_number(struct daisy_cursor *arg, const char *what, uint32_t max, uint32_t *number);
/* ADDRESS, host order. */
int daisy_config_address(struct daisy_cursor *arg, uint32_t *address);
/* ADDRESS[/LENGTH] or ADDRESS/MASK, or ADDRESS with up to three numbers left out and a length. */
int daisy_config_prefix(struct daisy_cursor *arg, uint32_t *first, uint32_t *last);
/* xx:xx:xx:xx:xx:xx, the first byte highest. */
int daisy_config_ether(struct daisy_cursor *arg, uint64_t *address);

/* Classes in files of their own. */
extern const struct daisy_element_class daisy_element_ip_filter, daisy_element_ip_classifier;
extern const struct daisy_element_class daisy_element_classifier;
extern const struct daisy_element_class daisy_element_lookup;

#endif
