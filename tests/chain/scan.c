/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan RULES TRACE		the verdict of every header, by looking at rule after rule
 * scan RULES --headers N	N headers on and beside the borders of the rules
 *
 * The judge of compiled chains: it shares no code with the compiler, and knows
 * two kinds of files only. Rules of ClassBench (a name that ends in .rules) are
 * allowed if their number, from 0, is even; rules of IPFilter say themselves. What
 * no rule has is dropped.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib-c/rng.h"

#define MAX_RULES 20000

enum { SRC, DST, SPORT, DPORT, PROTO, N };

static const uint32_t highest[N] = { UINT32_MAX, UINT32_MAX, 65535, 65535, 255 };

struct rule {
	uint32_t low[N], high[N];
	uint32_t flags, flags_mask;
	bool ports;			/* of TCP and UDP only */
	bool allow;
};

struct packet {
	uint32_t value[N];
	uint32_t flags;			/* the value of ClassBench's column */
};

static struct rule rules[MAX_RULES];
static size_t n_rules;

static void die(const char *what, const char *line)
{
	fprintf(stderr, "scan: %s: %s\n", what, line);
	exit(2);
}

static void set_net(struct rule *rule, int field, const char *text)
{
	unsigned int a, b, c, d, bits;
	uint32_t address, mask;

	if (sscanf(text, "%u.%u.%u.%u/%u", &a, &b, &c, &d, &bits) != 5)
		die("no prefix", text);
	address = a << 24 | b << 16 | c << 8 | d;
	mask = bits ? ~UINT32_C(0) << (32 - bits) : 0;
	rule->low[field] = address & mask;
	rule->high[field] = address | ~mask;
}

static void read_classbench(struct rule *rule, const char *line)
{
	unsigned int sl, sh, dl, dh, proto, mask, flags = 0, flags_mask = 0;
	char src[32], dst[32];
	int n = sscanf(line, "@%31s %31s %u : %u %u : %u %x/%x %x/%x", src, dst, &sl, &sh, &dl, &dh,
		       &proto, &mask, &flags, &flags_mask);

	if (n != 8 && n != 10)
		die("no rule", line);
	set_net(rule, SRC, src);
	set_net(rule, DST, dst);
	rule->low[SPORT] = sl;
	rule->high[SPORT] = sh;
	rule->low[DPORT] = dl;
	rule->high[DPORT] = dh;
	if (mask)
		rule->low[PROTO] = rule->high[PROTO] = proto;
	rule->flags = flags & flags_mask;
	rule->flags_mask = flags_mask;
	rule->allow = n_rules % 2 == 0;
}

static void narrow(struct rule *rule, int field, char sign, uint32_t value)
{
	if (sign == '>')
		rule->low[field] = value + 1;
	else if (sign == '<')
		rule->high[field] = value - 1;
	else
		rule->low[field] = rule->high[field] = value;
	rule->ports |= field == SPORT || field == DPORT;
}

static void read_ipfilter(struct rule *rule, char *line)
{
	char *word = strtok(line, " \n");
	int direction = 0;

	rule->allow = !strcmp(word, "allow");
	while ((word = strtok(NULL, " \n"))) {
		char sign = '=';

		if (!strcmp(word, "src") || !strcmp(word, "dst")) {
			direction = *word == 'd';
		} else if (!strcmp(word, "net")) {
			set_net(rule, direction ? DST : SRC, strtok(NULL, " \n"));
		} else if (!strcmp(word, "tcp") || !strcmp(word, "udp")) {
			narrow(rule, PROTO, '=', *word == 't' ? 6 : 17);
		} else if (!strcmp(word, "proto")) {
			narrow(rule, PROTO, '=', (uint32_t)atoi(strtok(NULL, " \n")));
		} else if (!strcmp(word, "port")) {
			word = strtok(NULL, " \n");
			if (*word == '<' || *word == '>') {
				sign = *word;
				word = strtok(NULL, " \n");
			}
			narrow(rule, direction ? DPORT : SPORT, sign, (uint32_t)atoi(word));
		} else if (strcmp(word, "ip") && strcmp(word, "&&") && strcmp(word, "all")) {
			die("no word of a rule", word);
		}
	}
}

static void read_rules(const char *name)
{
	bool classbench = strlen(name) > 6 && !strcmp(name + strlen(name) - 6, ".rules");
	FILE *file = fopen(name, "r");
	char line[512];

	if (!file)
		die("cannot read", name);
	while (fgets(line, sizeof(line), file)) {
		struct rule *rule = &rules[n_rules];

		if (line[strspn(line, " \t\r\n")] == '\0')
			continue;
		if (n_rules == MAX_RULES)
			die("too many rules", name);
		memcpy(rule->high, highest, sizeof(highest));
		if (classbench)
			read_classbench(rule, line);
		else
			read_ipfilter(rule, line);
		n_rules++;
	}
	fclose(file);
}

static bool matches(const struct rule *rule, const struct packet *packet)
{
	for (int i = 0; i < N; i++)
		if (packet->value[i] < rule->low[i] || packet->value[i] > rule->high[i])
			return false;
	if (rule->ports && packet->value[PROTO] != 6 && packet->value[PROTO] != 17)
		return false;
	return (packet->flags & rule->flags_mask) == rule->flags;
}

static void judge(const char *name)
{
	FILE *file = fopen(name, "r");
	char line[256];

	if (!file)
		die("cannot read", name);
	while (fgets(line, sizeof(line), file)) {
		struct packet p = { .flags = 0 };
		const char *verdict = "drop";

		if (sscanf(line, "%u %u %u %u %u %u", &p.value[SRC], &p.value[DST], &p.value[SPORT],
			   &p.value[DPORT], &p.value[PROTO], &p.flags) < 5)
			die("no header", line);
		p.flags >>= 16;
		for (size_t i = 0; i < n_rules; i++) {
			if (!matches(&rules[i], &p))
				continue;
			verdict = rules[i].allow ? "allow" : "drop";
			break;
		}
		puts(verdict);
	}
	fclose(file);
}

/* A border of a rule, or a value beside it. */
static uint32_t pick(struct rng *rng, const struct rule *rule, int field)
{
	uint32_t low = rule->low[field], high = rule->high[field];

	switch (rng_below(rng, 8)) {
	case 0:
		return low - (low > 0);
	case 1:
		return high + (high < highest[field]);
	case 2:
	case 3:
	case 4:
		return high;
	default:
		return low;
	}
}

/* Rules in turn, so that each is on some header. */
static void make_headers(unsigned long n)
{
	struct rng rng = { 0x5eed };

	for (unsigned long i = 0; i < n; i++) {
		const struct rule *rule = &rules[i % n_rules];
		struct packet p;

		for (int f = 0; f < N; f++)
			p.value[f] = pick(&rng, rule, f);
		p.flags = rng_below(&rng, 4) ? rule->flags : rng_below(&rng, 65536);
		printf("%u\t%u\t%u\t%u\t%u\t%u\t%lu\n", p.value[SRC], p.value[DST], p.value[SPORT],
		       p.value[DPORT], p.value[PROTO], p.flags << 16 | 0xffff, i % n_rules);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		die("usage", "scan RULES { TRACE | --headers N }");
	read_rules(argv[1]);
	if (!n_rules)
		die("no rules", argv[1]);
	if (argc == 4 && !strcmp(argv[2], "--headers"))
		make_headers(strtoul(argv[3], NULL, 10));
	else
		judge(argv[2]);
	return 0;
}
