/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "snf/element.h"
#include "snf/expr.h"
#include "snf/names.h"

/* Tests and operators of one expression: a bound for the depth of its tree. */
#define MAX_NODES 4096

#define PROTO_ICMP 1
#define PROTO_TCP 6
#define PROTO_UDP 17

enum type {
	TYPE_NONE, TYPE_HOST, TYPE_NET, TYPE_PORT, TYPE_PROTO, TYPE_OPT, TYPE_ICMP_TYPE,
	TYPE_ICMP_CODE, TYPE_DSCP, TYPE_ECN, TYPE_TOS, TYPE_TTL, TYPE_FRAG, TYPE_UNFRAG, TYPE_CE,
	TYPE_ECT,
};

enum direction { DIRECTION_NONE, DIRECTION_SRC, DIRECTION_DST, DIRECTION_BOTH };

static const struct {
	const char *word;
	enum type type;
	bool valued;
} types[] = {
	{ "host", TYPE_HOST, true },	{ "net", TYPE_NET, true },	{ "port", TYPE_PORT, true },
	{ "proto", TYPE_PROTO, true },	{ "opt", TYPE_OPT, true },	{ "type", TYPE_ICMP_TYPE, true },
	{ "code", TYPE_ICMP_CODE, true }, { "dscp", TYPE_DSCP, true },	{ "ecn", TYPE_ECN, true },
	{ "tos", TYPE_TOS, true },	{ "ttl", TYPE_TTL, true },	{ "frag", TYPE_FRAG, false },
	{ "unfrag", TYPE_UNFRAG, false }, { "ce", TYPE_CE, false },	{ "ect", TYPE_ECT, false },
};

/* What stands before a value. */
struct qualifiers {
	enum type type;
	enum direction direction;
	int proto;			/* -1: none */
};

struct parser {
	struct daisy_chain *chain;
	struct daisy_cursor at;
	unsigned int n_nodes;
	struct qualifiers last;		/* of the primitive before: "port 80 or 81" */
	bool has_last;
};

/* What a number or range is compared with. */
struct range {
	uint32_t first, last;
	bool negated;
};

static const struct daisy_expr *parse_or(struct parser *p);

static struct daisy_expr *node(struct parser *p, enum daisy_expr_kind kind,
			       const struct daisy_expr *left, const struct daisy_expr *right)
{
	struct daisy_expr *expr;

	if (++p->n_nodes > MAX_NODES) {
		daisy_place_error(daisy_cursor_place(&p->at), "the expression has more than %d parts",
				  MAX_NODES);
		return NULL;
	}
	expr = daisy_arena_alloc(&p->chain->arena, sizeof(*expr));
	if (expr)
		*expr = (struct daisy_expr){ .kind = kind, .left = left, .right = right };
	return expr;
}

/* left and right may be NULL after a failure: so is the result. */
static const struct daisy_expr *pair(struct parser *p, enum daisy_expr_kind kind,
				     const struct daisy_expr *left, const struct daisy_expr *right)
{
	return left && right ? node(p, kind, left, right) : NULL;
}

static const struct daisy_expr *negate(struct parser *p, const struct daisy_expr *expr)
{
	return expr ? node(p, EXPR_NOT, expr, NULL) : NULL;
}

static const struct daisy_expr *test(struct parser *p, enum daisy_field field, uint32_t mask,
				     uint32_t first, uint32_t last)
{
	struct daisy_expr *expr = node(p, EXPR_TEST, NULL, NULL);

	if (!expr)
		return NULL;
	expr->field = field;
	expr->mask = mask;
	expr->first = first;
	expr->last = last;
	return expr;
}

static const struct daisy_expr *compare(struct parser *p, enum daisy_field field,
					const struct range *range)
{
	const struct daisy_expr *expr = test(p, field, UINT32_MAX, range->first, range->last);

	return range->negated ? negate(p, expr) : expr;
}

static const struct daisy_expr *equal(struct parser *p, enum daisy_field field, uint32_t value)
{
	return test(p, field, UINT32_MAX, value, value);
}

/* Of that protocol, and with its header: not a later fragment. */
static const struct daisy_expr *with_header(struct parser *p, const struct daisy_expr *proto,
					    const struct daisy_expr *expr)
{
	expr = pair(p, EXPR_AND, test(p, FIELD_FRAG, UINT32_MAX, FRAGMENT_NONE, FRAGMENT_FIRST), expr);
	return pair(p, EXPR_AND, proto, expr);
}

static const struct daisy_expr *in_direction(struct parser *p, enum direction direction,
					     enum daisy_field src, enum daisy_field dst,
					     const struct range *range)
{
	const struct daisy_expr *s, *d;

	if (direction == DIRECTION_SRC)
		return compare(p, src, range);
	if (direction == DIRECTION_DST)
		return compare(p, dst, range);
	s = compare(p, src, range);
	d = compare(p, dst, range);
	return pair(p, direction == DIRECTION_BOTH ? EXPR_AND : EXPR_OR, s, d);
}

static const struct daisy_expr *refuse(struct parser *p, const char *expected)
{
	char text[48];

	daisy_cursor_skip(&p->at);
	daisy_place_error(daisy_cursor_place(&p->at), "expected %s, not %s", expected,
			  daisy_cursor_show(&p->at, text));
	return NULL;
}

/* A number, or a name of `names` (NULL: none has one). */
static int parse_value(struct parser *p, const struct daisy_name *names, const char *what,
		       uint32_t max, uint32_t *value)
{
	struct daisy_cursor at = p->at;
	const struct daisy_name *name = NULL;
	const char *word;
	size_t n = daisy_cursor_word(&at, "-_", &word);

	if (names && n && !isdigit((unsigned char)*word))
		name = daisy_name_find(names, word, n);
	if (!name)
		return daisy_config_number(&p->at, what, max, value);
	*value = name->value;
	p->at = at;
	return 0;
}

static const char *const relations[] = { ">=", "<=", "==", "!=", ">", "<", "=" };

/* [ RELATION ] VALUE, or VALUE ( "-" | ":" ) VALUE. An empty range has first above last. */
static int parse_range(struct parser *p, const struct daisy_name *names, const char *what,
		       uint32_t max, struct range *range)
{
	const char *relation = "=";
	uint32_t value;
	int err;

	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
		if (daisy_cursor_take(&p->at, relations[i])) {
			relation = relations[i];
			break;
		}
	}
	err = parse_value(p, names, what, max, &value);
	if (err)
		return err;
	*range = (struct range){ value, value, *relation == '!' };
	if (*relation == '>')
		*range = (struct range){ relation[1] ? value : value + 1, max, false };
	else if (*relation == '<')
		*range = (struct range){ 0, value, false };
	if (*relation == '<' && !relation[1])
		*range = (struct range){ !value, value ? value - 1 : 0, false };
	if (*relation != '=' || relation[1] ||
	    !(daisy_cursor_take(&p->at, "-") || daisy_cursor_take(&p->at, ":")))
		return 0;
	err = parse_value(p, names, what, max, &range->last);
	if (!err && range->last < range->first)
		return daisy_place_error(daisy_cursor_place(&p->at), "the range ends before it begins");
	return err;
}

/* NET [ "mask" MASK ] */
static const struct daisy_expr *parse_net(struct parser *p, enum direction direction)
{
	struct daisy_cursor at = p->at;
	struct range range = { 0, 0, false };
	const char *word;
	uint32_t mask;

	range.negated = daisy_cursor_take(&p->at, "!=");
	if (!range.negated && !daisy_cursor_take(&p->at, "=="))
		daisy_cursor_take(&p->at, "=");
	if (daisy_config_prefix(&p->at, &range.first, &range.last))
		return NULL;
	at = p->at;
	if (daisy_cursor_word(&at, "", &word) == 4 && !memcmp(word, "mask", 4)) {
		struct daisy_cursor place = at;

		if (daisy_config_address(&at, &mask))
			return NULL;
		if (~mask & (~mask + 1)) {
			daisy_place_error(daisy_cursor_place(&place), "the ones of a mask have to stand in front");
			return NULL;
		}
		range.first &= mask;
		range.last = range.first | ~mask;
		p->at = at;
	}
	return in_direction(p, direction, FIELD_SRC, FIELD_DST, &range);
}

static const struct daisy_expr *parse_port(struct parser *p, const struct qualifiers *q)
{
	const struct daisy_expr *proto;
	struct range range;

	if (q->proto >= 0 && q->proto != PROTO_TCP && q->proto != PROTO_UDP)
		return refuse(p, "tcp or udp before a port");
	if (parse_range(p, daisy_name_ports, "a port", 65535, &range))
		return NULL;
	proto = q->proto >= 0 ? equal(p, FIELD_PROTO, (uint32_t)q->proto) :
		pair(p, EXPR_OR, equal(p, FIELD_PROTO, PROTO_TCP), equal(p, FIELD_PROTO, PROTO_UDP));
	return with_header(p, proto, in_direction(p, q->direction, FIELD_SPORT, FIELD_DPORT, &range));
}

static const struct daisy_expr *parse_flag(struct parser *p)
{
	struct daisy_cursor at = p->at;
	const struct daisy_name *flag;
	const char *word;
	size_t n = daisy_cursor_word(&at, "", &word);

	flag = daisy_name_find(daisy_name_flags, word, n);
	if (!flag)
		return refuse(p, "a TCP flag (syn, fin, ack, rst, psh, urg, ece or cwr)");
	p->at = at;
	return with_header(p, equal(p, FIELD_PROTO, PROTO_TCP),
			   test(p, FIELD_TCP_FLAGS, flag->value, flag->value, flag->value));
}

static const struct daisy_expr *parse_icmp(struct parser *p, bool type)
{
	struct range range;

	if (parse_range(p, type ? daisy_name_icmp_types : NULL, type ? "an ICMP type" : "an ICMP code",
			255, &range))
		return NULL;
	return with_header(p, equal(p, FIELD_PROTO, PROTO_ICMP),
			   compare(p, type ? FIELD_ICMP_TYPE : FIELD_ICMP_CODE, &range));
}

/* DSCP and ECN are two fields of one byte: only equality can be asked of both. */
static const struct daisy_expr *parse_tos(struct parser *p)
{
	const struct daisy_expr *expr;
	bool negated = daisy_cursor_take(&p->at, "!=");
	uint32_t tos;

	if (!negated && !daisy_cursor_take(&p->at, "=="))
		daisy_cursor_take(&p->at, "=");
	if (daisy_config_number(&p->at, "a type of service", 255, &tos))
		return NULL;
	expr = pair(p, EXPR_AND, equal(p, FIELD_DSCP, tos >> 2), equal(p, FIELD_ECN, tos & 3));
	return negated ? negate(p, expr) : expr;
}

static const struct daisy_expr *parse_field(struct parser *p, enum daisy_field field,
					    const char *what, const struct daisy_name *names)
{
	struct range range;

	if (parse_range(p, names, what, (uint32_t)daisy_field_max(field), &range))
		return NULL;
	return compare(p, field, &range);
}

static const struct daisy_expr *parse_typed(struct parser *p, const struct qualifiers *q)
{
	switch (q->type) {
	case TYPE_HOST:
	case TYPE_NET:
		return parse_net(p, q->direction);
	case TYPE_PORT:
		return parse_port(p, q);
	case TYPE_PROTO:
		return parse_field(p, FIELD_PROTO, "a protocol", daisy_name_protocols);
	case TYPE_OPT:
		return parse_flag(p);
	case TYPE_ICMP_TYPE:
	case TYPE_ICMP_CODE:
		return parse_icmp(p, q->type == TYPE_ICMP_TYPE);
	case TYPE_DSCP:
		return parse_field(p, FIELD_DSCP, "a DSCP", NULL);
	case TYPE_ECN:
		return parse_field(p, FIELD_ECN, "an ECN field", NULL);
	case TYPE_TOS:
		return parse_tos(p);
	case TYPE_TTL:
		return parse_field(p, FIELD_TTL, "a TTL", NULL);
	case TYPE_FRAG:
		return test(p, FIELD_FRAG, UINT32_MAX, FRAGMENT_FIRST, FRAGMENT_LATER);
	case TYPE_UNFRAG:
		return equal(p, FIELD_FRAG, FRAGMENT_NONE);
	case TYPE_CE:
		return equal(p, FIELD_ECN, 3);
	case TYPE_ECT:
		return test(p, FIELD_ECN, UINT32_MAX, 1, 3);
	case TYPE_NONE:
		break;
	}
	return NULL;
}

static bool is(const char *word, size_t n, const char *text)
{
	return strlen(text) == n && !memcmp(word, text, n);
}

/* "src" [ ( "or" | "and" ) "dst" ] | "dst" [ ... "src" ] */
static void parse_direction(struct parser *p, bool src, enum direction *direction)
{
	struct daisy_cursor at = p->at;
	const char *word;
	size_t n = daisy_cursor_word(&at, "", &word);
	bool both = is(word, n, "and"), either = is(word, n, "or");

	*direction = src ? DIRECTION_SRC : DIRECTION_DST;
	n = daisy_cursor_word(&at, "", &word);
	if ((!both && !either) || !is(word, n, src ? "dst" : "src"))
		return;
	*direction = both ? DIRECTION_BOTH : DIRECTION_NONE;
	p->at = at;
}

/* All words before the value; false if the next word is none of them. */
static bool parse_qualifier(struct parser *p, struct qualifiers *q, bool *valued)
{
	struct daisy_cursor at = p->at;
	const struct daisy_name *proto;
	const char *word;
	size_t n = daisy_cursor_word(&at, "-_", &word);

	if (is(word, n, "src") || is(word, n, "dst")) {
		p->at = at;
		parse_direction(p, *word == 's', &q->direction);
		return true;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!is(word, n, types[i].word))
			continue;
		q->type = types[i].type;
		*valued = types[i].valued;
		p->at = at;
		return true;
	}
	proto = q->type == TYPE_NONE && q->proto < 0 ? daisy_name_find(daisy_name_protocols, word, n) : NULL;
	if (!proto && !is(word, n, "ip"))
		return false;
	if (proto)
		q->proto = (int)proto->value;
	p->at = at;
	return true;
}

static int check_qualifiers(struct parser *p, const struct qualifiers *q)
{
	bool directed = q->type == TYPE_HOST || q->type == TYPE_NET || q->type == TYPE_PORT;

	if (q->direction != DIRECTION_NONE && !directed)
		return refuse(p, "host, net or port behind src or dst"), -EINVAL;
	if ((q->type == TYPE_OPT && q->proto >= 0 && q->proto != PROTO_TCP) ||
	    ((q->type == TYPE_ICMP_TYPE || q->type == TYPE_ICMP_CODE) && q->proto != PROTO_ICMP))
		return refuse(p, q->type == TYPE_OPT ? "tcp opt" : "icmp type or icmp code"), -EINVAL;
	if (q->proto >= 0 && q->type != TYPE_PORT && q->type != TYPE_OPT && q->type != TYPE_ICMP_TYPE &&
	    q->type != TYPE_ICMP_CODE)
		return refuse(p, "port, or \"and\", behind a protocol"), -EINVAL;
	return 0;
}

/* A number with dots or a slash is an address. */
static enum type type_of_value(struct parser *p)
{
	struct daisy_cursor at = p->at;
	const char *word;
	size_t n;

	if (!daisy_cursor_take(&at, "!=") && !daisy_cursor_take(&at, "=="))
		daisy_cursor_take(&at, "=");
	n = daisy_cursor_word(&at, "./", &word);
	return n && isdigit((unsigned char)*word) && (memchr(word, '.', n) || memchr(word, '/', n)) ?
	       TYPE_NET : TYPE_NONE;
}

static bool at_value(const struct parser *p)
{
	struct daisy_cursor at = p->at;

	return daisy_cursor_skip(&at) && (isdigit((unsigned char)*at.p) || strchr("<>=!", *at.p));
}

static const struct daisy_expr *parse_primitive(struct parser *p)
{
	static const char *const always[] = { "all", "any", "true" }, *const never[] = { "none", "false" };
	struct qualifiers q = { TYPE_NONE, DIRECTION_NONE, -1 };
	struct daisy_cursor at = p->at;
	bool valued = true, any = false;
	const char *word;
	size_t n = daisy_cursor_word(&at, "-_", &word);

	for (size_t i = 0; i < 5; i++) {
		if (!is(word, n, i < 3 ? always[i] : never[i - 3]))
			continue;
		p->at = at;
		return i < 3 ? node(p, EXPR_TRUE, NULL, NULL) : negate(p, node(p, EXPR_TRUE, NULL, NULL));
	}
	while (parse_qualifier(p, &q, &valued))
		any = true;
	if (!any && p->has_last && at_value(p))
		q = p->last;
	if (any && q.type == TYPE_NONE && q.direction == DIRECTION_NONE && !at_value(p))
		return q.proto >= 0 ? equal(p, FIELD_PROTO, (uint32_t)q.proto) :
		       node(p, EXPR_TRUE, NULL, NULL);	/* "ip" alone */
	if (q.type == TYPE_NONE)
		q.type = type_of_value(p);
	if (q.type == TYPE_NONE)
		return refuse(p, any ? "host, net or port and its value" : "an expression");
	if (check_qualifiers(p, &q))
		return NULL;
	p->last = q;
	p->has_last = valued;
	return parse_typed(p, &q);
}

static bool take_word(struct parser *p, const char *text)
{
	struct daisy_cursor at = p->at;
	const char *word;
	size_t n = daisy_cursor_word(&at, "-_", &word);

	if (!is(word, n, text))
		return false;
	p->at = at;
	return true;
}

/* Each "not" and "(" is a part of the expression, so that depth is bounded. */
static const struct daisy_expr *parse_factor(struct parser *p)
{
	const struct daisy_expr *expr;

	if (++p->n_nodes > MAX_NODES)
		return refuse(p, "an expression with fewer parts");
	if (take_word(p, "not") || daisy_cursor_take(&p->at, "!"))
		return negate(p, parse_factor(p));
	if (!daisy_cursor_take(&p->at, "("))
		return parse_primitive(p);
	expr = parse_or(p);
	if (expr && !daisy_cursor_take(&p->at, ")"))
		return refuse(p, "\"and\", \"or\" or ')'");
	return expr;
}

static const struct daisy_expr *parse_and(struct parser *p)
{
	const struct daisy_expr *expr = parse_factor(p);

	while (expr && (take_word(p, "and") || daisy_cursor_take(&p->at, "&&")))
		expr = pair(p, EXPR_AND, expr, parse_factor(p));
	return expr;
}

static const struct daisy_expr *parse_or(struct parser *p)
{
	const struct daisy_expr *expr = parse_and(p);

	while (expr && (take_word(p, "or") || daisy_cursor_take(&p->at, "||")))
		expr = pair(p, EXPR_OR, expr, parse_and(p));
	return expr;
}

const struct daisy_expr *daisy_expr_parse(struct daisy_chain *chain, struct daisy_cursor text)
{
	struct parser p = { .chain = chain, .at = text };
	const struct daisy_expr *expr;
	struct daisy_cursor at = text;

	if (!daisy_cursor_skip(&at))
		return node(&p, EXPR_TRUE, NULL, NULL);
	if (*at.p == '-' && at.p + 1 == text.end)
		return node(&p, EXPR_TRUE, NULL, NULL);
	expr = parse_or(&p);
	if (expr && daisy_cursor_skip(&p.at))
		return refuse(&p, "\"and\", \"or\" or the end of the expression");
	return expr;
}
