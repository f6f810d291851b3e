/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A chain from its file. The topology is that of SNF (S-7), around functions in
 * the Click language:
 *
 *	function NAME { CLICK }		function NAME "FILE"
 *	entry [INTERFACE]NAME;
 *	NAME[INTERFACE] -> [INTERFACE]NAME { [INTERFACE] -> [INTERFACE]NAME };
 *
 * A file that does not begin with "function" or "entry" is one function, whose
 * every FromDevice is an entry.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/error.h"
#include "snf/element.h"
#include "snf/parser.h"

#define MEMORY_BYTES ((size_t)1 << 30)
#define MAX_WARNINGS 100
#define MAX_FUNCTIONS 256

/* A name in the topology: a function and one of its interfaces. */
struct joint {
	uint32_t function;
	struct daisy_token token;	/* of the interface */
};

struct topology {
	struct daisy_chain *chain;
	struct daisy_lexer lexer;
	const char *folder;		/* of the file, for the files it names; NULL: none may be named */
	bool leads[MAX_FUNCTIONS][MAX_FUNCTIONS];
};

int daisy_chain_init(struct daisy_chain *chain)
{
	*chain = (struct daisy_chain){ .elements = NULL };
	daisy_arena_init(&chain->arena, MEMORY_BYTES);
	return daisy_sets_init(&chain->sets, &chain->arena);
}

void daisy_chain_clean(struct daisy_chain *chain)
{
	daisy_arena_clean(&chain->arena);
}

void daisy_chain_warn(struct daisy_chain *chain, struct daisy_place place, const char *fmt, ...)
{
	char text[DAISY_ERROR_SIZE], whole[2 * DAISY_ERROR_SIZE];
	unsigned int line, column;
	const char *name;
	char **list;
	va_list args;

	if (chain->n_warnings == MAX_WARNINGS)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	daisy_place_find(place, &name, &line, &column);
	snprintf(whole, sizeof(whole), "%s:%u:%u: %s", name, line, column, text);
	list = daisy_arena_grow(&chain->arena, chain->warnings, chain->n_warnings, sizeof(*list));
	if (!list)
		return;		/* whoever takes memory next is refused */
	chain->warnings = list;
	list[chain->n_warnings] = daisy_arena_string(&chain->arena, whole, whole + strlen(whole));
	chain->n_warnings += list[chain->n_warnings] != NULL;
}

static bool is_text(struct daisy_cursor text, const char *string)
{
	size_t n = (size_t)(text.end - text.p);

	return strlen(string) == n && !memcmp(text.p, string, n);
}

static int find_function(const struct topology *t, const struct daisy_token *token, uint32_t *index)
{
	for (*index = 0; token->kind == TOKEN_WORD && *index < t->chain->n_functions; ++*index)
		if (is_text(token->text, t->chain->functions[*index].name))
			return 0;
	return daisy_token_error(token, "a function");
}

/* The element of a function that reads from, or writes to, an interface. */
static struct daisy_element *find_device(const struct topology *t, const struct joint *joint,
					 bool sink)
{
	for (size_t i = 0; i < t->chain->n_elements; i++) {
		struct daisy_element *e = t->chain->elements[i];

		if (e->function == joint->function &&
		    (sink ? daisy_element_is_sink(e) : daisy_element_is_source(e)) &&
		    is_text(joint->token.text, daisy_element_device(e)))
			return e;
	}
	daisy_place_error(joint->token.place, "function \"%s\" has no %s(%.*s)",
			  t->chain->functions[joint->function].name, sink ? "ToDevice" : "FromDevice",
			  (int)(joint->token.text.end - joint->token.text.p), joint->token.text.p);
	return NULL;
}

static int add_function(struct topology *t, const char *name, struct daisy_place place)
{
	struct daisy_chain *chain = t->chain;
	struct daisy_function *list;

	if (!name)
		return -ENOMEM;
	if (chain->n_functions == MAX_FUNCTIONS)
		return daisy_place_error(place, "more than %d functions", MAX_FUNCTIONS);
	for (size_t i = 0; i < chain->n_functions; i++)
		if (!strcmp(chain->functions[i].name, name))
			return daisy_place_error(place, "function \"%s\" is declared twice", name);
	list = daisy_arena_grow(&chain->arena, chain->functions, chain->n_functions, sizeof(*list));
	if (!list)
		return -ENOMEM;
	chain->functions = list;
	list[chain->n_functions++] = (struct daisy_function){ name, place };
	return 0;
}

static int load_function(struct topology *t, const struct daisy_token *file,
			 struct daisy_cursor *body)
{
	size_t n = (size_t)(file->text.end - file->text.p);
	char path[4096];
	struct daisy_source *source;
	int len;

	if (!t->folder)
		return daisy_place_error(file->place, "no other file can be named here, expected '{'");
	len = n && *file->text.p == '/' ? snprintf(path, sizeof(path), "%.*s", (int)n, file->text.p) :
	      snprintf(path, sizeof(path), "%s%.*s", t->folder, (int)n, file->text.p);
	if (len < 0 || (size_t)len >= sizeof(path) || memchr(file->text.p, '\0', n))
		return daisy_place_error(file->place, "this is not the name of a file");
	source = daisy_source_load(&t->chain->arena, path);
	if (!source) {
		char why[DAISY_ERROR_SIZE];

		snprintf(why, sizeof(why), "%s", daisy_error());
		return daisy_place_error(file->place, "%s", why);
	}
	*body = (struct daisy_cursor){ source, source->text, source->text + source->size };
	return 0;
}

/* Interfaces are read once: two FromDevice of one name would leave open which is meant. */
static int check_devices(const struct topology *t, uint32_t function)
{
	for (size_t i = 0; i < t->chain->n_elements; i++) {
		const struct daisy_element *e = t->chain->elements[i];

		if (e->function != function || (!daisy_element_is_source(e) && !daisy_element_is_sink(e)))
			continue;
		for (size_t k = 0; k < i; k++) {
			const struct daisy_element *other = t->chain->elements[k];

			if (other->function == function && other->class == e->class &&
			    !strcmp(daisy_element_device(other), daisy_element_device(e)))
				return daisy_place_error(e->place, "%s(%s) is there twice in function \"%s\"",
							 e->class->name, daisy_element_device(e),
							 t->chain->functions[function].name);
		}
	}
	return 0;
}

static int parse_function(struct topology *t)
{
	struct daisy_token token, name;
	struct daisy_cursor body;
	uint32_t function = (uint32_t)t->chain->n_functions;
	int err = daisy_lexer_next(&t->lexer, &token);

	if (!err)
		err = daisy_lexer_next(&t->lexer, &name);
	if (err)
		return err;
	if (name.kind != TOKEN_WORD)
		return daisy_token_error(&name, "the name of a function");
	err = add_function(t, daisy_arena_string(&t->chain->arena, name.text.p, name.text.end), name.place);
	if (!err)
		err = daisy_lexer_next(&t->lexer, &token);
	if (err)
		return err;
	if (token.kind == TOKEN_STRING)
		err = load_function(t, &token, &body);
	else if (daisy_token_is(&token, '{'))
		err = daisy_lexer_body(&t->lexer, &body);
	else
		err = daisy_token_error(&token, "'{' or the name of a file in quotes");
	if (!err)
		err = daisy_parser_function(t->chain, body, function);
	return err ? err : check_devices(t, function);
}

/* "[" INTERFACE "]" */
static int parse_interface(struct topology *t, struct joint *joint)
{
	int err = daisy_lexer_expect(&t->lexer, '[');

	if (!err)
		err = daisy_lexer_next(&t->lexer, &joint->token);
	if (err)
		return err;
	if (joint->token.kind != TOKEN_WORD && joint->token.kind != TOKEN_STRING)
		return daisy_token_error(&joint->token, "an interface");
	return daisy_lexer_expect(&t->lexer, ']');
}

static int parse_name(struct topology *t, struct joint *joint)
{
	struct daisy_token token;
	int err = daisy_lexer_next(&t->lexer, &token);

	return err ? err : find_function(t, &token, &joint->function);
}

static int add_entry(struct topology *t, struct daisy_element *source, struct daisy_place place)
{
	struct daisy_chain *chain = t->chain;
	struct daisy_entry *list;
	char name[256];

	if (source->entry)
		return daisy_place_error(place, "this interface is an entry already");
	if (source->jump.at)
		return daisy_place_error(place, "this interface cannot be an entry: a connection leads to it");
	snprintf(name, sizeof(name), "[%s]%s", daisy_element_device(source),
		 chain->functions[source->function].name);
	list = daisy_arena_grow(&chain->arena, chain->entries, chain->n_entries, sizeof(*list));
	if (!list)
		return -ENOMEM;
	chain->entries = list;
	list[chain->n_entries] = (struct daisy_entry){
		daisy_arena_string(&chain->arena, name, name + strlen(name)), place,
		daisy_graph_index(chain, source) };
	source->entry = true;
	return list[chain->n_entries++].name ? 0 : -ENOMEM;
}

static int parse_entry(struct topology *t)
{
	struct daisy_element *source;
	struct daisy_token token;
	struct joint joint;
	int err = daisy_lexer_next(&t->lexer, &token);

	if (!err)
		err = parse_interface(t, &joint);
	if (!err)
		err = parse_name(t, &joint);
	if (err)
		return err;
	source = find_device(t, &joint, false);
	err = source ? add_entry(t, source, joint.token.place) : -EINVAL;
	return err ? err : daisy_lexer_expect(&t->lexer, ';');
}

static int connect(struct topology *t, const struct joint *from, const struct joint *to)
{
	struct daisy_element *sink = find_device(t, from, true), *source;

	source = sink ? find_device(t, to, false) : NULL;
	if (!source)
		return -EINVAL;
	if (from->function == to->function)
		return daisy_place_error(from->token.place, "function \"%s\" is connected to itself, expected "
					 "a chain without cycles", t->chain->functions[to->function].name);
	if (sink->jump.at || source->jump.at)
		return daisy_place_error((sink->jump.at ? from : to)->token.place,
					 "this interface is used twice, expected one connection of each");
	if (source->entry)
		return daisy_place_error(to->token.place, "this interface is an entry, nothing can lead to it");
	sink->jump = from->token.place;
	source->jump = to->token.place;
	t->leads[from->function][to->function] = true;
	return daisy_graph_connect(t->chain, sink, 0, source, 0, from->token.place);
}

static int parse_edges(struct topology *t)
{
	struct joint from, to;
	struct daisy_token token;
	int err = parse_name(t, &from);

	do {
		if (!err)
			err = parse_interface(t, &from);
		if (!err)
			err = daisy_lexer_next(&t->lexer, &token);
		if (!err && token.kind != TOKEN_ARROW)
			err = daisy_token_error(&token, "\"->\"");
		if (!err)
			err = parse_interface(t, &to);
		if (!err)
			err = parse_name(t, &to);
		if (!err)
			err = connect(t, &from, &to);
		from = to;
	} while (!err && daisy_token_is(&t->lexer.ahead, '['));
	return err ? err : daisy_lexer_expect(&t->lexer, ';');
}

static int parse_topology(struct topology *t)
{
	const struct daisy_token *ahead = &t->lexer.ahead;
	struct daisy_token token;
	int err = 0;

	while (!err && ahead->kind != TOKEN_END) {
		if (daisy_token_is_word(ahead, "function"))
			err = parse_function(t);
		else if (daisy_token_is_word(ahead, "entry"))
			err = parse_entry(t);
		else if (daisy_token_is(ahead, ';'))
			err = daisy_lexer_next(&t->lexer, &token);
		else
			err = parse_edges(t);
	}
	return err;
}

/* Warshall's closure: does a function lead to itself? */
static int check_functions(struct topology *t)
{
	size_t n = t->chain->n_functions;

	for (size_t via = 0; via < n; via++)
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; t->leads[i][via] && k < n; k++)
				t->leads[i][k] |= t->leads[via][k];
	for (size_t i = 0; i < n; i++)
		if (t->leads[i][i])
			return daisy_place_error(t->chain->functions[i].place, "function \"%s\" is in a cycle "
						 "of functions", t->chain->functions[i].name);
	return 0;
}

static int parse_click(struct topology *t, struct daisy_cursor text)
{
	struct daisy_chain *chain = t->chain;
	int err = add_function(t, "nf", daisy_cursor_place(&text));

	if (!err)
		err = daisy_parser_function(chain, text, 0);
	if (!err)
		err = check_devices(t, 0);
	for (size_t i = 0; !err && i < chain->n_elements; i++)
		if (daisy_element_is_source(chain->elements[i]))
			err = add_entry(t, chain->elements[i], chain->elements[i]->place);
	return err;
}

static int parse(struct daisy_chain *chain, const struct daisy_source *source, const char *folder)
{
	struct topology *t = daisy_arena_alloc(&chain->arena, sizeof(*t));
	struct daisy_cursor text = { source, source->text, source->text + source->size };
	int err;

	if (!t)
		return -ENOMEM;
	t->chain = chain;
	t->folder = folder;
	err = daisy_lexer_init(&t->lexer, text);
	if (err)
		return err;
	if (daisy_token_is_word(&t->lexer.ahead, "function") ||
	    daisy_token_is_word(&t->lexer.ahead, "entry"))
		err = parse_topology(t);
	else
		err = parse_click(t, text);
	if (!err)
		err = check_functions(t);
	if (!err && !chain->n_entries)
		err = daisy_place_error((struct daisy_place){ source, source->text + source->size },
					"packets enter nowhere, expected \"entry [INTERFACE]FUNCTION;\" or a "
					"FromDevice");
	return err ? err : daisy_graph_check(chain);
}

int daisy_chain_load(struct daisy_chain *chain, const char *path)
{
	struct daisy_source *source = daisy_source_load(&chain->arena, path);
	const char *slash = strrchr(path, '/');
	char *folder;

	if (!source)
		return -EINVAL;
	folder = daisy_arena_string(&chain->arena, path, slash ? slash + 1 : path);
	return folder ? parse(chain, source, folder) : -ENOMEM;
}

int daisy_chain_parse(struct daisy_chain *chain, const char *name, const char *text, size_t size)
{
	struct daisy_source *source = daisy_arena_alloc(&chain->arena, sizeof(*source));

	if (!source)
		return -ENOMEM;
	*source = (struct daisy_source){ .name = name, .text = text, .size = size };
	return parse(chain, source, NULL);
}
