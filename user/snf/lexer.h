/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens of the Click language and of the topology around it. */
#ifndef DAISY_SNF_LEXER_H
#define DAISY_SNF_LEXER_H

#include "snf/source.h"

enum daisy_token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_STRING,		/* text between double quotes */
	TOKEN_CONFIG,		/* text between parentheses */
	TOKEN_ARROW,		/* -> */
	TOKEN_COLONS,		/* :: */
	TOKEN_CHAR,		/* one of [ ] { } ; , | */
};

struct daisy_token {
	enum daisy_token_kind kind;
	char c;				/* of TOKEN_CHAR */
	struct daisy_place place;
	struct daisy_cursor text;	/* of words, strings and configurations */
};

/* Reads one token ahead. */
struct daisy_lexer {
	struct daisy_cursor cursor;
	struct daisy_token ahead;
};

/* 0, or -EINVAL with daisy_error(). */
int daisy_lexer_init(struct daisy_lexer *lexer, struct daisy_cursor text);
int daisy_lexer_next(struct daisy_lexer *lexer, struct daisy_token *token);
bool daisy_token_is(const struct daisy_token *token, char c);
bool daisy_token_is_word(const struct daisy_token *token, const char *word);
/* "PLACE: expected WHAT, not "..."" */
int daisy_token_error(const struct daisy_token *token, const char *expected);
/* Consume a character, or say that it was expected. */
int daisy_lexer_expect(struct daisy_lexer *lexer, char c);
/* Consume all up to the brace that closes; the lexer stands behind the one that opens. */
int daisy_lexer_body(struct daisy_lexer *lexer, struct daisy_cursor *body);

#endif
