/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "snf/lexer.h"

static int read_string(struct daisy_cursor *cursor, struct daisy_token *token)
{
	const char *end = memchr(cursor->p + 1, '"', (size_t)(cursor->end - cursor->p - 1));

	if (!end)
		return daisy_place_error(token->place, "the string has no end, expected '\"'");
	token->kind = TOKEN_STRING;
	token->text = (struct daisy_cursor){ cursor->source, cursor->p + 1, end };
	cursor->p = end + 1;
	return 0;
}

/* Strings and comments may have parentheses of their own. */
static int read_config(struct daisy_cursor *cursor, struct daisy_token *token)
{
	unsigned int depth = 0;

	token->kind = TOKEN_CONFIG;
	token->text = (struct daisy_cursor){ cursor->source, cursor->p + 1, NULL };
	while (daisy_cursor_skip(cursor)) {
		const char *quote = NULL;

		if (*cursor->p == '"')
			quote = memchr(cursor->p + 1, '"', (size_t)(cursor->end - cursor->p - 1));
		depth += *cursor->p == '(';
		depth -= *cursor->p == ')';
		if (!depth) {
			token->text.end = cursor->p++;
			return 0;
		}
		cursor->p = quote ? quote + 1 : cursor->p + 1;
	}
	return daisy_place_error(token->place, "the configuration has no end, expected ')'");
}

static int read_token(struct daisy_cursor *cursor, struct daisy_token *token)
{
	const char *word;
	size_t n;

	*token = (struct daisy_token){ .kind = TOKEN_END };
	daisy_cursor_skip(cursor);
	token->place = daisy_cursor_place(cursor);
	if (cursor->p == cursor->end)
		return 0;
	token->kind = TOKEN_ARROW;
	if (daisy_cursor_take(cursor, "->"))
		return 0;
	token->kind = TOKEN_COLONS;
	if (daisy_cursor_take(cursor, "::"))
		return 0;
	if (*cursor->p == '"')
		return read_string(cursor, token);
	if (*cursor->p == '(')
		return read_config(cursor, token);
	n = daisy_cursor_word(cursor, "_@/$.", &word);
	if (n) {
		token->kind = TOKEN_WORD;
		token->text = (struct daisy_cursor){ cursor->source, word, cursor->p };
		return 0;
	}
	if (!*cursor->p || !strchr("[]{};,|", *cursor->p))
		return daisy_place_error(token->place, "the character '%c' means nothing here",
					 *cursor->p);
	token->kind = TOKEN_CHAR;
	token->c = *cursor->p++;
	return 0;
}

int daisy_lexer_init(struct daisy_lexer *lexer, struct daisy_cursor text)
{
	lexer->cursor = text;
	return read_token(&lexer->cursor, &lexer->ahead);
}

int daisy_lexer_next(struct daisy_lexer *lexer, struct daisy_token *token)
{
	*token = lexer->ahead;
	return token->kind == TOKEN_END ? 0 : read_token(&lexer->cursor, &lexer->ahead);
}

bool daisy_token_is(const struct daisy_token *token, char c)
{
	return token->kind == TOKEN_CHAR && token->c == c;
}

bool daisy_token_is_word(const struct daisy_token *token, const char *word)
{
	size_t n = (size_t)(token->text.end - token->text.p);

	return token->kind == TOKEN_WORD && n == strlen(word) && !memcmp(token->text.p, word, n);
}

int daisy_token_error(const struct daisy_token *token, const char *expected)
{
	const struct daisy_source *source = token->place.source;
	struct daisy_cursor rest = { source, token->place.at, source->text + source->size };
	char text[48];

	if (token->kind == TOKEN_END)
		rest.p = rest.end;
	if (token->kind == TOKEN_ARROW || token->kind == TOKEN_COLONS)
		return daisy_place_error(token->place, "expected %s, not \"%s\"", expected,
					 token->kind == TOKEN_ARROW ? "->" : "::");
	return daisy_place_error(token->place, "expected %s, not %s", expected,
				 daisy_cursor_show(&rest, text));
}

int daisy_lexer_expect(struct daisy_lexer *lexer, char c)
{
	struct daisy_token token;
	const char quoted[] = { '\'', c, '\'', '\0' };
	int err = daisy_lexer_next(lexer, &token);

	if (err)
		return err;
	return daisy_token_is(&token, c) ? 0 : daisy_token_error(&token, quoted);
}

int daisy_lexer_body(struct daisy_lexer *lexer, struct daisy_cursor *body)
{
	struct daisy_token token;
	unsigned int depth = 1;

	*body = (struct daisy_cursor){ lexer->ahead.place.source, lexer->ahead.place.at, NULL };
	for (;;) {
		int err = daisy_lexer_next(lexer, &token);

		if (err)
			return err;
		if (token.kind == TOKEN_END)
			return daisy_token_error(&token, "'}'");
		depth += daisy_token_is(&token, '{');
		depth -= daisy_token_is(&token, '}');
		if (depth)
			continue;
		body->end = token.place.at;
		return 0;
	}
}
