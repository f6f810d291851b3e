/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/advice.h"
#include "doctor/finding.h"

struct advice {
	void (*say)(void *ctx, const char *text);
	void *ctx;
};

/*
 * Warnings that cost packets, not only speed. What program is there cannot be
 * told without CAP_SYS_ADMIN, and attaching says it anyway.
 */
static bool matters(const struct daisy_finding *finding)
{
	if (!strcmp(finding->check, "program"))
		return false;
	return finding->level == FINDING_FAIL ||
	       (finding->level == FINDING_WARN &&
		(!strcmp(finding->check, "napi") || !strcmp(finding->check, "lro")));
}

static void add(void *ctx, const struct daisy_finding *finding)
{
	const struct advice *advice = ctx;
	char text[DAISY_FINDING_SIZE + IFNAMSIZ + 32];

	if (!matters(finding))
		return;
	snprintf(text, sizeof(text), "%s: %s: %s; %s", finding->subject, finding->check,
		 finding->text, finding->todo);
	advice->say(advice->ctx, text);
}

void daisy_advice(const char *device, void (*say)(void *ctx, const char *text), void *ctx)
{
	struct advice advice = { .say = say, .ctx = ctx };
	struct daisy_findings findings = { .add = add, .ctx = &advice };

	if (if_nametoindex(device))
		daisy_doctor_device(&findings, device);
}
