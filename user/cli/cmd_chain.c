/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daisy chain: service chains, compiled and tried out on this machine. Asks no
 * daemon and needs no root.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/error.h"
#include "cli/print.h"
#include "snf/classbench.h"
#include "snf/explain.h"
#include "snf/interpreter.h"
#include "snf/proof.h"

static const struct daisy_column summary_fields[] = {
	{ "functions", "functions", FORMAT_TEXT, NULL },
	{ "elements", "elements", FORMAT_TEXT, NULL },
	{ "entries", "entries", FORMAT_TEXT, NULL },
	{ "classes", "classes", FORMAT_TEXT, NULL },
	{ "filters", "filters", FORMAT_TEXT, NULL },
	{ "unreached", "filters never reached", FORMAT_TEXT, NULL },
	{ "regions", "regions proven disjoint and complete", FORMAT_TEXT, NULL },
	{ "depth", "deepest region", FORMAT_TEXT, NULL },
	{ "widest", "most filters of a region", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

/* What a packet costs on the longest way of its class, as written and synthesized (S-16). */
static const struct daisy_column stats_columns[] = {
	{ "class", "CLASS", FORMAT_TEXT, NULL },
	{ "filters", "FILTERS", FORMAT_NUMBER, NULL },
	{ "before.elements", "ELEMENTS", FORMAT_NUMBER, NULL },
	{ "before.reads", "READS", FORMAT_NUMBER, NULL },
	{ "before.writes", "WRITES", FORMAT_NUMBER, NULL },
	{ "before.checksums", "CHECKSUMS", FORMAT_NUMBER, NULL },
	{ "after.reads", "READS-AFTER", FORMAT_NUMBER, NULL },
	{ "after.writes", "WRITES-AFTER", FORMAT_NUMBER, NULL },
	{ "after.checksums", "CHECKSUMS-AFTER", FORMAT_NUMBER, NULL },
	{ "does", "DOES", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

/* Fields whose change is one of the IPv4 header, and so of its checksum. */
#define IP_FIELDS (1u << FIELD_SRC | 1u << FIELD_DST | 1u << FIELD_DSCP | 1u << FIELD_ECN | 1u << FIELD_TTL)

static void print_stats(struct daisy_cli *cli, const struct daisy_chain *chain)
{
	struct daisy_table *table = daisy_table_begin(cli, stats_columns);

	for (size_t i = 0; i < chain->compiled->n_classes; i++) {
		const struct daisy_class *c = &chain->compiled->classes[i];
		const struct daisy_path *p = &c->path;
		const struct daisy_operation *o = &c->operation;
		bool checksum = o->written & IP_FIELDS || o->ttl_down;
		char id[16];
		json_t *item;

		snprintf(id, sizeof(id), "%08x", c->id);
		item = json_pack("{s:s,s:I,s:{s:i,s:i,s:i,s:i},s:{s:i,s:i,s:i},s:s}", "class", id,
			"filters", (json_int_t)c->n_rules, "before",
			"elements", (int)p->elements, "reads", (int)p->reads,
			"writes", (int)p->writes, "checksums", (int)p->checksums, "after", "reads", 1,
			"writes", __builtin_popcount(o->written) + !!o->ttl_down, "checksums", (int)checksum,
			"does", c->text);
		daisy_table_row(table, item);
		json_decref(item);
	}
	daisy_table_end(table, false);
}

static void print_summary(struct daisy_cli *cli, const struct daisy_chain *chain, size_t n_regions)
{
	size_t n_rules = 0, n_unreached = 0;
	unsigned int depth = 0, widest = 0;
	json_t *item;

	for (size_t e = 0; e < chain->n_entries; e++) {
		const struct daisy_classifier *c = &chain->compiled->classifiers[e];

		n_rules += c->n_rules;
		for (size_t i = 0; i < c->n_rules; i++)
			n_unreached += !c->tree->decides[i];
		depth = c->tree->depth > depth ? c->tree->depth : depth;
		widest = c->tree->widest > widest ? c->tree->widest : widest;
	}
	item = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:i,s:i}", "functions", (json_int_t)chain->n_functions,
		"elements", (json_int_t)chain->n_elements, "entries", (json_int_t)chain->n_entries,
		"classes", (json_int_t)chain->compiled->n_classes, "filters", (json_int_t)n_rules,
		"unreached", (json_int_t)n_unreached, "regions", (json_int_t)n_regions,
		"depth", (int)depth, "widest", (int)widest);
	daisy_print_record(cli, summary_fields, item);
	json_decref(item);
}

static json_t *filter_json(const struct daisy_chain *chain, const struct daisy_classifier *c,
			   size_t i)
{
	const struct daisy_class_rule *rule = &c->rules[i];
	unsigned int line, column;
	const char *name;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_t *item;

	if (!out)
		return NULL;
	daisy_filter_explain(out, &chain->sets, &rule->filter);
	fclose(out);
	daisy_place_find(rule->place, &name, &line, &column);
	item = json_pack("{s:I,s:s,s:s,s:i,s:b}", "number", (json_int_t)i + 1, "filter", text, "file", name,
			 "line", (int)line, "reached", (int)c->tree->decides[i]);
	free(text);
	return item;
}

/* One item for each class of each entry. */
static void print_explained(struct daisy_cli *cli, const struct daisy_chain *chain)
{
	const struct daisy_compiled *compiled = chain->compiled;
	json_t *list = json_array();

	for (size_t e = 0; e < chain->n_entries; e++) {
		const struct daisy_classifier *c = &compiled->classifiers[e];

		for (size_t k = 0; k < compiled->n_classes; k++) {
			json_t *filters = json_array();
			char id[16];

			for (size_t i = 0; i < c->n_rules; i++)
				if (c->rules[i].class == k)
					json_array_append_new(filters, filter_json(chain, c, i));
			snprintf(id, sizeof(id), "%08x", compiled->classes[k].id);
			if (json_array_size(filters))
				json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:O}", "entry",
					chain->entries[e].name, "class", id, "does", compiled->classes[k].text,
					"filters", filters));
			json_decref(filters);
		}
	}
	daisy_print_json(cli, list);
	json_decref(list);
}

static void print_warnings(const struct daisy_cli *cli, const struct daisy_chain *chain)
{
	for (size_t i = 0; i < chain->n_warnings; i++)
		daisy_error_warn(cli, chain->warnings[i]);
}

static int compile_and_prove(struct daisy_chain *chain, size_t *n_regions)
{
	struct daisy_proof proof;
	int err = daisy_compile(chain);

	*n_regions = 0;
	for (size_t e = 0; !err && e < chain->n_entries; e++) {
		err = daisy_proof_check(chain, &chain->compiled->classifiers[e], &proof);
		*n_regions += proof.n_regions;
	}
	return err;
}

static enum daisy_exit compile(struct daisy_cli *cli, struct daisy_args *args)
{
	struct daisy_chain chain;
	size_t n_regions = 0;
	int err = daisy_chain_init(&chain);

	if (!err)
		err = daisy_chain_load(&chain, daisy_args_string(args, "FILE"));
	if (!err)
		err = compile_and_prove(&chain, &n_regions);
	print_warnings(cli, &chain);
	if (!err && daisy_args_flag(args, "--explain") && cli->json)
		print_explained(cli, &chain);
	else if (!err && daisy_args_flag(args, "--explain"))
		daisy_chain_explain(stdout, &chain);
	else if (!err && daisy_args_flag(args, "--dot"))
		daisy_chain_dot(stdout, &chain);
	else if (!err && daisy_args_flag(args, "--stats"))
		print_stats(cli, &chain);
	else if (!err)
		print_summary(cli, &chain, n_regions);
	daisy_chain_clean(&chain);
	return err ? DAISY_EXIT_REFUSED : DAISY_EXIT_DONE;
}

static int find_entry(const struct daisy_chain *chain, const char *name, size_t *entry)
{
	for (*entry = 0; *entry < chain->n_entries; ++*entry)
		if (!name || !strcmp(chain->entries[*entry].name, name))
			break;
	if (!name && chain->n_entries > 1)
		daisy_error_set("the chain has %zu entries, say which with --entry", chain->n_entries);
	else if (*entry == chain->n_entries)
		daisy_error_value("entry", name, "an entry of the chain, as [INTERFACE]FUNCTION");
	else
		return 0;
	return -1;
}

static int eval_trace(const struct daisy_chain *chain, size_t entry, struct daisy_classbench *trace,
		      bool reference)
{
	struct daisy_header header;
	int more;

	while ((more = daisy_classbench_next(trace, &header)) > 0 && !daisy_print_broken()) {
		struct daisy_outcome outcome;

		if (reference) {
			daisy_interpreter_run(chain, &chain->entries[entry], &header, &outcome);
		} else {
			const struct daisy_class *class = daisy_compiled_class(chain, entry, &header);

			outcome.class = class->id;
			outcome.end = class->end;
		}
		printf("%08x %s\n", outcome.class, outcome.end == DAISY_NOWHERE ? "drop" : "allow");
	}
	return more < 0 ? more : 0;
}

static enum daisy_exit eval(struct daisy_cli *cli, struct daisy_args *args)
{
	const char *engine = daisy_args_string(args, "--engine");
	bool reference = engine && !strcmp(engine, "reference");
	struct daisy_classbench trace = { .file = NULL };
	struct daisy_chain chain;
	size_t entry = 0, n_regions;
	int err = daisy_chain_init(&chain);

	if (!err)
		err = daisy_chain_load(&chain, daisy_args_string(args, "FILE"));
	if (!err)
		err = find_entry(&chain, daisy_args_string(args, "--entry"), &entry);
	if (!err && !reference)
		err = compile_and_prove(&chain, &n_regions);
	print_warnings(cli, &chain);
	if (!err)
		err = daisy_classbench_open(&trace, daisy_args_string(args, "--trace"));
	if (!err)
		err = eval_trace(&chain, entry, &trace, reference);
	cli->printed |= trace.line;
	daisy_classbench_close(&trace);
	daisy_chain_clean(&chain);
	return err ? DAISY_EXIT_REFUSED : DAISY_EXIT_DONE;
}

static const struct daisy_param compile_params[] = {
	{ .key = "FILE", .type = VALUE_FILE, .metavar = "",
	  .flags = PARAM_LOCAL | PARAM_REQUIRED | PARAM_POSITIONAL, .help = "the chain" },
	{ .key = "--explain", .type = VALUE_FLAG, .flags = PARAM_LOCAL,
	  .help = "every class and its filters, in words" },
	{ .key = "--stats", .type = VALUE_FLAG, .flags = PARAM_LOCAL,
	  .help = "what each class costs, as written and compiled" },
	{ .key = "--dot", .type = VALUE_FLAG, .flags = PARAM_LOCAL,
	  .help = "elements and classes as graphs for dot(1)" },
	{ .key = NULL },
};

static const struct daisy_param eval_params[] = {
	{ .key = "FILE", .type = VALUE_FILE, .metavar = "",
	  .flags = PARAM_LOCAL | PARAM_REQUIRED | PARAM_POSITIONAL, .help = "the chain" },
	{ .key = "--trace", .type = VALUE_FILE, .flags = PARAM_LOCAL | PARAM_REQUIRED,
	  .help = "headers in the format of ClassBench; - is standard input" },
	{ .key = "--engine", .type = VALUE_CHOICE, .choices = "classes reference", .flags = PARAM_LOCAL,
	  .help = "compiled (the default), or element by element as written" },
	{ .key = "--entry", .type = VALUE_FILE, .metavar = "ENTRY", .flags = PARAM_LOCAL,
	  .help = "where the headers come in, as [INTERFACE]FUNCTION" },
	{ .key = NULL },
};

static const struct daisy_command commands[] = {
	{ "compile", "Compile a chain and prove that every packet has one class.", compile_params,
	  compile },
	{ "eval", "Tell class and verdict of every header of a trace.", eval_params, eval },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_chain = {
	"chain", "service chains, compiled into traffic classes", commands,
};
