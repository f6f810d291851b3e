/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "net/guard.h"

static int run(const char *commands)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	const char *why;
	int err = 0;

	if (!nft) {
		daisy_error_set("no memory for nftables");
		return -ENOMEM;
	}
	nft_ctx_buffer_error(nft);
	if (nft_run_cmd_from_buffer(nft, commands)) {
		why = nft_ctx_get_error_buffer(nft);
		daisy_error_set("nftables refuses the guard: %.*s",
				why ? (int)strcspn(why, "\n") : 0, why ? why : "");
		err = -EIO;
	}
	nft_ctx_free(nft);
	return err;
}

/* The counter is an object of its own, so that it survives the exchange of the rules. */
int daisy_guard_set(const char *instance, const char (*devices)[IFNAMSIZ], size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	fprintf(out, "add table ip daisy_%1$s\n"
		"add counter ip daisy_%1$s untranslated\n"
		"add set ip daisy_%1$s guarded { type ifname; }\n"
		"flush set ip daisy_%1$s guarded\n"
		"add chain ip daisy_%1$s forward { type filter hook forward priority filter; }\n"
		"flush chain ip daisy_%1$s forward\n"
		"add rule ip daisy_%1$s forward iifname @guarded counter name untranslated drop\n"
		"add rule ip daisy_%1$s forward oifname @guarded counter name untranslated drop\n",
		instance);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "add element ip daisy_%s guarded { \"%s\" }\n", instance, devices[i]);
	err = fclose(out) ? -ENOMEM : run(text);
	free(text);
	return err;
}

int daisy_guard_remove(const char *instance)
{
	char text[256];

	/* Adding first makes the deletion succeed in any case. */
	snprintf(text, sizeof(text), "add table ip daisy_%1$s\ndelete table ip daisy_%1$s\n",
		 instance);
	return run(text);
}

int daisy_guard_forward(const char *device)
{
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/forwarding", device);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1\n", 2) != 2) {
		err = -errno;
		daisy_error_set("cannot switch on forwarding for \"%s\": %s: %s", device, path,
				strerror(-err));
	}
	if (fd >= 0)
		close(fd);
	return err;
}
