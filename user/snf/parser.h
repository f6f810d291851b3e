/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Click language: one function's elements and connections. */
#ifndef DAISY_SNF_PARSER_H
#define DAISY_SNF_PARSER_H

#include "snf/graph.h"
#include "snf/lexer.h"

/* Compound elements in compound elements. */
#define DAISY_MAX_NESTING 16

/* Add what `text` describes to the chain, as function number `function`. */
int daisy_parser_function(struct daisy_chain *chain, struct daisy_cursor text, uint32_t function);

#endif
