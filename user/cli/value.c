/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "cli/error.h"
#include "cli/value.h"

/* Digits only, no sign, no blank, at most `max`. */
static bool read_number(const char *word, size_t len, uint32_t max, uint32_t *number)
{
	uint64_t value = 0;

	if (!len || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)word[i]))
			return false;
		value = value * 10 + (uint64_t)(word[i] - '0');
	}
	*number = (uint32_t)value;
	return value <= max;
}

static bool read_address(const char *word, size_t len)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr addr;

	if (len >= sizeof(text))
		return false;
	memcpy(text, word, len);
	text[len] = '\0';
	return inet_pton(AF_INET, text, &addr) == 1;
}

static json_t *parse_flag(const struct daisy_param *param, const char *word)
{
	(void)param;
	(void)word;
	return json_true();
}

static json_t *parse_choice(const struct daisy_param *param, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = param->choices; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == len && !memcmp(p, word, n))
			return json_string(word);
		p += n;
	}
	return daisy_error_choice(param->key, word, param->choices), NULL;
}

static json_t *parse_bool(const struct daisy_param *param, const char *word)
{
	if (!strcmp(word, "true") || !strcmp(word, "false"))
		return json_boolean(*word == 't');
	return daisy_error_choice(param->key, word, "true false"), NULL;
}

static json_t *parse_number(const struct daisy_param *param, const char *word)
{
	uint32_t number;
	char accepted[32];

	if (read_number(word, strlen(word), param->max, &number) && number >= param->min)
		return json_integer(number);
	snprintf(accepted, sizeof(accepted), "%u-%u", param->min, param->max);
	return daisy_error_value(param->key, word, accepted), NULL;
}

/* Names stand in paths and in labels of metrics. */
static json_t *parse_name(const struct daisy_param *param, const char *word)
{
	size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (len && len <= 32 && !word[len])
		return json_string(word);
	return daisy_error_value(param->key, word, "1 to 32 of a-z, 0-9 and -"), NULL;
}

static json_t *parse_address(const struct daisy_param *param, const char *word)
{
	if (read_address(word, strlen(word)))
		return json_string(word);
	return daisy_error_value(param->key, word, "an IPv4 address"), NULL;
}

static json_t *parse_endpoint(const struct daisy_param *param, const char *word)
{
	const char *colon = strchr(word, ':');
	uint32_t port;

	if (!read_address(word, colon ? (size_t)(colon - word) : strlen(word)))
		return daisy_error_value(param->key, word, "ADDRESS or ADDRESS:PORT"), NULL;
	if (colon && !read_number(colon + 1, strlen(colon + 1), 65535, &port))
		return daisy_error_value("port", colon + 1, "0-65535"), NULL;
	return json_string(word);
}

static json_t *parse_endpoints(const struct daisy_param *param, const char *word)
{
	const char *colon = strchr(word, ':'), *dash = strchr(word, '-');
	size_t len = dash && colon ? (size_t)(dash - colon - 1) : colon ? strlen(colon + 1) : 0;
	uint32_t first, last;

	if (!read_address(word, colon ? (size_t)(colon - word) : strlen(word)))
		return daisy_error_value(param->key, word, "ADDRESS, ADDRESS:PORT or ADDRESS:PORT-PORT"), NULL;
	if (colon &&
	    (!read_number(colon + 1, len, 65535, &first) ||
	     (dash && (!read_number(dash + 1, strlen(dash + 1), 65535, &last) || last < first))))
		return daisy_error_value("ports", colon + 1, "PORT or FIRST-LAST within 1-65535"), NULL;
	return json_string(word);
}

static bool is_prefix(const char *word)
{
	const char *slash = strchr(word, '/');
	uint32_t len;

	return slash && read_address(word, (size_t)(slash - word)) &&
	       read_number(slash + 1, strlen(slash + 1), 32, &len);
}

static json_t *parse_prefix(const struct daisy_param *param, const char *word)
{
	if (is_prefix(word))
		return json_string(word);
	return daisy_error_value(param->key, word, "an IPv4 prefix such as 10.0.0.0/24"), NULL;
}

static json_t *parse_addresses(const struct daisy_param *param, const char *word)
{
	const char *dash = strchr(word, '-');

	if (is_prefix(word) || (!dash && read_address(word, strlen(word))))
		return json_string(word);
	if (dash && read_address(word, (size_t)(dash - word)) &&
	    read_address(dash + 1, strlen(dash + 1)))
		return json_string(word);
	return daisy_error_value(param->key, word, "ADDRESS, ADDRESS-ADDRESS or PREFIX"), NULL;
}

static json_t *parse_ports(const struct daisy_param *param, const char *word)
{
	const char *dash = strchr(word, '-');
	uint32_t first, last;

	if (!dash && read_number(word, strlen(word), 65535, &first))
		return (param->flags & PARAM_REPEAT) ? json_integer(first) : json_string(word);
	if (dash && read_number(word, (size_t)(dash - word), 65535, &first) &&
	    read_number(dash + 1, strlen(dash + 1), 65535, &last) && first <= last)
		return json_string(word);
	return daisy_error_value(param->key, word, "PORT or FIRST-LAST within 0-65535"), NULL;
}

/* A device need not exist: links may be named before they appear, and deleted after they are gone. */
static json_t *parse_device(const struct daisy_param *param, const char *word)
{
	size_t len = strlen(word);

	if (len && len < IFNAMSIZ && !strpbrk(word, "/ \t\n:") && strcmp(word, ".") &&
	    strcmp(word, ".."))
		return json_string(word);
	return daisy_error_value(param->key, word, "a device name of 1 to 15 characters"), NULL;
}

static json_t *parse_vlan(const struct daisy_param *param, const char *word)
{
	const char *dot = strchr(word, '.');
	uint32_t outer, inner;

	if (!dot && read_number(word, strlen(word), 4094, &outer) && outer)
		return json_integer(outer);
	if (dot && read_number(word, (size_t)(dot - word), 4094, &outer) && outer &&
	    read_number(dot + 1, strlen(dot + 1), 4094, &inner) && inner)
		return json_pack("[ii]", (int)outer, (int)inner);
	return daisy_error_value(param->key, word, "VID or OUTER.INNER within 1-4094"), NULL;
}

static bool is_mac(const char *word)
{
	for (int i = 0; i < 17; i++) {
		if (i % 3 == 2 ? word[i] != ':' : !isxdigit((unsigned char)word[i]))
			return false;
	}
	return !word[17];
}

static json_t *parse_next_hop(const struct daisy_param *param, const char *word)
{
	if (!strcmp(word, "none"))
		return json_string("");
	if (read_address(word, strlen(word)) || is_mac(word))
		return json_string(word);
	return daisy_error_value(param->key, word, "an IPv4 address, a MAC address or none"), NULL;
}

/* Whether it is there, opening it will show. */
static json_t *parse_file(const struct daisy_param *param, const char *word)
{
	if (*word)
		return json_string(word);
	return daisy_error_value(param->key, word, "the name of a file"), NULL;
}

static const struct {
	const char *metavar;
	json_t *(*parse)(const struct daisy_param *param, const char *word);
} types[] = {
	[VALUE_FLAG] = { "", parse_flag },
	[VALUE_CHOICE] = { NULL, parse_choice },
	[VALUE_BOOL] = { "{ true | false }", parse_bool },
	[VALUE_NUMBER] = { "NUMBER", parse_number },
	[VALUE_NAME] = { "NAME", parse_name },
	[VALUE_ADDRESS] = { "ADDRESS", parse_address },
	[VALUE_ENDPOINT] = { "ADDRESS[:PORT]", parse_endpoint },
	[VALUE_ENDPOINTS] = { "ADDRESS[:PORTS]", parse_endpoints },
	[VALUE_PREFIX] = { "PREFIX", parse_prefix },
	[VALUE_ADDRESSES] = { "ADDRESSES", parse_addresses },
	[VALUE_PORTS] = { "PORTS", parse_ports },
	[VALUE_DEVICE] = { "DEVICE", parse_device },
	[VALUE_VLAN] = { "VLAN", parse_vlan },
	[VALUE_NEXT_HOP] = { "NEXTHOP", parse_next_hop },
	[VALUE_INSTANCE] = { "INSTANCE", parse_name },
	[VALUE_FILE] = { "FILE", parse_file },
};

json_t *daisy_value_parse(const struct daisy_param *param, const char *word)
{
	return types[param->type].parse(param, word);
}

char *daisy_value_bnf(const struct daisy_param *param)
{
	char text[256] = "{ ";
	size_t n = 2;

	if (param->type != VALUE_CHOICE)
		return strdup(param->metavar ? param->metavar : types[param->type].metavar);
	for (const char *p = param->choices; *p && n < sizeof(text) - 4; p++) {
		if (*p == ' ') {
			memcpy(text + n, " | ", 3);
			n += 3;
		} else {
			text[n++] = *p;
		}
	}
	strcpy(text + n, " }");
	return strdup(text);
}

static void complete_device(FILE *out, const char *prefix)
{
	struct if_nameindex *list = if_nameindex();

	for (struct if_nameindex *i = list; i && i->if_name; i++) {
		if (!strncmp(i->if_name, prefix, strlen(prefix)))
			fprintf(out, "%s\n", i->if_name);
	}
	if (list)
		if_freenameindex(list);
}

static void complete_instance(FILE *out, const char *run_dir, const char *prefix)
{
	struct dirent **names;
	int n = scandir(run_dir, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char *name = names[i]->d_name;
		size_t len = strlen(name);

		if (name[0] != '.' && len > 5 && !strcmp(name + len - 5, ".sock") &&
		    !strncmp(name, prefix, strlen(prefix)))
			fprintf(out, "%.*s\n", (int)len - 5, name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* Those of some words, separated by a space, that begin so. */
static void complete_words(FILE *out, const char *words, const char *prefix)
{
	for (const char *p = words; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (!strncmp(p, prefix, strlen(prefix)))
			fprintf(out, "%.*s\n", (int)n, p);
		p += n;
	}
}

void daisy_value_complete(FILE *out, const struct daisy_param *param, const char *prefix,
			  const char *run_dir)
{
	switch (param->type) {
	case VALUE_CHOICE:
		complete_words(out, param->choices, prefix);
		break;
	case VALUE_BOOL:
		complete_words(out, "true false", prefix);
		break;
	case VALUE_DEVICE:
		complete_device(out, prefix);
		break;
	case VALUE_INSTANCE:
		complete_instance(out, run_dir, prefix);
		break;
	default:
		break;		/* numbers and addresses cannot be guessed */
	}
}
