/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snf/expr.h"

bool daisy_expr_eval(const struct daisy_expr *expr, const struct daisy_header *header)
{
	uint64_t value;

	switch (expr->kind) {
	case EXPR_TEST:
		value = header->value[expr->field] & expr->mask;
		return value >= expr->first && value <= expr->last;
	case EXPR_NOT:
		return !daisy_expr_eval(expr->left, header);
	case EXPR_AND:
		return daisy_expr_eval(expr->left, header) && daisy_expr_eval(expr->right, header);
	case EXPR_OR:
		return daisy_expr_eval(expr->left, header) || daisy_expr_eval(expr->right, header);
	case EXPR_TRUE:
		break;
	}
	return true;
}
