/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of element classes, and the classes that need few lines. */
#include <errno.h>
#include <string.h>

#include "snf/element.h"

int daisy_unit_add(struct daisy_chain *chain, struct daisy_element *element,
		   const struct daisy_filter *filter, const struct daisy_operation *operation,
		   int output, struct daisy_place place)
{
	struct daisy_unit *unit = element->unit;
	struct daisy_unit_entry *entries;

	if (!unit)
		element->unit = unit = daisy_arena_alloc(&chain->arena, sizeof(*unit));
	entries = unit ? daisy_arena_grow(&chain->arena, unit->entries, unit->n, sizeof(*entries)) : NULL;
	if (!entries)
		return -ENOMEM;
	unit->entries = entries;
	entries[unit->n++] = (struct daisy_unit_entry){ *filter, operation, output, place, 0 };
	return 0;
}

static struct daisy_outputs one(const struct daisy_element *element)
{
	(void)element;
	return (struct daisy_outputs){ 1, 1 };
}

static struct daisy_outputs one_or_two(const struct daisy_element *element)
{
	(void)element;
	return (struct daisy_outputs){ 1, 2 };
}

static struct daisy_outputs none(const struct daisy_element *element)
{
	(void)element;
	return (struct daisy_outputs){ 0, 0 };
}

/* Those of a compound's ports that are used inside are the ones used outside. */
static struct daisy_outputs as_inputs(const struct daisy_element *element)
{
	return (struct daisy_outputs){ element->n_inputs, element->n_inputs };
}

/* A ToDevice leads on where the topology says so. */
static struct daisy_outputs jump(const struct daisy_element *element)
{
	unsigned int n = element->jump.at != NULL;

	return (struct daisy_outputs){ n, n };
}

static struct daisy_outputs any(const struct daisy_element *element)
{
	(void)element;
	return (struct daisy_outputs){ 1, DAISY_MAX_PORTS };
}

static int run_through(const struct daisy_element *element, unsigned int input,
		       struct daisy_header *header)
{
	(void)element;
	(void)header;
	return (int)input;
}

static int run_drop(const struct daisy_element *element, unsigned int input,
		    struct daisy_header *header)
{
	(void)element;
	(void)input;
	(void)header;
	return ELEMENT_DROP;
}

static int unit_drop(struct daisy_chain *chain, struct daisy_element *element)
{
	return daisy_unit_add(chain, element, &daisy_filter_all, NULL, ELEMENT_DROP, element->place);
}

/* FromDevice(NAME, ...): the rest of the arguments concerns I/O, which is left out. */
static int configure_device(struct daisy_chain *chain, struct daisy_element *element)
{
	struct daisy_config_args args;
	struct daisy_cursor arg;
	const char *word;
	int err = daisy_config_split(chain, element->config, &args);

	if (!err)
		err = daisy_config_count(element, &args, 1, SIZE_MAX, "the name of an interface");
	if (err)
		return err;
	arg = args.args[0];
	if (arg.p < arg.end && *arg.p == '"' && arg.end - arg.p > 2) {
		word = arg.p + 1;
		arg.p = arg.end - 1;
	} else if (!daisy_cursor_word(&arg, "_-.:@/", &word)) {
		return daisy_place_error(element->place, "expected the name of an interface");
	}
	element->data = daisy_arena_string(&chain->arena, word, arg.p);
	return element->data ? 0 : -ENOMEM;
}

bool daisy_element_is_source(const struct daisy_element *element)
{
	return element->class->kind == ELEMENT_IO && !element->class->max_inputs;
}

bool daisy_element_is_sink(const struct daisy_element *element)
{
	return element->class->kind == ELEMENT_IO && !daisy_element_is_source(element);
}

const char *daisy_element_device(const struct daisy_element *element)
{
	return element->data;
}

/* Strip, Unstrip: over an Ethernet header, of which nothing is read. */
static int configure_strip(struct daisy_chain *chain, struct daisy_element *element)
{
	struct daisy_config_args args;
	uint32_t n;
	int err = daisy_config_split(chain, element->config, &args);

	if (!err)
		err = daisy_config_count(element, &args, 1, 1, "the number of bytes");
	if (!err)
		err = daisy_config_number(&args.args[0], "a number of bytes", 65535, &n);
	if (!err && n != 14)
		err = daisy_place_error(element->place, "%u bytes are no header of a chain, expected 14: "
					"Ethernet's", n);
	return err ? err : daisy_config_end(&args.args[0]);
}

/* A write of constants: one operation for all packets. */
static int unit_write(struct daisy_chain *chain, struct daisy_element *element)
{
	return daisy_unit_add(chain, element, &daisy_filter_all, element->data, 0, element->place);
}

static int run_write(const struct daisy_element *element, unsigned int input,
		     struct daisy_header *header)
{
	const struct daisy_operation *operation = element->data;

	(void)input;
	for (int f = 0; f < N_FIELDS; f++)
		if (operation->written >> f & 1)
			header->value[f] = operation->value[f];
	header->written |= operation->written;
	return 0;
}

/* Arguments of the writing elements, for their first letters in order. */
enum argument { ARG_ADDRESS, ARG_ETHER, ARG_NUMBER };

static int read_argument(struct daisy_cursor *arg, enum argument type, enum daisy_field field,
			 uint64_t *value)
{
	uint32_t number = 0;
	int err;

	if (type == ARG_ETHER)
		err = daisy_config_ether(arg, value);
	else if (type == ARG_ADDRESS)
		err = daisy_config_address(arg, &number);
	else
		err = daisy_config_number(arg, daisy_field_name(field), (uint32_t)daisy_field_max(field),
					  &number);
	if (!err && type != ARG_ETHER)
		*value = number;
	return err ? err : daisy_config_end(arg);
}

struct write {
	enum argument type;
	enum daisy_field field;
};

static int configure_writes(struct daisy_chain *chain, struct daisy_element *element,
			    const struct write *writes, size_t n, const char *what)
{
	struct daisy_operation *operation = daisy_arena_alloc(&chain->arena, sizeof(*operation));
	struct daisy_config_args args;
	int err = operation ? daisy_config_split(chain, element->config, &args) : -ENOMEM;

	if (!err)
		err = daisy_config_count(element, &args, n, n, what);
	for (size_t i = 0; !err && i < n; i++) {
		err = read_argument(&args.args[i], writes[i].type, writes[i].field,
				    &operation->value[writes[i].field]);
		operation->written |= 1u << writes[i].field;
	}
	element->data = operation;
	return err;
}

/* SetIPAddress(A) is Click's: where the packet goes next, not what stands in it. */
static int configure_next_hop(struct daisy_chain *chain, struct daisy_element *element)
{
	static const struct write writes[] = { { ARG_ADDRESS, FIELD_NEXT_HOP } };

	return configure_writes(chain, element, writes, 1, "an IPv4 address");
}

static int configure_dscp(struct daisy_chain *chain, struct daisy_element *element)
{
	static const struct write writes[] = { { ARG_NUMBER, FIELD_DSCP } };

	return configure_writes(chain, element, writes, 1, "a DSCP");
}

static int configure_paint(struct daisy_chain *chain, struct daisy_element *element)
{
	static const struct write writes[] = { { ARG_NUMBER, FIELD_PAINT } };

	return configure_writes(chain, element, writes, 1, "a colour");
}

static int configure_encap(struct daisy_chain *chain, struct daisy_element *element)
{
	static const struct write writes[] = { { ARG_NUMBER, FIELD_ETHER_TYPE },
					       { ARG_ETHER, FIELD_ETHER_SRC },
					       { ARG_ETHER, FIELD_ETHER_DST } };

	return configure_writes(chain, element, writes, 3, "ETHERTYPE, SRC, DST");
}

static int configure_rewrite(struct daisy_chain *chain, struct daisy_element *element)
{
	static const struct write writes[] = { { ARG_ETHER, FIELD_ETHER_SRC },
					       { ARG_ETHER, FIELD_ETHER_DST } };

	return configure_writes(chain, element, writes, 2, "SRC, DST");
}

/* StoreIPAddress(ADDRESS, "src" | "dst" | OFFSET) */
static int configure_store(struct daisy_chain *chain, struct daisy_element *element)
{
	struct daisy_operation *operation = daisy_arena_alloc(&chain->arena, sizeof(*operation));
	struct daisy_config_args args;
	struct daisy_cursor where;
	uint32_t address;
	bool src;
	int err = operation ? daisy_config_split(chain, element->config, &args) : -ENOMEM;

	if (!err)
		err = daisy_config_count(element, &args, 2, 2, "ADDRESS, src or ADDRESS, dst");
	if (!err)
		err = daisy_config_address(&args.args[0], &address);
	if (!err)
		err = daisy_config_end(&args.args[0]);
	if (err)
		return err;
	where = args.args[1];
	src = daisy_cursor_take(&where, "src") || daisy_cursor_take(&where, "12");
	if (!src && !daisy_cursor_take(&where, "dst") && !daisy_cursor_take(&where, "16"))
		return daisy_place_error(daisy_cursor_place(&where), "expected src or dst");
	operation->value[src ? FIELD_SRC : FIELD_DST] = address;
	operation->written = 1u << (src ? FIELD_SRC : FIELD_DST);
	element->data = operation;
	return daisy_config_end(&where);
}

/* RFC 1812 section 5.3.1: what would leave with TTL 0 does not leave. */
static int run_ttl(const struct daisy_element *element, unsigned int input,
		   struct daisy_header *header)
{
	(void)input;
	if (header->value[FIELD_TTL] <= 1)
		return element->n_outputs > 1 ? 1 : ELEMENT_DROP;
	header->value[FIELD_TTL]--;
	header->ttl_down++;
	return 0;
}

static int unit_ttl(struct daisy_chain *chain, struct daisy_element *element)
{
	static const struct daisy_operation down = { .ttl_down = 1 };
	struct daisy_filter expired = daisy_filter_all;
	int err;

	expired.set[FIELD_TTL] = daisy_set_range(&chain->sets, FIELD_TTL, 0, 1);
	if (expired.set[FIELD_TTL] == SET_FAILED)
		return -ENOMEM;
	err = daisy_unit_add(chain, element, &expired, NULL, element->n_outputs > 1 ? 1 : ELEMENT_DROP,
			     element->place);
	return err ? err : daisy_unit_add(chain, element, &daisy_filter_all, &down, 0, element->place);
}

static int run_paint_switch(const struct daisy_element *element, unsigned int input,
			    struct daisy_header *header)
{
	uint64_t paint = header->value[FIELD_PAINT];

	(void)input;
	return paint < element->n_outputs ? (int)paint : ELEMENT_DROP;
}

static int unit_paint_switch(struct daisy_chain *chain, struct daisy_element *element)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < element->n_outputs && i < 256; i++) {
		struct daisy_filter filter = daisy_filter_all;

		filter.set[FIELD_PAINT] = daisy_set_range(&chain->sets, FIELD_PAINT, i, i);
		err = filter.set[FIELD_PAINT] == SET_FAILED ? -ENOMEM :
		      daisy_unit_add(chain, element, &filter, NULL, (int)i, element->place);
	}
	return err ? err : unit_drop(chain, element);
}

#define THROUGH(text, what, ports, read) \
	{ .name = text, .kind = what, .min_inputs = 1, .max_inputs = 1, .outputs = ports, \
	  .configure = read, .run = run_through }
#define WRITES(text, ip, read) \
	{ .name = text, .kind = ELEMENT_WRITE, .min_inputs = 1, .max_inputs = 1, .writes_ip = ip, \
	  .outputs = one, .configure = read, .run = run_write, .unit = unit_write }
#define DEVICE(text, n, ports) \
	{ .name = text, .kind = ELEMENT_IO, .min_inputs = 0, .max_inputs = n, .outputs = ports, \
	  .configure = configure_device, .run = run_through }
#define REFUSED(text, why) { .name = text, .refusal = why }

const struct daisy_element_class daisy_element_port = {
	.name = "port of a compound element", .kind = ELEMENT_PASSIVE, .max_inputs = DAISY_MAX_PORTS,
	.outputs = as_inputs, .run = run_through,
};

static const struct daisy_element_class classes[] = {
	{ .name = "FromDevice", .kind = ELEMENT_IO, .outputs = one, .configure = configure_device,
	  .run = run_through },
	{ .name = "FromDPDKDevice", .kind = ELEMENT_IO, .outputs = one, .configure = configure_device,
	  .run = run_through },
	{ .name = "PollDevice", .kind = ELEMENT_IO, .outputs = one, .configure = configure_device,
	  .run = run_through },
	DEVICE("ToDevice", 1, jump),
	DEVICE("ToDPDKDevice", 1, jump),
	THROUGH("Strip", ELEMENT_PARSING, one, configure_strip),
	THROUGH("Unstrip", ELEMENT_PARSING, one, configure_strip),
	/* A chain sees valid IPv4 headers only: nothing comes out of the second output. */
	THROUGH("CheckIPHeader", ELEMENT_PARSING, one_or_two, NULL),
	THROUGH("MarkIPHeader", ELEMENT_PARSING, one, NULL),
	THROUGH("Queue", ELEMENT_PASSIVE, one, NULL),
	THROUGH("ThreadSafeQueue", ELEMENT_PASSIVE, one, NULL),
	THROUGH("Unqueue", ELEMENT_PASSIVE, one, NULL),
	THROUGH("Counter", ELEMENT_PASSIVE, one, NULL),
	THROUGH("SetIPChecksum", ELEMENT_PASSIVE, one, NULL),
	{ .name = "Discard", .kind = ELEMENT_READ, .min_inputs = 1, .max_inputs = 1, .outputs = none,
	  .run = run_drop, .unit = unit_drop },
	{ .name = "Idle", .kind = ELEMENT_READ, .max_inputs = DAISY_MAX_PORTS, .outputs = none,
	  .run = run_drop, .unit = unit_drop },
	{ .name = "DecIPTTL", .kind = ELEMENT_READ_WRITE, .min_inputs = 1, .max_inputs = 1,
	  .writes_ip = true, .outputs = one_or_two, .run = run_ttl, .unit = unit_ttl },
	WRITES("SetIPAddress", false, configure_next_hop),
	WRITES("SetIPDSCP", true, configure_dscp),
	WRITES("StoreIPAddress", true, configure_store),
	WRITES("Paint", false, configure_paint),
	WRITES("EtherEncap", false, configure_encap),
	WRITES("EtherRewrite", false, configure_rewrite),
	{ .name = "PaintSwitch", .kind = ELEMENT_READ, .min_inputs = 1, .max_inputs = 1, .outputs = any,
	  .run = run_paint_switch, .unit = unit_paint_switch },
	REFUSED("Tee", "it copies packets, and a packet has one class"),
	REFUSED("PullTee", "it copies packets, and a packet has one class"),
};

/* Written in files of their own; lookups differ in name only. */
static const struct daisy_element_class *const others[] = {
	&daisy_element_ip_filter, &daisy_element_ip_classifier, &daisy_element_classifier,
};

static const char *const lookups[] = {
	"StaticIPLookup", "RadixIPLookup", "LinearIPLookup", "DirectIPLookup", "LookupIPRoute",
};

static bool is(struct daisy_cursor text, const char *name)
{
	size_t n = (size_t)(text.end - text.p);

	return strlen(name) == n && !memcmp(text.p, name, n);
}

const struct daisy_element_class *daisy_element_find(struct daisy_cursor name)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (is(name, classes[i].name))
			return &classes[i];
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (is(name, others[i]->name))
			return others[i];
	for (size_t i = 0; i < sizeof(lookups) / sizeof(lookups[0]); i++)
		if (is(name, lookups[i]))
			return &daisy_element_lookup;
	return NULL;
}
