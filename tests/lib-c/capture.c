/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib-c/capture.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "lib-c/wire.h"

#define BLOCK_SECTION 0x0a0d0d0a
#define BLOCK_INTERFACE 1

/*
 * libpcap refuses a pcapng file whose interfaces have different snapshot
 * lengths; frames carry their own length, so give all the same one. Files of
 * the other byte order are left as they are.
 */
static void unify_snaplen(FILE *file)
{
	const uint32_t snaplen = 262144, native = 0x1a2b3c4d;
	uint32_t head[3];
	long at = 0;

	while (!fseek(file, at, SEEK_SET) && fread(head, sizeof(head), 1, file) == 1) {
		if ((!at && head[0] != BLOCK_SECTION) || head[1] < sizeof(head))
			break;
		if (head[0] == BLOCK_SECTION && head[2] != native)
			break;
		if (head[0] == BLOCK_INTERFACE && !fseek(file, at + 12, SEEK_SET))
			fwrite(&snaplen, sizeof(snaplen), 1, file);
		at += head[1];
	}
	rewind(file);
}

/* libpcap does not inflate: copy through zlib, which reads plain files as well. */
static FILE *inflate_file(const char *path)
{
	gzFile in = gzopen(path, "rb");
	FILE *out = tmpfile();
	char buf[65536];
	int n;

	if (!in || !out)
		goto fail;
	while ((n = gzread(in, buf, sizeof(buf))) > 0)
		if (fwrite(buf, 1, n, out) != (size_t)n)
			goto fail;
	if (n < 0)
		goto fail;
	gzclose(in);
	unify_snaplen(out);
	return out;
fail:
	if (in)
		gzclose(in);
	if (out)
		fclose(out);
	return NULL;
}

/* LLC/SNAP with an Ethernet type: the offset of the type, 0 if it is something else. */
static size_t snap_type(const uint8_t *p, size_t at, size_t len)
{
	static const uint8_t snap[6] = { 0xaa, 0xaa, 3, 0, 0, 0 };

	if (at + 8 > len || memcmp(p + at, snap, sizeof(snap)))
		return 0;
	return at + 6;
}

/*
 * Where the packet begins in a frame of the link type, and its Ethernet type.
 * SIZE_MAX for frames without one.
 */
static size_t packet_offset(int linktype, const uint8_t *p, size_t len, uint16_t *type)
{
	size_t at = 0;

	switch (linktype) {
	case DLT_RAW:
	case DLT_IPV4:
		if (len < 1)
			return SIZE_MAX;
		*type = p[0] >> 4 == 6 ? 0x86dd : 0x0800;
		return 0;
	case DLT_NULL:
		if (len < 4)
			return SIZE_MAX;
		/* The address family is in the byte order of the machine that captured. */
		*type = p[0] + p[3] == 2 ? 0x0800 : 0x86dd;
		return 4;
	case DLT_LINUX_SLL:
		at = 14;
		break;
	case DLT_LINUX_SLL2:
		if (len < 20)
			return SIZE_MAX;
		*type = wire_get16(p);
		return 20;
	case DLT_FDDI:
		at = snap_type(p, 13, len);
		break;
	case DLT_IEEE802:
		/* Token Ring; the first bit of the source says that a route follows, its length in 5 bits. */
		at = 14;
		if (len > at && p[8] & 0x80)
			at += p[at] & 31;
		at = snap_type(p, at, len);
		break;
	}
	if (!at || at + 2 > len)
		return SIZE_MAX;
	*type = wire_get16(p + at);
	return at + 2;
}

/* One frame, as Ethernet; 0, or -1 if it cannot be one. */
static int frame_add(struct capture *cap, const struct pcap_pkthdr *h, const uint8_t *p)
{
	struct capture_frame *f = &cap->frames[cap->n];
	size_t at = 0, head = 0;
	uint16_t type = 0;

	if (cap->linktype != DLT_EN10MB) {
		at = packet_offset(cap->linktype, p, h->caplen, &type);
		if (at == SIZE_MAX)
			return -1;
		head = 14;
	}
	f->len = head + h->caplen - at;
	f->wire_len = head + h->len - at;
	f->bytes = calloc(1, f->len + 1);
	if (!f->bytes)
		return -1;
	if (head)
		wire_put16(f->bytes + 12, type);
	memcpy(f->bytes + head, p + at, h->caplen - at);
	cap->n++;
	return 0;
}

int capture_read(struct capture *cap, const char *path, char *error)
{
	FILE *file = inflate_file(path);
	char why[PCAP_ERRBUF_SIZE] = "";
	struct pcap_pkthdr *h;
	const uint8_t *p;
	size_t room = 0;
	pcap_t *pcap;
	int rc;

	memset(cap, 0, sizeof(*cap));
	if (!file) {
		snprintf(error, 256, "cannot read \"%s\"", path);
		return -1;
	}
	pcap = pcap_fopen_offline(file, why);	/* closes the file with itself */
	if (!pcap) {
		snprintf(error, 256, "%.200s", why);
		fclose(file);
		return -1;
	}
	cap->linktype = pcap_datalink(pcap);
	while ((rc = pcap_next_ex(pcap, &h, &p)) == 1) {
		if (cap->n == room) {
			room = room ? 2 * room : 256;
			cap->frames = realloc(cap->frames, room * sizeof(*cap->frames));
			if (!cap->frames)
				abort();
		}
		if (frame_add(cap, h, p))
			cap->n_skipped++;
	}
	if (rc == PCAP_ERROR)
		snprintf(error, 256, "%.200s", pcap_geterr(pcap));
	pcap_close(pcap);
	return rc == PCAP_ERROR ? -1 : 0;
}

void capture_free(struct capture *cap)
{
	for (size_t i = 0; i < cap->n; i++)
		free(cap->frames[i].bytes);
	free(cap->frames);
	memset(cap, 0, sizeof(*cap));
}
