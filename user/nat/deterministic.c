/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/error.h"
#include "nat/deterministic.h"

static uint64_t count_range(const struct daisy_plan_range *range)
{
	return (uint64_t)range->last - range->first + 1;
}

static uint64_t count(const struct daisy_plan_range *list, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += count_range(&list[i]);
	return sum;
}

/* Number of an address among those of a list. */
static bool number_of(const struct daisy_plan_range *list, size_t n, uint32_t address,
		      uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < n; i++) {
		if (address >= list[i].first && address <= list[i].last) {
			*number += address - list[i].first;
			return true;
		}
		*number += count_range(&list[i]);
	}
	return false;
}

/* The address with a number below the list's count. */
static uint32_t address_at(const struct daisy_plan_range *list, uint64_t number)
{
	while (number >= count_range(list)) {
		number -= count_range(list);
		list++;
	}
	return list->first + (uint32_t)number;
}

static void set_usable(struct daisy_plan *plan)
{
	const struct daisy_plan_input *in = &plan->in;

	for (uint32_t port = in->first_port; port <= in->last_port; port++)
		plan->usable_bits[port / 64] |= 1ULL << (port & 63);
	for (size_t i = 0; i < in->n_reserved; i++)
		for (uint32_t port = in->reserved[i].first; port <= in->reserved[i].last; port++)
			plan->usable_bits[port / 64] &= ~(1ULL << (port & 63));
	for (size_t i = 0; i < 1024; i++)
		plan->usable += (uint32_t)__builtin_popcountll(plan->usable_bits[i]);
}

/* Usable ports below one. */
static uint32_t rank_of(const struct daisy_plan *plan, uint32_t port)
{
	uint32_t rank = 0;

	for (uint32_t i = 0; i < port / 64; i++)
		rank += (uint32_t)__builtin_popcountll(plan->usable_bits[i]);
	return rank + (uint32_t)__builtin_popcountll(plan->usable_bits[port / 64] &
						     ((1ULL << (port & 63)) - 1));
}

/* Ranges without a gap that are usable. -EINVAL: more than the arithmetic takes. */
static int set_runs(struct daisy_plan *plan)
{
	uint32_t n = 0, rank = 0;
	bool was = false;

	memset(plan->numbers.run, 0xff, sizeof(plan->numbers.run));
	for (uint32_t port = 0; port < 65536; port++) {
		bool is = plan->usable_bits[port / 64] >> (port & 63) & 1;

		if (is && !was) {
			if (n < DAISY_PLAN_RUNS)
				plan->numbers.run[n] = (struct daisy_plan_run){ (uint16_t)port,
									      (uint16_t)rank };
			n++;
		}
		rank += is;
		was = is;
	}
	if (n <= DAISY_PLAN_RUNS)
		return 0;
	daisy_error_set("the reserved ports leave %u separate ranges, expected at most %u", n,
			DAISY_PLAN_RUNS);
	return -EINVAL;
}

/* Say how many ports, or how many addresses, it would take. */
static int refuse(const struct daisy_plan *plan)
{
	const struct daisy_plan_input *in = &plan->in;
	uint32_t rest = plan->usable > in->overflow ? plan->usable - in->overflow : 0;
	uint64_t fit = rest / plan->ratio;
	uint32_t ports = in->ports ? in->ports : 1;
	char most[64] = "";

	if (rest < ports) {
		daisy_error_set("%u ports of a subscriber and %u of overflow do not fit into the %u "
				"ports of an address", ports, in->overflow, plan->usable);
		return -EINVAL;
	}
	if (fit)
		snprintf(most, sizeof(most), "at most %llu ports, or ", (unsigned long long)fit);
	daisy_error_set("%u ports do not fit: %u subscribers share the %u ports of an address, %u "
			"of them overflow, expected %sat least %llu addresses", ports, plan->ratio,
			plan->usable, in->overflow, most,
			(unsigned long long)((plan->n_subscribers + rest / ports - 1) /
					     (rest / ports)));
	return -EINVAL;
}

int daisy_plan_make(struct daisy_plan *plan, const struct daisy_plan_input *input)
{
	uint64_t needed;

	memset(plan, 0, sizeof(*plan));
	plan->in = *input;
	plan->n_subscribers = count(input->inside, input->n_inside);
	plan->n_addresses = count(input->outside, input->n_outside);
	if (!plan->n_subscribers || !plan->n_addresses || plan->n_subscribers > UINT32_MAX) {
		daisy_error_set("%llu inside and %llu external addresses, expected one of each at "
				"least, and not all that there are",
				(unsigned long long)plan->n_subscribers,
				(unsigned long long)plan->n_addresses);
		return -EINVAL;
	}
	plan->ratio = (uint32_t)((plan->n_subscribers + plan->n_addresses - 1) /
				 plan->n_addresses);
	set_usable(plan);
	plan->ports = input->ports;
	if (!plan->ports && plan->usable > input->overflow)
		plan->ports = (plan->usable - input->overflow) / plan->ratio;
	needed = (uint64_t)plan->ports * plan->ratio + input->overflow;
	if (!plan->ports || needed > plan->usable)
		return refuse(plan);
	plan->overflow = plan->usable - plan->ports * plan->ratio;
	plan->numbers.round_robin = input->algorithm == PLAN_ROUND_ROBIN;
	plan->numbers.n_addresses = (uint32_t)plan->n_addresses;
	plan->numbers.ratio = plan->ratio;
	plan->numbers.ports = plan->ports;
	return set_runs(plan);
}

int daisy_plan_forward(const struct daisy_plan *plan, uint32_t inside,
		       struct daisy_plan_block *block)
{
	struct daisy_plan_place place;
	uint64_t subscriber;

	if (!number_of(plan->in.inside, plan->in.n_inside, inside, &subscriber))
		return -ENOENT;
	daisy_plan_find(&plan->numbers, (uint32_t)subscriber, &place);
	block->address = address_at(plan->in.outside, place.address);
	block->first = place.first;
	block->last = place.last;
	return 0;
}

int daisy_plan_reverse(const struct daisy_plan *plan, uint32_t address, uint16_t port,
		       enum daisy_plan_owner *owner, uint32_t *inside)
{
	uint64_t a, b, subscriber;

	if (!number_of(plan->in.outside, plan->in.n_outside, address, &a))
		return -ENOENT;
	*owner = PLAN_RESERVED;
	if (!(plan->usable_bits[port / 64] >> (port & 63) & 1))
		return 0;
	*owner = PLAN_OVERFLOW;
	b = rank_of(plan, port) / plan->ports;
	if (b >= plan->ratio)
		return 0;
	subscriber = plan->in.algorithm == PLAN_ROUND_ROBIN ? b * plan->n_addresses + a :
							      a * plan->ratio + b;
	*owner = PLAN_UNASSIGNED;
	if (subscriber >= plan->n_subscribers)
		return 0;
	*owner = PLAN_SUBSCRIBER;
	*inside = address_at(plan->in.inside, subscriber);
	return 0;
}

int daisy_plan_overflow(const struct daisy_plan *plan, uint16_t *first, uint16_t *last)
{
	if (!plan->overflow)
		return -ENOENT;
	*first = daisy_plan_port(&plan->numbers, plan->ports * plan->ratio);
	*last = daisy_plan_port(&plan->numbers, plan->usable - 1);
	return 0;
}

static const char *const algorithms[] = {
	[PLAN_SEQUENTIAL] = "sequential",
	[PLAN_ROUND_ROBIN] = "round-robin",
};

const char *daisy_plan_algorithm_name(enum daisy_plan_algorithm algorithm)
{
	return algorithms[algorithm];
}

int daisy_plan_algorithm_parse(const char *word, enum daisy_plan_algorithm *algorithm)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (!strcmp(word, algorithms[i])) {
			*algorithm = (enum daisy_plan_algorithm)i;
			return 0;
		}
	}
	daisy_error_set("\"%.64s\" is not an algorithm, expected sequential or round-robin", word);
	return -EINVAL;
}
