/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configurations of the manual and the package are ones that the daemon takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "lib/error.h"

#define MANUAL "man/daisyd.yaml.5.scd"
#define PACKAGED "packaging/default/example.yaml"

/* The whole file; the caller frees it. */
static char *read_file(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!in)
		fail_msg("%s cannot be read: run from the top folder", path);
	if (getdelim(&text, &size, '\0', in) < 0)
		fail_msg("%s is empty", path);
	fclose(in);
	return text;
}

static void expect_accepted(const char *name, const char *text, size_t len)
{
	struct daisy_config *config;

	if (daisy_config_parse(name, text, len, false, &config))
		fail_msg("%s", daisy_error());
	assert_true(config->n_links > 0);
	assert_true(config->n_pools > 0);
	daisy_config_free(config);
}

static void test_manual(void **state)
{
	char *text = read_file(MANUAL), *block = text;
	unsigned int n = 0;

	while ((block = strstr(block, "```\n"))) {
		char *end = strstr(block + 4, "```\n");

		assert_non_null(end);
		expect_accepted(MANUAL, block + 4, (size_t)(end - block - 4));
		block = end + 4;
		n++;
	}
	assert_int_equal(n, 3);
	free(text);
}

static void test_packaged(void **state)
{
	char *text = read_file(PACKAGED);

	expect_accepted(PACKAGED, text, strlen(text));
	free(text);
}

#define TEST(sentence, name) { sentence, name, NULL, NULL, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("every configuration in daisyd.yaml(5) is accepted", test_manual),
		TEST("the packaged example is accepted", test_packaged),
	};

	return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
