/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of IPFilter and IPClassifier. Parsed into a tree, which the
 * reference evaluates for one packet (expr_eval.c) and the compiler turns into
 * filters (expr_filters.c).
 *
 *	EXPR = TERM { ( "or" | "||" ) TERM }
 *	TERM = FACTOR { ( "and" | "&&" ) FACTOR }
 *	FACTOR = ( "not" | "!" ) FACTOR | "(" EXPR ")" | PRIMITIVE
 *	PRIMITIVE = { QUALIFIER } [ RELATION ] VALUE
 */
#ifndef DAISY_SNF_EXPR_H
#define DAISY_SNF_EXPR_H

#include "snf/graph.h"

enum daisy_expr_kind {
	EXPR_TEST,		/* first <= (field & mask) <= last */
	EXPR_NOT,		/* of left */
	EXPR_AND,
	EXPR_OR,
	EXPR_TRUE,
};

struct daisy_expr {
	enum daisy_expr_kind kind;
	enum daisy_field field;
	uint32_t mask;		/* all ones, but for fields of up to 8 bits */
	uint32_t first, last;
	const struct daisy_expr *left, *right;
};

/* NULL with daisy_error(). Reads all of `text`; an empty one is true. */
const struct daisy_expr *daisy_expr_parse(struct daisy_chain *chain, struct daisy_cursor text);
bool daisy_expr_eval(const struct daisy_expr *expr, const struct daisy_header *header);

struct daisy_filters {
	struct daisy_filter *filters;
	size_t n;
};

/* A union of filters that have exactly the packets of an expression; `place` for refusals. */
int daisy_expr_filters(struct daisy_chain *chain, const struct daisy_expr *expr,
		       struct daisy_place place, struct daisy_filters *out);

#endif
