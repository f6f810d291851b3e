/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Click's grammar, as far as configurations of header functions use it:
 *
 *	STATEMENT = [ ELEMENT { [ "[" N "]" ] "->" [ "[" N "]" ] ELEMENT } ] ";"
 *		  | NAME { "," NAME } "::" CLASS [ "(" CONFIG ")" ] ";"
 *		  | "elementclass" NAME "{" [ "$" PARAM { "," "$" PARAM } "|" ] STATEMENTS "}"
 *		  | "require" "(" ... ")"
 *	ELEMENT = NAME | [ NAME "::" ] CLASS [ "(" CONFIG ")" ] | [ NAME "::" ] "{" STATEMENTS "}"
 *
 * A compound element is replaced by its contents where it is used; its ports stay
 * as elements that hand packets through.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "snf/element.h"
#include "snf/parser.h"

/* What a name stands for: where packets go in, and where they come out. */
struct node {
	const char *name;
	struct daisy_element *in, *out;
};

struct compound {
	const char *name;
	struct daisy_cursor body;
	const struct scope *scope;	/* where it was written */
	struct compound *next;
};

struct param {
	const char *name;
	struct daisy_cursor value;
};

struct scope {
	struct daisy_chain *chain;
	const struct scope *parent;
	const char *prefix;		/* "FUNCTION/" */
	uint32_t function;
	unsigned int depth;
	struct node *nodes;
	size_t n_nodes;
	struct compound *compounds;
	struct param *params;
	size_t n_params;
	unsigned int n_anonymous;
	struct daisy_lexer lexer;
};

static int parse_statements(struct scope *scope);
static int parse_element(struct scope *scope, struct node *node);

static struct daisy_arena *arena_of(const struct scope *scope)
{
	return &scope->chain->arena;
}

static const struct node *find_node(const struct scope *scope, struct daisy_cursor name)
{
	size_t n = (size_t)(name.end - name.p);

	for (size_t i = 0; i < scope->n_nodes; i++)
		if (strlen(scope->nodes[i].name) == n && !memcmp(scope->nodes[i].name, name.p, n))
			return &scope->nodes[i];
	return NULL;
}

static const struct compound *find_compound(const struct scope *scope, struct daisy_cursor name)
{
	size_t n = (size_t)(name.end - name.p);

	for (; scope; scope = scope->parent)
		for (const struct compound *c = scope->compounds; c; c = c->next)
			if (strlen(c->name) == n && !memcmp(c->name, name.p, n))
				return c;
	return NULL;
}

static int add_node(struct scope *scope, const char *name, struct daisy_element *in,
		    struct daisy_element *out)
{
	struct node *nodes = daisy_arena_grow(arena_of(scope), scope->nodes, scope->n_nodes,
					      sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	nodes[scope->n_nodes++] = (struct node){ name, in, out };
	scope->nodes = nodes;
	return 0;
}

static char *join(const struct scope *scope, const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	char *text = daisy_arena_alloc(arena_of(scope), n + m + 1);

	if (!text)
		return NULL;
	memcpy(text, a, n);
	memcpy(text + n, b, m);
	return text;
}

static char *text_of(const struct scope *scope, struct daisy_cursor text)
{
	return daisy_arena_string(arena_of(scope), text.p, text.end);
}

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Length of "$NAME" or "${NAME}" at p if it stands for this parameter, else 0. */
static size_t param_len(const struct param *param, const char *p, const char *end)
{
	size_t n = strlen(param->name);
	bool brace = end - p > 1 && p[1] == '{';
	const char *begin = p + 1 + brace;

	if ((size_t)(end - begin) < n + brace || memcmp(begin, param->name, n))
		return 0;
	if (brace)
		return begin[n] == '}' ? n + 3 : 0;
	return begin + n < end && in_name(begin[n]) ? 0 : n + 1;
}

/* The parameter that stands at p, "$"; *len is what it takes. */
static const struct param *param_at(const struct scope *scope, const char *p, const char *end,
				    size_t *len)
{
	for (; scope; scope = scope->parent) {
		for (size_t i = 0; i < scope->n_params; i++) {
			*len = param_len(&scope->params[i], p, end);
			if (*len)
				return &scope->params[i];
		}
	}
	return NULL;
}

static int append(const struct scope *scope, char **text, size_t *size, const char *p, size_t n,
		  struct daisy_place place)
{
	char *larger;

	if (*size + n > DAISY_SOURCE_BYTES)
		return daisy_place_error(place, "with its parameters filled in the configuration is larger "
					 "than %zu MiB", DAISY_SOURCE_BYTES >> 20);
	larger = daisy_arena_alloc(arena_of(scope), *size + n + 1);
	if (!larger)
		return -ENOMEM;
	if (*size)
		memcpy(larger, *text, *size);
	memcpy(larger + *size, p, n);
	*text = larger;
	*size += n;
	return 0;
}

/* Put the values of "$NAME" into a configuration. */
static int substitute(const struct scope *scope, struct daisy_cursor *config)
{
	struct daisy_source *source;
	const char *from = config->p;
	char *text = NULL;
	size_t size = 0, len;
	int err = 0;

	for (const char *p = config->p; !err && p < config->end; p++) {
		const struct param *param = *p == '$' ? param_at(scope, p, config->end, &len) : NULL;

		if (!param)
			continue;
		err = append(scope, &text, &size, from, (size_t)(p - from), daisy_cursor_place(config));
		if (!err)
			err = append(scope, &text, &size, param->value.p,
				     (size_t)(param->value.end - param->value.p), daisy_cursor_place(config));
		from = p + len;
		p = from - 1;
	}
	if (err || from == config->p)
		return err;
	err = append(scope, &text, &size, from, (size_t)(config->end - from),
		     daisy_cursor_place(config));
	source = err ? NULL : daisy_arena_alloc(arena_of(scope), sizeof(*source));
	if (!source)
		return err ? err : -ENOMEM;
	*source = (struct daisy_source){ config->source->name, text, size, config->source, config->p };
	*config = (struct daisy_cursor){ source, text, text + size };
	return 0;
}

static int new_element(struct scope *scope, const char *name,
		       const struct daisy_element_class *class, struct daisy_place place,
		       struct daisy_element **out)
{
	const char *full = join(scope, scope->prefix, name);

	*out = full ? daisy_graph_add(scope->chain, full, class, place, scope->function) : NULL;
	return *out ? 0 : -EINVAL;
}

/* "$a, $b |" in front of a body, with the arguments that were given for them. */
static int read_params(struct scope *scope, struct daisy_cursor config, struct daisy_place place)
{
	struct daisy_config_args args;
	struct daisy_token token;
	int err = daisy_config_split(scope->chain, config, &args);

	while (!err && scope->lexer.ahead.kind == TOKEN_WORD && *scope->lexer.ahead.text.p == '$') {
		struct param *params = daisy_arena_grow(arena_of(scope), scope->params, scope->n_params,
							sizeof(*params));
		err = params ? daisy_lexer_next(&scope->lexer, &token) : -ENOMEM;
		if (err)
			return err;
		token.text.p++;
		if (scope->n_params == args.n)
			return daisy_place_error(place, "parameter %zu of the compound element is missing",
						 args.n + 1);
		params[scope->n_params] = (struct param){ text_of(scope, token.text),
							  args.args[scope->n_params] };
		scope->params = params;
		if (!params[scope->n_params++].name)
			return -ENOMEM;
		if (!daisy_token_is(&scope->lexer.ahead, ','))
			err = daisy_lexer_expect(&scope->lexer, '|');
		else
			err = daisy_lexer_next(&scope->lexer, &token);
	}
	if (!err && args.n > scope->n_params)
		return daisy_place_error(place, "%zu arguments are given, the compound element takes %zu",
					 args.n, scope->n_params);
	return err;
}

/* A compound element: its body in a scope of its own, between two elements that are its ports. */
static int instantiate(struct scope *outer, const char *name, struct daisy_cursor body,
		       const struct scope *written, struct daisy_cursor config,
		       struct daisy_place place, struct node *node)
{
	struct scope scope = { .chain = outer->chain, .parent = written, .function = outer->function,
			       .depth = outer->depth + 1 };
	int err;

	if (scope.depth > DAISY_MAX_NESTING)
		return daisy_place_error(place, "more than %d compound elements in each other",
					 DAISY_MAX_NESTING);
	scope.prefix = join(outer, outer->prefix, name);
	scope.prefix = scope.prefix ? join(outer, scope.prefix, "/") : NULL;
	if (!scope.prefix)
		return -ENOMEM;
	err = daisy_lexer_init(&scope.lexer, body);
	if (!err)
		err = read_params(&scope, config, place);
	if (!err)
		err = new_element(&scope, "input", &daisy_element_port, place, &node->in);
	if (!err)
		err = new_element(&scope, "output", &daisy_element_port, place, &node->out);
	if (!err)
		err = add_node(&scope, "input", node->in, node->in);
	if (!err)
		err = add_node(&scope, "output", node->out, node->out);
	return err ? err : parse_statements(&scope);
}

static int instantiate_class(struct scope *scope, const char *name, const struct daisy_token *class,
			     struct daisy_cursor config, struct node *node)
{
	const struct compound *compound = find_compound(scope, class->text);
	const struct daisy_element_class *c = daisy_element_find(class->text);
	int err;

	if (compound)
		return instantiate(scope, name, compound->body, compound->scope, config, class->place,
				   node);
	if (!c)
		return daisy_token_error(class, "an element that is declared, or a class of "
					 "daisy-chain(8)");
	if (c->refusal)
		return daisy_place_error(class->place, "\"%s\" cannot be in a chain: %s", c->name, c->refusal);
	err = new_element(scope, name, c, class->place, &node->in);
	if (err)
		return err;
	node->out = node->in;
	node->in->config = config;
	return c->configure ? c->configure(scope->chain, node->in) : 0;
}

/* CLASS [ "(" CONFIG ")" ] or "{" ... "}"; `name` NULL: anonymous. */
static int parse_class(struct scope *scope, const char *name, struct node *node)
{
	struct daisy_token class, token = { .kind = TOKEN_END };
	struct daisy_cursor config = { NULL, NULL, NULL }, body;
	char text[64];
	int err = daisy_lexer_next(&scope->lexer, &class);

	if (err)
		return err;
	if (!daisy_token_is(&class, '{') && class.kind != TOKEN_WORD)
		return daisy_token_error(&class, "an element");
	config = (struct daisy_cursor){ class.place.source, class.place.at, class.place.at };
	if (!name) {
		snprintf(text, sizeof(text), "%.*s@%u", class.kind == TOKEN_WORD ?
			 (int)(class.text.end - class.text.p < 40 ? class.text.end - class.text.p : 40) : 0,
			 class.text.p, ++scope->n_anonymous);
		name = daisy_arena_string(arena_of(scope), text, text + strlen(text));
	}
	if (!name)
		return -ENOMEM;
	if (class.kind != TOKEN_WORD) {
		err = daisy_lexer_body(&scope->lexer, &body);
		return err ? err : instantiate(scope, name, body, scope, config, class.place, node);
	}
	if (scope->lexer.ahead.kind == TOKEN_CONFIG) {
		err = daisy_lexer_next(&scope->lexer, &token);
		config = token.text;
	}
	if (!err)
		err = substitute(scope, &config);
	return err ? err : instantiate_class(scope, name, &class, config, node);
}

/* The names before "::", and one element of the class for each of them. */
static int parse_declaration(struct scope *scope, struct daisy_token *names, size_t n,
			     struct node *node)
{
	struct daisy_lexer at;
	struct daisy_token token;
	int err = daisy_lexer_next(&scope->lexer, &token);	/* :: */

	at = scope->lexer;
	for (size_t i = 0; !err && i < n; i++) {
		const char *name = text_of(scope, names[i].text);

		if (!name)
			return -ENOMEM;
		if (find_node(scope, names[i].text))
			return daisy_place_error(names[i].place, "\"%s\" is declared twice", name);
		scope->lexer = at;
		err = parse_class(scope, name, node);
		if (!err)
			err = add_node(scope, name, node->in, node->out);
	}
	return err;
}

/* NAME { "," NAME }, in front of "::" */
static int parse_names(struct scope *scope, struct daisy_token first, struct node *node)
{
	struct daisy_token *names = daisy_arena_alloc(arena_of(scope), sizeof(*names)), token;
	size_t n = 1;
	int err = 0;

	if (!names)
		return -ENOMEM;
	names[0] = first;
	while (!err && daisy_token_is(&scope->lexer.ahead, ',')) {
		err = daisy_lexer_next(&scope->lexer, &token);
		if (!err)
			err = daisy_lexer_next(&scope->lexer, &token);
		if (!err && token.kind != TOKEN_WORD)
			return daisy_token_error(&token, "a name");
		names = daisy_arena_grow(arena_of(scope), names, n, sizeof(*names));
		if (!names)
			return -ENOMEM;
		names[n++] = token;
	}
	if (!err && scope->lexer.ahead.kind != TOKEN_COLONS)
		return daisy_token_error(&scope->lexer.ahead, "\"::\"");
	return err ? err : parse_declaration(scope, names, n, node);
}

static int parse_element(struct scope *scope, struct node *node)
{
	struct daisy_lexer before = scope->lexer;
	const struct node *known;
	struct daisy_token token;
	int err;

	if (scope->lexer.ahead.kind != TOKEN_WORD)
		return parse_class(scope, NULL, node);
	err = daisy_lexer_next(&scope->lexer, &token);
	if (err)
		return err;
	if (scope->lexer.ahead.kind == TOKEN_COLONS || daisy_token_is(&scope->lexer.ahead, ','))
		return parse_names(scope, token, node);
	known = find_node(scope, token.text);
	if (known) {
		*node = *known;
		return 0;
	}
	scope->lexer = before;
	return parse_class(scope, NULL, node);
}

/* "[" N "]", if it comes next; else 0. */
static int parse_port(struct scope *scope, unsigned int *port, bool *given)
{
	struct daisy_token token;
	unsigned long n = 0;
	int err;

	*port = 0;
	*given = daisy_token_is(&scope->lexer.ahead, '[');
	if (!*given)
		return 0;
	err = daisy_lexer_next(&scope->lexer, &token);
	if (!err)
		err = daisy_lexer_next(&scope->lexer, &token);
	if (err)
		return err;
	for (const char *p = token.text.p; token.kind == TOKEN_WORD && p < token.text.end; p++)
		n = *p < '0' || *p > '9' || n > DAISY_MAX_PORTS ? DAISY_MAX_PORTS + 1 :
		    n * 10 + (unsigned long)(*p - '0');
	if (token.kind != TOKEN_WORD || n >= DAISY_MAX_PORTS)
		return daisy_token_error(&token, "the number of a port");
	*port = (unsigned int)n;
	return daisy_lexer_expect(&scope->lexer, ']');
}

/* ELEMENT { "->" ELEMENT } */
static int parse_connection(struct scope *scope)
{
	struct daisy_place place = scope->lexer.ahead.place;
	struct daisy_token token;
	unsigned int input, output;
	struct node left, right;
	bool given;
	int err = daisy_token_is(&scope->lexer.ahead, '[') ?
		  daisy_token_error(&scope->lexer.ahead, "an element") : parse_element(scope, &left);

	while (!err) {
		err = parse_port(scope, &output, &given);
		if (err || (!given && scope->lexer.ahead.kind != TOKEN_ARROW))
			break;
		err = daisy_lexer_next(&scope->lexer, &token);
		if (!err && token.kind != TOKEN_ARROW)
			return daisy_token_error(&token, "\"->\"");
		if (!err)
			err = parse_port(scope, &input, &given);
		if (!err)
			err = parse_element(scope, &right);
		if (!err)
			err = daisy_graph_connect(scope->chain, left.out, output, right.in, input, place);
		left = right;
		place = scope->lexer.ahead.place;
	}
	return err;
}

static int parse_elementclass(struct scope *scope)
{
	struct compound *compound = daisy_arena_alloc(arena_of(scope), sizeof(*compound));
	struct daisy_token token;
	int err;

	if (!compound)
		return -ENOMEM;
	err = daisy_lexer_next(&scope->lexer, &token);
	if (!err)
		err = daisy_lexer_next(&scope->lexer, &token);
	if (err)
		return err;
	if (token.kind != TOKEN_WORD)
		return daisy_token_error(&token, "the name of a class");
	compound->name = text_of(scope, token.text);
	if (!compound->name)
		return -ENOMEM;
	for (const struct compound *c = scope->compounds; c; c = c->next)
		if (!strcmp(c->name, compound->name))
			return daisy_place_error(token.place, "\"%s\" is declared twice", c->name);
	if (daisy_element_find(token.text))
		return daisy_place_error(token.place, "\"%s\" is a class already", compound->name);
	err = daisy_lexer_expect(&scope->lexer, '{');
	if (!err)
		err = daisy_lexer_body(&scope->lexer, &compound->body);
	compound->scope = scope;
	compound->next = scope->compounds;
	scope->compounds = compound;
	return err;
}

static int parse_require(struct scope *scope)
{
	struct daisy_token token;
	int err = daisy_lexer_next(&scope->lexer, &token);

	if (!err)
		err = daisy_lexer_next(&scope->lexer, &token);
	return err ? err : token.kind == TOKEN_CONFIG ? 0 : daisy_token_error(&token, "'('");
}

static int parse_statements(struct scope *scope)
{
	struct daisy_token *ahead = &scope->lexer.ahead, token;
	int err = 0;

	while (!err && ahead->kind != TOKEN_END) {
		if (daisy_token_is_word(ahead, "elementclass")) {
			err = parse_elementclass(scope);
		} else if (daisy_token_is_word(ahead, "require")) {
			err = parse_require(scope);
		} else if (daisy_token_is(ahead, ';')) {
			err = daisy_lexer_next(&scope->lexer, &token);
		} else {
			err = parse_connection(scope);
			if (!err && ahead->kind != TOKEN_END)
				err = daisy_lexer_expect(&scope->lexer, ';');
		}
	}
	return err;
}

int daisy_parser_function(struct daisy_chain *chain, struct daisy_cursor text, uint32_t function)
{
	struct scope scope = { .chain = chain, .function = function };
	int err;

	scope.prefix = join(&scope, chain->functions[function].name, "/");
	if (!scope.prefix)
		return -ENOMEM;
	err = daisy_lexer_init(&scope.lexer, text);
	return err ? err : parse_statements(&scope);
}
