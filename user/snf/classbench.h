/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Header traces of ClassBench, one packet a line, decimal numbers:
 *
 *	src dst sport dport proto [flags [rule]]
 *
 * flags is a value in its upper 16 bits and its mask in the lower ones. The value
 * is the 13th byte and so on of TCP shifted as ClassBench has it: for TCP the flags
 * are its upper byte, for ICMP type and code are both bytes. The rule is not read.
 */
#ifndef DAISY_SNF_CLASSBENCH_H
#define DAISY_SNF_CLASSBENCH_H

#include <stdio.h>

#include "snf/header.h"

/* TTL of every packet of a trace, which says none. */
#define DAISY_CLASSBENCH_TTL 64

struct daisy_classbench {
	FILE *file;
	const char *name;
	unsigned int line;
};

/* "-" is standard input. 0 or a negative errno with daisy_error(). */
int daisy_classbench_open(struct daisy_classbench *trace, const char *name);
void daisy_classbench_close(struct daisy_classbench *trace);
/* 1: *header is the next; 0: the end; -EINVAL with daisy_error(). */
int daisy_classbench_next(struct daisy_classbench *trace, struct daisy_header *header);

#endif
