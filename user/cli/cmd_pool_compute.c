/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daisy pool compute: whose a port is, and which ports somebody has, by
 * arithmetic from the configuration (RFC 7422). Asks no daemon, needs no root,
 * so that it answers years later on another machine.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd_pool_compute.h"
#include "cli/error.h"
#include "cli/print.h"
#include "config/check.h"
#include "config/plan.h"
#include "config/policy.h"
#include "config/values.h"

static const struct daisy_column plan_fields[] = {
	{ "pool", "pool", FORMAT_TEXT, NULL },
	{ "algorithm", "algorithm", FORMAT_TEXT, NULL },
	{ "subscribers", "inside addresses", FORMAT_TEXT, NULL },
	{ "addresses", "external addresses", FORMAT_TEXT, NULL },
	{ "ratio", "subscribers of an address", FORMAT_TEXT, NULL },
	{ "ports_per_subscriber", "ports of a subscriber", FORMAT_TEXT, NULL },
	{ "overflow", "overflow ports of an address", FORMAT_TEXT, NULL },
	{ "overflow_ports", "overflow range", FORMAT_TEXT, NULL },
	{ "reserved", "reserved ports of an address", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static const struct daisy_column block_fields[] = {
	{ "pool", "pool", FORMAT_TEXT, NULL },
	{ "inside", "inside", FORMAT_TEXT, NULL },
	{ "external", "external", FORMAT_TEXT, NULL },
	{ "ports", "ports", FORMAT_TEXT, NULL },
	{ "n_ports", "number of ports", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static const struct daisy_column owner_fields[] = {
	{ "pool", "pool", FORMAT_TEXT, NULL },
	{ "external", "external", FORMAT_TEXT, NULL },
	{ "port", "port", FORMAT_TEXT, NULL },
	{ "owner", "owner", FORMAT_TEXT, NULL },
	{ "inside", "inside", FORMAT_TEXT, NULL },
	{ "ports", "ports of it", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static json_t *address_json(uint32_t address)
{
	char text[DAISY_VALUE_SIZE];

	daisy_value_format_address(address, text);
	return json_string(text);
}

static json_t *ports_json(uint16_t first, uint16_t last)
{
	const struct daisy_config_range range = { first, last };
	char text[DAISY_VALUE_SIZE];

	daisy_value_format_ports(&range, text);
	return json_string(text);
}

/* A list of one key as typed; its length in *n. */
static const char *word_at(const struct daisy_args *args, const char *key, size_t i, char text[16])
{
	const json_t *item = json_array_get(json_object_get(args->local, key), i);

	if (!json_is_integer(item))
		return json_string_value(item);
	snprintf(text, 16, "%u", (unsigned int)json_integer_value(item));
	return text;
}

static size_t n_words(const struct daisy_args *args, const char *key)
{
	return json_array_size(json_object_get(args->local, key));
}

static uint32_t number(const struct daisy_args *args, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(args->local, key));
}

static int read_lists(const struct daisy_args *args, struct daisy_config_pool *pool)
{
	char text[16];
	int err = 0;

	pool->ranges = calloc(n_words(args, "addresses") + 1, sizeof(*pool->ranges));
	pool->inside = calloc(n_words(args, "prefix") + 1, sizeof(*pool->inside));
	pool->reserved = calloc(n_words(args, "reserved") + 1, sizeof(*pool->reserved));
	if (!pool->ranges || !pool->inside || !pool->reserved) {
		daisy_error_set("no memory");
		return -EINVAL;
	}
	for (size_t n = n_words(args, "addresses"); !err && pool->n_ranges < n; pool->n_ranges++)
		err = daisy_value_addresses(word_at(args, "addresses", pool->n_ranges, text),
					    &pool->ranges[pool->n_ranges]);
	for (size_t n = n_words(args, "prefix"); !err && pool->n_inside < n; pool->n_inside++)
		err = daisy_value_prefix(word_at(args, "prefix", pool->n_inside, text),
					 &pool->inside[pool->n_inside]);
	for (size_t n = n_words(args, "reserved"); !err && pool->n_reserved < n; pool->n_reserved++)
		err = daisy_value_ports(word_at(args, "reserved", pool->n_reserved, text),
					&pool->reserved[pool->n_reserved]);
	return err;
}

/* A configuration with one pool, out of what was typed. */
static int read_pool(const struct daisy_args *args, struct daisy_config *config)
{
	const char *algorithm = daisy_args_string(args, "algorithm");
	const char *ports = daisy_args_string(args, "ports");
	struct daisy_config_range range = { DAISY_PORT_FIRST, DAISY_PORT_LAST };
	struct daisy_config_pool *pool;
	int err;

	config->pools = calloc(1, sizeof(*config->pools));
	if (!config->pools) {
		daisy_error_set("no memory");
		return -EINVAL;
	}
	config->n_pools = 1;
	pool = &config->pools[0];
	pool->mode = POOL_DETERMINISTIC;
	daisy_config_policy_defaults(pool);
	pool->subscriber_ports = number(args, "ports-per-subscriber");
	pool->overflow = number(args, "overflow");
	err = read_lists(args, pool);
	if (!err && algorithm)
		err = daisy_plan_algorithm_parse(algorithm, &pool->algorithm);
	if (!err && ports)
		err = daisy_value_ports(ports, &range);
	pool->first_port = (uint16_t)range.first;
	pool->last_port = (uint16_t)range.last;
	return err ? err : daisy_config_check_parts(config, NULL);
}

/* What would mean two pools at once, or none. */
static int check_source(const struct daisy_args *args)
{
	static const char *const keys[] = {
		"prefix", "addresses", "ports", "reserved", "ports-per-subscriber", "overflow",
		"algorithm",
	};
	bool file = daisy_args_string(args, "config");

	for (size_t i = 0; file && i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!json_object_get(args->local, keys[i]))
			continue;
		daisy_error_set("\"%s\" and \"config\" both say what the pool is, expected one of "
				"them", keys[i]);
		return -EINVAL;
	}
	if (!file && daisy_args_string(args, "name")) {
		daisy_error_set("\"name\" names a pool of a file, expected \"config\" with it");
		return -EINVAL;
	}
	if (!file && (!n_words(args, "prefix") || !n_words(args, "addresses"))) {
		daisy_error_set("nothing says what the pool is: give config, or prefix and addresses");
		return -EINVAL;
	}
	if (!json_object_get(args->local, "inside") || !json_object_get(args->local, "external"))
		return 0;
	daisy_error_set("\"inside\" and \"external\" are two questions, expected one of them");
	return -EINVAL;
}

/* What is asked about a plan; neither: about the plan itself. */
struct question {
	const char *inside;
	const char *external;
	uint32_t address;
	uint32_t port;
};

struct answer {
	struct daisy_plan_block block;
	enum daisy_plan_owner owner;
	uint32_t inside;
};

static int read_question(const struct daisy_args *args, struct question *question)
{
	const char *colon;
	char text[DAISY_VALUE_SIZE];

	question->inside = daisy_args_string(args, "inside");
	question->external = daisy_args_string(args, "external");
	if (question->inside)
		return daisy_value_address(question->inside, &question->address);
	if (!question->external)
		return 0;
	colon = strchr(question->external, ':');
	if (!colon) {
		daisy_error_value("external", question->external, "ADDRESS:PORT");
		return -EINVAL;
	}
	snprintf(text, sizeof(text), "%.*s", (int)(colon - question->external), question->external);
	return daisy_value_address(text, &question->address) ||
	       daisy_value_number(colon + 1, 0, 65535, "a port", &question->port) ? -EINVAL : 0;
}

/* -ENOENT: the address is none of the plan's. */
static int ask(const struct daisy_plan *plan, const struct question *question, struct answer *answer)
{
	int err = 0;

	answer->owner = PLAN_SUBSCRIBER;
	answer->inside = question->address;
	if (question->external)
		err = daisy_plan_reverse(plan, question->address, (uint16_t)question->port,
					 &answer->owner, &answer->inside);
	if (!err && answer->owner == PLAN_SUBSCRIBER && (question->external || question->inside))
		err = daisy_plan_forward(plan, answer->inside, &answer->block);
	return err;
}

/* NULL: what was typed has none. */
static const char *name_of(const struct daisy_config_pool *pool)
{
	return *pool->name ? pool->name : NULL;
}

static void print_plan(struct daisy_cli *cli, const struct daisy_config_pool *pool,
		       const struct daisy_plan *plan)
{
	uint16_t first, last;
	json_t *item = json_pack("{s:s?,s:s,s:I,s:I,s:i,s:i,s:i,s:i}", "pool", name_of(pool),
		"algorithm", daisy_plan_algorithm_name(pool->algorithm),
		"subscribers", (json_int_t)plan->n_subscribers,
		"addresses", (json_int_t)plan->n_addresses, "ratio", (int)plan->ratio,
		"ports_per_subscriber", (int)plan->ports, "overflow", (int)plan->overflow,
		"reserved", pool->last_port - pool->first_port + 1 - (int)plan->usable);

	json_object_set_new(item, "overflow_ports", daisy_plan_overflow(plan, &first, &last) ?
			    json_null() : ports_json(first, last));
	daisy_print_record(cli, plan_fields, item);
	json_decref(item);
}

static void print_answer(struct daisy_cli *cli, const struct daisy_config_pool *pool,
			 const struct daisy_plan *plan, const struct question *question,
			 const struct answer *answer)
{
	static const char *const owners[] = {
		[PLAN_SUBSCRIBER] = "subscriber", [PLAN_OVERFLOW] = "overflow",
		[PLAN_UNASSIGNED] = "unassigned", [PLAN_RESERVED] = "reserved",
	};
	bool found = answer->owner == PLAN_SUBSCRIBER;
	json_t *item = json_pack("{s:s?}", "pool", name_of(pool));

	if (question->external) {
		json_object_set_new(item, "external", address_json(question->address));
		json_object_set_new(item, "port", json_integer(question->port));
		json_object_set_new(item, "owner", json_string(owners[answer->owner]));
		json_object_set_new(item, "inside", found ? address_json(answer->inside) :
				    json_null());
	} else {
		json_object_set_new(item, "inside", address_json(answer->inside));
		json_object_set_new(item, "external", address_json(answer->block.address));
	}
	if (found) {
		json_object_set_new(item, "ports", ports_json(answer->block.first,
							      answer->block.last));
		json_object_set_new(item, "n_ports", json_integer(plan->ports));
	}
	daisy_print_record(cli, question->external ? owner_fields : block_fields, item);
	json_decref(item);
}

static void refuse_question(const struct daisy_config *config, const char *name,
			    const struct question *question)
{
	const char *word = question->inside ? question->inside : question->external;
	size_t n = 0;

	for (size_t i = 0; i < config->n_pools; i++)
		n += config->pools[i].mode == POOL_DETERMINISTIC &&
		     (!name || !strcmp(config->pools[i].name, name));
	if (!n && name)
		daisy_error_value("pool", name, "a deterministic pool of the file");
	else if (!n)
		daisy_error_set("the file has no pool with mode deterministic");
	else if (!word)
		daisy_error_set("the file has %zu deterministic pools, say which with name", n);
	else
		daisy_error_value(question->inside ? "inside" : "external", word,
				  question->inside ? "within the inside prefixes of the pool" :
				  "at an address of the pool");
}

/* The address that is asked about says which of several pools is meant. */
static enum daisy_exit answer(struct daisy_cli *cli, const struct daisy_config *config,
			      const char *name, const struct question *question)
{
	const struct daisy_config_pool *pool = NULL;
	struct daisy_config_plan plan = { .ranges = NULL };
	struct answer found;
	size_t n = 0;

	for (size_t i = 0; i < config->n_pools; i++) {
		const struct daisy_config_pool *p = &config->pools[i];
		struct answer one;

		if (p->mode != POOL_DETERMINISTIC || (name && strcmp(p->name, name)))
			continue;
		daisy_config_plan_clean(&plan);
		if (daisy_config_plan_make(p, &plan))
			break;
		if (ask(&plan.plan, question, &one))
			continue;
		pool = p;
		found = one;
		n++;
		if (question->inside || question->external)
			break;
	}
	if (n != 1)
		refuse_question(config, name, question);
	else if (question->inside || question->external)
		print_answer(cli, pool, &plan.plan, question, &found);
	else
		print_plan(cli, pool, &plan.plan);
	daisy_config_plan_clean(&plan);
	return n == 1 ? DAISY_EXIT_DONE : DAISY_EXIT_USAGE;
}

enum daisy_exit daisy_pool_compute(struct daisy_cli *cli, struct daisy_args *args)
{
	const char *file = daisy_args_string(args, "config");
	struct daisy_config *config = NULL;
	enum daisy_exit code = DAISY_EXIT_USAGE;
	struct question question = { .address = 0 };
	int err = check_source(args);

	if (!err)
		err = read_question(args, &question);
	if (err)
		return code;
	if (file) {
		err = daisy_config_load(file, false, &config);
	} else {
		config = calloc(1, sizeof(*config));
		err = config ? read_pool(args, config) : -ENOMEM;
	}
	if (!err)
		code = answer(cli, config, daisy_args_string(args, "name"), &question);
	daisy_config_free(config);
	return code;
}
