/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the table of user/net/guard.h is there and covers a device. */
#include <jansson.h>
#include <nftables/libnftables.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "doctor/finding.h"

/* Into the device and out of it. */
#define GUARD_RULES 2

/* The table as nft -j lists it, or NULL. */
static json_t *list_table(const char *instance)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	char command[128];
	json_t *list = NULL;

	if (!nft)
		return NULL;
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON);
	snprintf(command, sizeof(command), "list table ip daisy_%s", instance);
	if (!nft_run_cmd_from_buffer(nft, command))
		list = json_loads(nft_ctx_get_output_buffer(nft), 0, NULL);
	nft_ctx_free(nft);
	return list;
}

static bool set_has(const json_t *set, const char *device)
{
	const json_t *elem;
	size_t i;

	json_array_foreach(json_object_get(set, "elem"), i, elem) {
		if (json_is_string(elem) && !strcmp(json_string_value(elem), device))
			return true;
	}
	return false;
}

void daisy_doctor_guard(const struct daisy_findings *out, const char *instance, const char *device)
{
	json_t *list = list_table(instance), *entry;
	unsigned int n_rules = 0;
	bool has_device = false;
	size_t i;

	json_array_foreach(json_object_get(list, "nftables"), i, entry) {
		n_rules += json_object_get(entry, "rule") != NULL;
		has_device |= set_has(json_object_get(entry, "set"), device);
	}
	if (has_device && n_rules >= GUARD_RULES)
		daisy_finding_ok(out, "guard", "the kernel forwards nothing untranslated");
	else
		daisy_finding_fail(out, "guard", "table daisy_%s %s: the kernel may forward untranslated "
				   "packets|systemctl restart daisyd@%s makes it anew; find out who flushes "
				   "the ruleset", instance, list ? "does not cover the device" : "is missing",
				   instance);
	json_decref(list);
}
