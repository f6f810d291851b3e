/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold for every frame, whatever is in it (requirements C1 to C3,
 * R3): one verdict, one counter, and a forwarded packet that differs from the
 * original in nothing but what a NAT may change, with sums that are as right
 * (or as wrong) as they were.
 */
#ifndef DAISY_TESTS_JUDGE_H
#define DAISY_TESTS_JUDGE_H

#include "lib-c/bed.h"

/* NULL, or what is wrong, in a static buffer. */
const char *judge(const struct bed *bed, enum bed_link link, const uint8_t *frame, uint32_t len,
		  const struct bed_result *r);

/* Was the frame sent on (translated or answered)? */
bool judge_sent(const struct bed_result *r);

#endif
