/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures as Ethernet frames: pcap and pcapng, gzipped or not. Frames of
 * other link types get an Ethernet header of their own, the packet in them
 * stays as it was.
 */
#ifndef DAISY_TESTS_CAPTURE_H
#define DAISY_TESTS_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

struct capture_frame {
	uint8_t *bytes;
	uint32_t len;		/* in the file */
	uint32_t wire_len;	/* as it was sent; more than len: cut by the capture */
};

struct capture {
	struct capture_frame *frames;
	size_t n;
	size_t n_skipped;	/* frames that carry nothing an Ethernet frame could */
	int linktype;
};

/* 0 or -1 with a line in `error` (256 bytes). */
int capture_read(struct capture *cap, const char *path, char *error);
void capture_free(struct capture *cap);

#endif
