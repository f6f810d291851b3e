/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long a freed port rests: by pool, and TCP that was closed. */
#include "lib/clock.h"
#include "play.h"

#define H1 HOST(1, 5000)
#define S1 WORLD(1, 80)
#define POOL_HOLD_S 600

#define OPEN_UDP OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created)
#define SEND(to, tcp_flags, ...) OUT(TCP(H1, WORLD(to, 80), tcp_flags), C_out_tcp, ##__VA_ARGS__)
#define RECV(from, tcp_flags, ...) IN(TCP(WORLD(from, 80), H1, tcp_flags), C_in_tcp, ##__VA_ARGS__)
#define CONNECT(to) SEND(to, SYN, C_conns_created), RECV(to, SYN | ACK), SEND(to, ACK)
#define ESTABLISH OPEN, RECV(1, SYN | ACK), SEND(1, ACK)
#define CLOSE(of) SEND(of, FIN | ACK), RECV(of, FIN | ACK), SEND(of, ACK)

#define RESTS STATE("tcp hold")
/* Until no CPU looks at the record any more. */
#define DOES_NOT STATE("tcp rolled-back"), ADVANCE(4), SWEEP, STATE("")

static struct daisy_pool *policy(struct bed *bed)
{
	return &daisy_instance_pools(bed->inst)[0];
}

static void hold_for(struct bed *bed, uint32_t seconds)
{
	policy(bed)->hold = daisy_ticks_from_seconds(seconds);
	policy(bed)->flags |= POOL_HOLD;
}

static void longer(struct bed *bed)
{
	hold_for(bed, POOL_HOLD_S);
}

static void shorter(struct bed *bed)
{
	hold_for(bed, 30);
}

static void none(struct bed *bed)
{
	hold_for(bed, 0);
}

static void reuse(struct bed *bed)
{
	policy(bed)->flags |= POOL_REUSE_CLOSED;
}

/* Zone 1 has the first two addresses. */
static void end_all(struct bed *bed)
{
	unsigned int i;

	for (i = 0; i < 2 * 65536; i++) {
		const struct daisy_sweep_item item = { .slot = i >> 16, .port = i, .proto = DAISY_TCP };
		size_t stride;
		char *vector = daisy_instance_vector(bed->inst, item.slot, DAISY_TCP, &stride);

		if (((struct daisy_mapping *)(vector + stride * item.port))->ctl.state == MAPPING_ACTIVE)
			bed_delete(bed, item);
	}
}

static const struct play plays[] = {
	{ "A pool's own hold-down is longer than the timer's, one second before its end and after it (G8)", .setup = longer,
	  STEPS(OPEN_UDP, ADVANCE(UDP_S + MARGIN_S), SWEEP, STATE("udp hold"), ADVANCE(POOL_HOLD_S - 1), SWEEP,
		STATE("udp hold"), ADVANCE(1 + MARGIN_S), SWEEP, STATE("")) },
	{ "A pool's own hold-down is shorter than the timer's (G8)", .setup = shorter,
	  STEPS(OPEN_UDP, ADVANCE(UDP_S + MARGIN_S), SWEEP, ADVANCE(29), SWEEP, STATE("udp hold"),
		ADVANCE(1 + MARGIN_S), SWEEP, STATE("")) },
	{ "A pool without hold-down gives its ports back when no CPU looks at them any more (G8)", .setup = none,
	  STEPS(OPEN_UDP, ADVANCE(UDP_S + MARGIN_S), SWEEP, STATE("udp hold"), SWEEP, STATE("udp hold"), ADVANCE(4), SWEEP,
		STATE("")) },
	{ "A hold-down that is changed under load holds for ports that rest already (G8)",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S + MARGIN_S), SWEEP, STATE("udp hold"), CALL(longer), ADVANCE(HOLD_S + MARGIN_S),
		SWEEP, STATE("udp hold"), CALL(shorter), SWEEP, STATE("")) },

	{ "TCP that was closed by FINs rests, too, as shipped (G8)",
	  STEPS(ESTABLISH, CLOSE(1), ADVANCE(CLOSING_S + MARGIN_S), SWEEP, RESTS) },
	{ "TCP that was closed by FINs does not rest where the pool spares it (G8, exception A)", .setup = reuse,
	  STEPS(ESTABLISH, CLOSE(1), ADVANCE(CLOSING_S - 1), SWEEP,
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 closing]"), ADVANCE(1 + MARGIN_S), SWEEP, DOES_NOT) },
	{ "TCP that was reset does not rest either, after its four minutes (G8, exception A; X2)", .setup = reuse,
	  STEPS(ESTABLISH, RECV(1, RST), ADVANCE(RESET_S - 1), SWEEP,
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 reset]"), ADVANCE(1 + MARGIN_S), SWEEP, DOES_NOT) },
	{ "TCP that was never answered rests (G8)", .setup = reuse,
	  STEPS(OPEN, ADVANCE(OPENING_S + MARGIN_S), SWEEP, RESTS) },
	{ "An established connection that fell silent rests (G8)", .setup = reuse,
	  STEPS(ESTABLISH, ADVANCE(ESTABLISHED_S + MARGIN_S), SWEEP, RESTS) },
	{ "A half-closed connection that fell silent rests (G8)", .setup = reuse,
	  STEPS(ESTABLISH, SEND(1, FIN | ACK), ADVANCE(ESTABLISHED_S + MARGIN_S), SWEEP, RESTS) },
	{ "A mapping rests if one of its two connections fell silent, the other closed later (G8)", .setup = reuse,
	  STEPS(ESTABLISH, SEND(2, SYN, C_conns_created), ADVANCE(OPENING_S + MARGIN_S), SWEEP,
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 established]"), CLOSE(1),
		ADVANCE(CLOSING_S + MARGIN_S), SWEEP, RESTS) },
	{ "A mapping rests if a connection beyond those in its record fell silent (G8)", .setup = reuse,
	  STEPS(ESTABLISH, CONNECT(2), SEND(3, SYN, C_conns_created), ADVANCE(OPENING_S + MARGIN_S), SWEEP, CLOSE(1), CLOSE(2),
		ADVANCE(CLOSING_S + MARGIN_S), SWEEP, RESTS) },
	{ "A mapping whose connections were all closed, also beyond those in its record, does not rest (G8)", .setup = reuse,
	  STEPS(ESTABLISH, CONNECT(2), CONNECT(3), CLOSE(1), CLOSE(2), CLOSE(3), ADVANCE(CLOSING_S + MARGIN_S), SWEEP,
		DOES_NOT) },
	{ "A stranger whom nobody answered does not make a closed mapping rest (G8)", .setup = reuse,
	  STEPS(ESTABLISH, RECV(9, SYN, C_conns_created), CLOSE(1), ADVANCE(OPENING_S + MARGIN_S), SWEEP, DOES_NOT) },
	{ "A mapping that was deleted under an open connection rests (G8)", .setup = reuse,
	  STEPS(ESTABLISH, CALL(end_all), RESTS) },
	{ "UDP rests where TCP that was closed is spared (G8)", .setup = reuse,
	  STEPS(OPEN_UDP, ADVANCE(UDP_S + MARGIN_S), SWEEP, STATE("udp hold")) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
