/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libbpf has to say, kept for the error line instead of printed. libbpf
 * knows one print function per process; this one keeps a log for each thread.
 */
#ifndef DAISY_LIB_LIBBPF_LOG_H
#define DAISY_LIB_LIBBPF_LOG_H

/* The end of a verifier's log tells what went wrong; the start is cut. */
#define DAISY_LIBBPF_LOG_SIZE 16384

/* Take over libbpf's printing, and forget what this thread's log holds. */
void daisy_libbpf_log_start(void);
/* Warnings since then, the verifier's log included; many lines. For debug output. Never NULL. */
const char *daisy_libbpf_log(void);
/*
 * The one line of it that names the cause: the kernel's extended error, the
 * verifier's complaint, or else the last line. "" if libbpf said nothing. The
 * text lasts until the next call of this thread.
 */
const char *daisy_libbpf_log_cause(void);

#endif
