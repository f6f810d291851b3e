/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The peer protocol up to the greeting: frames, fields, versions, the key file, and two
 * peers over the loopback interface, with strangers of every kind at their door.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/log.h"
#include "lib/error.h"
#include "migrate/channel.h"
#include "migrate/machine.h"
#include "migrate/message.h"
#include "migrate/peers.h"
#include "migrate/state.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* Frames and fields. */

static void frame_comes_back(void **state)
{
	struct daisy_frames out = { 0 };
	struct daisy_frame frame;
	struct daisy_field field;
	size_t at = 0;

	daisy_frame_begin(&out, 7, 3, 0x1122334455667788);
	daisy_field_begin(&out, 9);
	daisy_put(&out, "abc", 3);
	daisy_field_end(&out);
	daisy_field_begin(&out, 10);
	daisy_field_end(&out);
	daisy_frame_end(&out);
	for (size_t n = 0; n < out.to; n++)
		assert_int_equal(daisy_frame_parse(out.data, n, 100, &frame), 0);
	assert_int_equal(daisy_frame_parse(out.data, out.to, 100, &frame), out.to);
	assert_int_equal(frame.type, 7);
	assert_int_equal(frame.version, 3);
	assert_true(frame.session == 0x1122334455667788);
	assert_int_equal(daisy_frame_next(&frame, &at, &field), 1);
	assert_int_equal(field.number, 9);
	assert_int_equal(field.len, 3);
	assert_memory_equal(field.value, "abc", 3);
	assert_int_equal(daisy_frame_next(&frame, &at, &field), 1);
	assert_int_equal(field.number, 10);
	assert_int_equal(field.len, 0);
	assert_int_equal(daisy_frame_next(&frame, &at, &field), 0);
	daisy_frames_clear(&out);
}

#define HEADER "\0\1" "\0\1" "\0\0\0\0\0\0\0\0"

struct bad_frame {
	const char *title;
	const char *bytes;
	size_t n;
	const char *error;
};

#define BYTES(text) text, sizeof(text) - 1

static const struct bad_frame bad_frames[] = {
	{ "a frame shorter than its header is refused", BYTES("\0\0\0\13" HEADER),
	  "frame of 11 bytes, expected 12 to 64" },
	{ "a frame longer than allowed is refused before it is whole", BYTES("\0\0\0\101"),
	  "frame of 65 bytes, expected 12 to 64" },
	{ "a frame of four gigabytes is refused", BYTES("\377\377\377\377"),
	  "frame of 4294967295 bytes, expected 12 to 64" },
	{ "a frame that ends within a field's header is refused", BYTES("\0\0\0\17" HEADER "\0\1\0"),
	  "frame of type 1 ends within a field" },
	{ "a field longer than its frame is refused", BYTES("\0\0\0\21" HEADER "\0\1\0\2x"),
	  "frame of type 1 ends within a field" },
	{ "a number of the wrong size is refused", BYTES("\0\0\0\21" HEADER "\0\1\0\1x"),
	  "field 1 of a frame of type 1 has 1 bytes that are none of its kind" },
	{ "a text with a control character is refused", BYTES("\0\0\0\21" HEADER "\0\3\0\1\n"),
	  "field 3 of a frame of type 1 has 1 bytes that are none of its kind" },
	{ "a name too long is refused",
	  BYTES("\0\0\0\61" HEADER "\0\3\0\41aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	  "field 3 of a frame of type 1 has 33 bytes that are none of its kind" },
	{ "a greeting without a name is refused", BYTES("\0\0\0\14" HEADER),
	  "\"\" is not a name, expected 1 to 32 of a-z, 0-9 and -" },
};

static void bad_frame_is_refused(void **state)
{
	const struct bad_frame *bad = *state;
	struct daisy_frame frame;
	struct daisy_hello hello;
	/* Of its own size, so that a byte read behind the end is seen. */
	uint8_t *bytes = malloc(bad->n);
	int n;

	memcpy(bytes, bad->bytes, bad->n);
	n = daisy_frame_parse(bytes, bad->n, 64, &frame);
	if (n > 0)
		n = daisy_hello_read(&frame, &hello);
	assert_int_equal(n, -EPROTO);
	assert_string_equal(daisy_error(), bad->error);
	free(bytes);
}

static void unknown_field_is_skipped(void **state)
{
	const char bytes[] = "\0\0\0\31" HEADER "\1\0\0\2xy" "\0\3\0\3box";
	struct daisy_frame frame;
	struct daisy_hello hello;

	assert_int_equal(daisy_frame_parse((const uint8_t *)bytes, sizeof(bytes) - 1, 64, &frame), 29);
	assert_int_equal(daisy_hello_read(&frame, &hello), 0);
	assert_string_equal(hello.name, "box");
}

static void version_is_the_highest_of_both(void **state)
{
	static const struct {
		uint16_t lowest, highest, version;
	} rows[] = {
		{ 1, 1, 1 }, { 1, 2, 1 }, { 1, 65535, 1 }, { 0, 1, 1 },
		{ 2, 3, 0 }, { 0, 0, 0 }, { 2, 1, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct daisy_hello hello = { .lowest = rows[i].lowest, .highest = rows[i].highest };

		assert_int_equal(daisy_hello_version(&hello), rows[i].version);
	}
}

/* State. */

static const struct daisy_portable items[] = {
	{ .kind = PORTABLE_SUBSCRIBER, .addr = { 10, 0, 0, 9 }, .zone = 255, .age_ms = 1000 },
	{ .kind = PORTABLE_MAPPING, .proto = DAISY_UDP, .port = 65535, .addr = { 10, 1, 2, 3 },
	  .inside_port = 1, .zone = 7, .age_ms = UINT32_MAX, .remaining_ms = 299999 },
	{ .kind = PORTABLE_MAPPING, .proto = DAISY_TCP, .flags = PORTABLE_UNTRACKED | PORTABLE_IDLED,
	  .port = 1024, .addr = { 10, 0, 0, 1 }, .inside_port = 65535 },
	{ .kind = PORTABLE_CONN, .proto = DAISY_TCP, .port = 1024, .remote = { 198, 51, 100, 1 },
	  .remote_port = 443, .conn_state = CONN_OPENING, .conn_flags = 1, .remaining_ms = 7, .lag_ms = 1 },
	{ .kind = PORTABLE_CONN, .proto = DAISY_TCP, .port = 1024, .remote_port = 1,
	  .conn_state = CONN_ESTABLISHED, .conn_flags = 31 },
	{ .kind = PORTABLE_CONN, .proto = DAISY_TCP, .port = 1024, .conn_state = CONN_CLOSING },
	{ .kind = PORTABLE_CONN, .proto = DAISY_TCP, .port = 1024, .conn_state = CONN_RESET,
	  .lag_ms = UINT32_MAX },
	{ .kind = PORTABLE_REST, .proto = DAISY_ICMP, .port = 5, .remaining_ms = 120000 },
	{ .kind = PORTABLE_PERMISSION, .proto = DAISY_UDP, .port = 6, .remote = { 1, 2, 3, 4 }, .age_ms = 9 },
};

#define N_ITEMS (sizeof(items) / sizeof(items[0]))

static void state_comes_back(void **state)
{
	struct daisy_frames out = { 0 };
	struct daisy_frame frame;
	struct daisy_field field;
	struct daisy_portable item;
	size_t at = 0;

	daisy_frame_begin(&out, MESSAGE_STATE, 1, 5);
	for (size_t i = 0; i < N_ITEMS; i++)
		daisy_state_write(&out, &items[i]);
	daisy_frame_end(&out);
	assert_int_equal(daisy_frame_parse(out.data, out.to, DAISY_FRAME_MAX, &frame), out.to);
	for (size_t i = 0; i < N_ITEMS; i++) {
		assert_int_equal(daisy_frame_next(&frame, &at, &field), 1);
		assert_int_equal(daisy_state_read(&field, &item), 1);
		assert_memory_equal(&item, &items[i], sizeof(item));
	}
	assert_int_equal(daisy_frame_next(&frame, &at, &field), 0);
	daisy_frames_clear(&out);
}

/* Field number, length, and what it begins with; the rest are zeros. */
static const struct {
	uint16_t number, len;
	uint8_t begin[12];
	int result;
} odd_items[] = {
	{ 33, 20, { 4, 0, 0 }, 1 }, { 33, 21, { 4, 0, 0 }, 1 }, { 33, 19, { 4, 0, 0 }, -EPROTO },
	{ 34, 32, { 4, 0, 1 }, 1 }, { 34, 31, { 4, 0, 1 }, -EPROTO }, { 32, 0, { 0 }, -EPROTO },
	{ 33, 20, { 4, 0, 3 }, -EPROTO }, { 33, 20, { 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 }, -EPROTO },
	{ 31, 20, { 4, 0, 0 }, 0 }, { 37, 20, { 4, 0, 0 }, 0 }, { 0, 0, { 0 }, 0 }, { 65535, 4, { 0 }, 0 },
};

static void odd_items_are_told_apart(void **state)
{
	for (size_t i = 0; i < sizeof(odd_items) / sizeof(odd_items[0]); i++) {
		uint8_t *value = calloc(1, odd_items[i].len + 1u);
		struct daisy_field field = { odd_items[i].number, odd_items[i].len, value };
		struct daisy_portable item;

		memcpy(value, odd_items[i].begin, odd_items[i].len < 12 ? odd_items[i].len : 12);
		assert_int_equal(daisy_state_read(&field, &item), odd_items[i].result);
		free(value);
	}
}

/* The machines: each state with each event. */

/* In these the address is stopped, and still the source's. */
static bool undecided(enum daisy_source_state state)
{
	return state == SOURCE_COPYING || state == SOURCE_COPIED;
}

static void source_decides_once(void **state)
{
	for (int s = SOURCE_IDLE; s <= SOURCE_LEFT; s++) {
		for (int e = 0; e < SOURCE_N_EVENTS; e++) {
			struct daisy_source_step step = daisy_source_next(s, e);

			if (step.action == SOURCE_BREAK)
				continue;
			/* Stopped once, by the target's word; decided once, when it has everything. */
			assert_int_equal(step.action == SOURCE_STOP,
					 s == SOURCE_OFFERED && e == SOURCE_GOT_OFFER_OK);
			assert_int_equal(step.action == SOURCE_DECIDE,
					 s == SOURCE_COPIED && e == SOURCE_GOT_READY);
			/* Given up by an answer alone. */
			assert_int_equal(step.action == SOURCE_WITHDRAW,
					 s == SOURCE_LEFT && e == SOURCE_GOT_COMMIT_OK);
			/* Whatever ends undecided is taken back, and what was decided only by an answer. */
			if (undecided(s) && step.next == SOURCE_IDLE)
				assert_int_equal(step.action, SOURCE_TAKE_BACK);
			if (s == SOURCE_LEFT && step.action == SOURCE_TAKE_BACK)
				assert_int_equal(e, SOURCE_GOT_UNKNOWN);
			if (s == SOURCE_LEFT && step.next != SOURCE_LEFT)
				assert_true(e == SOURCE_GOT_UNKNOWN || e == SOURCE_GOT_COMMIT_OK);
		}
		assert_int_not_equal(daisy_source_next(s, SOURCE_LOST).action, SOURCE_BREAK);
		assert_int_not_equal(daisy_source_next(s, SOURCE_LATE).action, SOURCE_BREAK);
	}
}

static void target_waits_for_the_decision(void **state)
{
	for (int s = TARGET_NONE; s <= TARGET_READY; s++)
		for (int e = 0; e < TARGET_N_EVENTS; e++) {
			struct daisy_target_step step = daisy_target_next(s, e);

			assert_int_equal(step.action == TARGET_ACCEPT,
					 s == TARGET_READY && e == TARGET_GOT_COMMIT);
			/* What is ready is forgotten by the source's word alone. */
			if (s == TARGET_READY && step.action == TARGET_FORGET)
				assert_int_equal(e, TARGET_GOT_ABORT);
			if (s == TARGET_TAKING && step.next == TARGET_NONE && step.action != TARGET_BREAK)
				assert_int_equal(step.action, TARGET_FORGET);
		}
	assert_int_equal(daisy_target_next(TARGET_TAKING, TARGET_GOT_COMMIT).action, TARGET_BREAK);
	assert_int_equal(daisy_target_next(TARGET_READY, TARGET_GOT_STATE).action, TARGET_BREAK);
}

/* The key file. */

static char dir[] = "/tmp/daisy-peer-XXXXXX";

static const char *write_key(const char *name, const char *text, mode_t mode)
{
	static char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT, mode);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static const struct {
	const char *text;
	mode_t mode;
	int err;
	const char *error;
} keys[] = {
	{ KEY_A, 0600, 0, "" },
	{ KEY_A "\n", 0400, 0, "" },
	{ KEY_A "\n", 0640, -EPERM, "is open to others than root, expected owner root and mode 0600" },
	{ KEY_A "\n", 0602, -EPERM, "is open to others than root" },
	{ "", 0600, -EINVAL, "holds no key, expected 64 hexadecimal digits (openssl rand -hex 32)" },
	{ "0001", 0600, -EINVAL, "holds no key" },
	{ KEY_A "0", 0600, -EINVAL, "holds no key" },
	{ KEY_A "\n\n", 0600, -EINVAL, "holds no key" },
	{ "g" KEY_A, 0600, -EINVAL, "holds no key" },
	{ "\x10" KEY_A, 0600, -EINVAL, "holds no key" },
};

static void key_file_is_for_root_alone(void **state)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char text[80];
		uint8_t key[DAISY_KEY_BYTES];

		/* Rows that begin with a wrong digit have the right length. */
		snprintf(text, sizeof(text), "%.*s", i > 7 ? 64 : 79, keys[i].text);
		assert_int_equal(daisy_key_load(write_key("try", text, keys[i].mode), key), keys[i].err);
		if (keys[i].err)
			assert_non_null(strstr(daisy_error(), keys[i].error));
		else
			assert_int_equal(key[31], 0x1f);
	}
	assert_int_equal(daisy_key_load(dir, (uint8_t[DAISY_KEY_BYTES]){ 0 }), -EINVAL);
}

/* Two peers in one loop. */

struct bed {
	struct daisy_loop *loop;
	struct daisy_timer_watch timer;
	struct daisy_peers *a, *b;
	uint64_t deadline_ms;
	bool (*done)(struct bed *bed);
	bool in_time;
	/* a stranger at a's door */
	struct daisy_tls *tls;
	struct daisy_tls_stream *stream;
	int fd;
	bool shaken;
	bool over;		/* a has hung up */
	struct daisy_frames out;
	uint8_t in[4096];
	size_t in_len;
};

static bool anybody(void *ctx, const char *name)
{
	return true;
}

static void stranger_step(struct bed *bed)
{
	ssize_t n = -EAGAIN;

	if (bed->stream && !bed->shaken) {
		int err = daisy_tls_handshake(bed->stream);

		bed->shaken = !err;
		bed->over = err && err != -EAGAIN;
	}
	if (bed->over || (bed->stream && !bed->shaken))
		return;
	if (bed->shaken && bed->out.to > bed->out.from) {
		n = daisy_tls_write(bed->stream, bed->out.data + bed->out.from,
				    bed->out.to - bed->out.from);
		bed->out.from += n > 0 ? (size_t)n : 0;
	}
	if (bed->shaken) {
		n = daisy_tls_read(bed->stream, bed->in + bed->in_len, sizeof(bed->in) - bed->in_len);
	} else if (bed->fd >= 0) {
		n = recv(bed->fd, bed->in, sizeof(bed->in), MSG_DONTWAIT);
		n = n > 0 || (n < 0 && errno == EAGAIN) ? -EAGAIN : -EPROTO;
	}
	bed->in_len += n > 0 ? (size_t)n : 0;
	bed->over = n <= 0 && n != -EAGAIN;
}

static void tick(void *ctx)
{
	struct bed *bed = ctx;

	daisy_peers_step(bed->a);
	daisy_peers_step(bed->b);
	stranger_step(bed);
	bed->in_time = bed->done(bed);
	if (bed->in_time || daisy_now_ms() >= bed->deadline_ms)
		daisy_loop_stop(bed->loop, 0);
}

/* Go on until a condition holds; false after the deadline. */
static bool run(struct bed *bed, bool (*done)(struct bed *bed), uint64_t ms)
{
	bed->done = done;
	bed->deadline_ms = daisy_now_ms() + ms;
	daisy_loop_run(bed->loop);
	return bed->in_time;
}

/* A port that nobody has. */
static uint16_t free_port(void)
{
	struct sockaddr_in place = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(place);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&place, len), 0);
	getsockname(fd, (struct sockaddr *)&place, &len);
	close(fd);
	return ntohs(place.sin_port);
}

static struct daisy_config_peering config_of(const char *name, const char *key, uint16_t port,
					     const char *other, uint16_t other_port)
{
	struct daisy_config_peering config = { .n_peers = 1 };

	strcpy(config.name, name);
	strcpy(config.key_file, write_key(name, key, 0600));
	snprintf(config.listen, sizeof(config.listen), "127.0.0.1:%u", port);
	strcpy(config.peer[0].name, other);
	snprintf(config.peer[0].address, sizeof(config.peer[0].address), "127.0.0.1:%u", other_port);
	return config;
}

static struct daisy_config_peering at_a, at_b;

static void configure(struct bed *bed, const char *name_b, const char *key_b)
{
	uint16_t port_a = free_port(), port_b = free_port();

	at_a = config_of("box-a", KEY_A, port_a, "box-b", port_b);
	at_b = config_of(name_b, key_b, port_b, "box-a", port_a);
	assert_int_equal(daisy_peers_apply(bed->a, &at_a), 0);
	assert_int_equal(daisy_peers_apply(bed->b, &at_b), 0);
}

static int setup(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	daisy_log_open("test");
	signal(SIGPIPE, SIG_IGN);
	bed->fd = -1;
	bed->timer = (struct daisy_timer_watch){ .fn = tick, .ctx = bed };
	if (daisy_loop_open(&bed->loop) || daisy_timer_add(bed->loop, &bed->timer, 5) ||
	    daisy_peers_open(&bed->a, bed->loop) || daisy_peers_open(&bed->b, bed->loop))
		return -1;
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;

	daisy_tls_stream_free(bed->stream);
	daisy_tls_close(bed->tls);
	if (bed->fd >= 0)
		close(bed->fd);
	daisy_frames_clear(&bed->out);
	daisy_peers_close(bed->a);
	daisy_peers_close(bed->b);
	daisy_timer_remove(&bed->timer);
	daisy_loop_close(bed->loop);
	free(bed);
	return 0;
}

static struct daisy_peer_status status_of(const struct daisy_peers *peers)
{
	struct daisy_peer_status status;

	daisy_peers_status(peers, 0, &status);
	return status;
}

static bool both_open(struct bed *bed)
{
	struct daisy_peer_status a = status_of(bed->a), b = status_of(bed->b);

	return a.to == PEER_OPEN && a.from && b.to == PEER_OPEN && b.from;
}

static void peers_find_each_other(void **state)
{
	struct bed *bed = *state;
	struct daisy_peer_status status;

	configure(bed, "box-b", KEY_A);
	assert_true(run(bed, both_open, 5000));
	status = status_of(bed->a);
	assert_string_equal(status.name, "box-b");
	assert_int_equal(status.version, 1);
	assert_string_equal(status.error, "");
	assert_int_equal(daisy_peers_strangers(bed->a), 0);
	/* The same configuration again disturbs nobody; another one begins anew. */
	assert_int_equal(daisy_peers_apply(bed->a, &at_a), 0);
	assert_int_equal(status_of(bed->a).to, PEER_OPEN);
	at_a.n_peers = 0;
	assert_int_equal(daisy_peers_apply(bed->a, &at_a), 0);
	assert_int_equal(daisy_peers_count(bed->a), 0);
}

static bool quiet(struct bed *bed)
{
	return false;
}

static void silent_peers_stay_connected(void **state)
{
	struct bed *bed = *state;
	uint64_t since_ms;

	configure(bed, "box-b", KEY_A);
	assert_true(run(bed, both_open, 5000));
	since_ms = status_of(bed->a).since_ms;
	run(bed, quiet, DAISY_CHANNEL_SILENT_MS + 1000);
	assert_true(both_open(bed));
	assert_true(status_of(bed->a).since_ms == since_ms);
}

static bool b_has_error(struct bed *bed)
{
	return *status_of(bed->b).error;
}

static void refused_at_the_door(struct bed *bed, const char *name_b, const char *key_b)
{
	configure(bed, name_b, key_b);
	assert_true(run(bed, b_has_error, 5000));
	run(bed, quiet, 500);
	assert_int_equal(status_of(bed->a).from, false);
	assert_int_not_equal(status_of(bed->b).to, PEER_OPEN);
	assert_int_not_equal(status_of(bed->a).to, PEER_OPEN);
}

static void wrong_key_is_refused(void **state)
{
	refused_at_the_door(*state, "box-b", KEY_B);
}

static void unknown_name_is_refused(void **state)
{
	refused_at_the_door(*state, "box-c", KEY_A);
}

static void bad_configuration_changes_nothing(void **state)
{
	struct bed *bed = *state;
	struct daisy_config_peering worse;

	configure(bed, "box-b", KEY_A);
	assert_true(run(bed, both_open, 5000));
	worse = at_a;
	chmod(at_a.key_file, 0644);
	assert_int_equal(daisy_peers_apply(bed->a, &worse), -EPERM);
	chmod(at_a.key_file, 0600);
	/* The port of the other one. */
	strcpy(worse.listen, at_b.listen);
	assert_int_equal(daisy_peers_apply(bed->a, &worse), -EADDRINUSE);
	assert_true(both_open(bed));
}

/* Strangers. */

static int knock(void)
{
	struct sockaddr_in place = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	place.sin_port = htons((uint16_t)atoi(strchr(at_a.listen, ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&place, sizeof(place)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static bool hung_up(struct bed *bed)
{
	return bed->over;
}

static const struct {
	const char *title;
	const char *bytes;
	size_t n;
} noises[] = {
	{ "text", BYTES("GET / HTTP/1.0\r\n\r\n") },
	{ "zeros", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ "a frame without TLS", BYTES("\0\0\0\14" HEADER) },
	{ "a TLS record too long", BYTES("\26\3\1\377\377\1") },
	{ "an alert", BYTES("\25\3\3\0\2\2\50") },
	{ "a hello of TLS 1.2",
	  BYTES("\26\3\1\0\57\1\0\0\53\3\3abcdefghijklmnopqrstuvwxyzabcdef\0\0\2\0\234\1\0\0\0") },
};

static void noise_is_hung_up_on(void **state)
{
	struct bed *bed = *state;

	configure(bed, "box-b", KEY_A);
	assert_true(run(bed, both_open, 5000));
	for (size_t i = 0; i < sizeof(noises) / sizeof(noises[0]); i++) {
		bed->over = false;
		bed->fd = knock();
		assert_int_equal(send(bed->fd, noises[i].bytes, noises[i].n, 0), noises[i].n);
		if (!run(bed, hung_up, 3000))
			fail_msg("still connected: %s", noises[i].title);
		close(bed->fd);
		bed->fd = -1;
	}
	assert_true(both_open(bed));
}

static bool no_strangers(struct bed *bed)
{
	return !daisy_peers_strangers(bed->a);
}

/* Fifty at once, which say nothing. */
static void crowd_does_not_keep_a_peer_out(void **state)
{
	struct bed *bed = *state;
	uint64_t began_ms;
	int fd[50];

	configure(bed, "box-b", KEY_A);
	for (size_t i = 0; i < 50; i++) {
		fd[i] = knock();
		run(bed, quiet, 10);
		assert_true(daisy_peers_strangers(bed->a) <= 8);
	}
	assert_true(run(bed, both_open, 6000));
	began_ms = daisy_now_ms();
	assert_true(run(bed, no_strangers, DAISY_CHANNEL_GREETING_MS + 1000));
	assert_true(daisy_now_ms() - began_ms < DAISY_CHANNEL_GREETING_MS + 500);
	for (size_t i = 0; i < 50; i++)
		close(fd[i]);
}

/* Somebody with the key of a peer, in its name: what it says decides. */
static void knock_with_key(struct bed *bed)
{
	uint8_t key[DAISY_KEY_BYTES];

	configure(bed, "box-z", KEY_A);		/* so that nobody else is box-b */
	assert_int_equal(daisy_key_load(at_a.key_file, key), 0);
	assert_int_equal(daisy_tls_open(&bed->tls, "box-b", key, anybody, NULL), 0);
	bed->fd = knock();
	bed->stream = daisy_tls_stream_new(bed->tls, bed->fd, false);
}

static void say_hello(struct bed *bed, const char *name, uint16_t lowest, uint16_t highest)
{
	struct daisy_hello hello = { .lowest = lowest, .highest = highest };

	strcpy(hello.name, name);
	daisy_hello_write(&bed->out, MESSAGE_HELLO, &hello);
}

/* The answer, as far as it has come. */
static uint16_t answer(struct bed *bed, struct daisy_hello *hello)
{
	struct daisy_frame frame;
	int n = daisy_frame_parse(bed->in, bed->in_len, 4096, &frame);

	if (n <= 0)
		return 0;
	assert_int_equal(daisy_hello_read(&frame, hello), 0);
	return frame.type;
}

static bool answered(struct bed *bed)
{
	struct daisy_hello hello;

	return answer(bed, &hello);
}

static void other_version_is_refused_with_both(void **state)
{
	struct bed *bed = *state;
	struct daisy_hello hello;

	knock_with_key(bed);
	say_hello(bed, "box-b", 7, 9);
	assert_true(run(bed, hung_up, 3000));
	assert_int_equal(answer(bed, &hello), MESSAGE_HELLO_NO);
	assert_string_equal(hello.reason, "\"box-b\" speaks versions 7 to 9 of the peer protocol, "
			    "expected 1 to 1");
}

static void name_of_another_is_refused(void **state)
{
	struct bed *bed = *state;
	struct daisy_hello hello;

	knock_with_key(bed);
	say_hello(bed, "box-q", 1, 1);
	assert_true(run(bed, hung_up, 3000));
	assert_int_equal(answer(bed, &hello), MESSAGE_HELLO_NO);
	assert_string_equal(hello.reason, "it calls itself \"box-q\", expected \"box-b\"");
}

static const struct {
	const char *title;
	const char *bytes;
	size_t n;
	bool greeted;		/* before */
} blunders[] = {
	{ "another message before the greeting", BYTES("\0\0\0\14\0\4\0\1\0\0\0\0\0\0\0\0"), false },
	{ "an answer instead of the greeting", BYTES("\0\0\0\14\0\2\0\1\0\0\0\0\0\0\0\0"), false },
	{ "a greeting longer than a kilobyte", BYTES("\0\0\4\1"), false },
	{ "a greeting cut off within a field", BYTES("\0\0\0\17" HEADER "\0\1\0"), false },
	{ "a second greeting", BYTES("\0\0\0\14" HEADER), true },
	{ "an unknown type", BYTES("\0\0\0\14\17\377\0\1\0\0\0\0\0\0\0\0"), true },
	{ "a frame longer than a megabyte", BYTES("\0\20\0\1"), true },
	{ "a frame shorter than its header", BYTES("\0\0\0\0"), true },
};

static void blunder_ends_the_session(void **state)
{
	struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(blunders) / sizeof(blunders[0]); i++) {
		struct daisy_hello hello;

		if (i) {
			teardown(state);
			assert_int_equal(setup(state), 0);
			bed = *state;
		}
		knock_with_key(bed);
		if (blunders[i].greeted)
			say_hello(bed, "box-b", 1, 1);
		daisy_put(&bed->out, blunders[i].bytes, blunders[i].n);
		if (!run(bed, hung_up, 3000))
			fail_msg("still connected: %s", blunders[i].title);
		assert_int_equal(answer(bed, &hello), blunders[i].greeted ? MESSAGE_HELLO_OK : 0);
		assert_int_equal(status_of(bed->a).from, false);
	}
}

static void optional_type_is_ignored(void **state)
{
	struct bed *bed = *state;

	knock_with_key(bed);
	say_hello(bed, "box-b", 1, 4);
	daisy_put(&bed->out, "\0\0\0\14\217\377\0\1\0\0\0\0\0\0\0\0", 16);
	assert_true(run(bed, answered, 3000));
	run(bed, quiet, 300);
	assert_false(bed->over);
	assert_true(status_of(bed->a).from);
}

#define FIXED(title, f) { title, f, NULL, NULL, NULL }
#define NETWORK(title, f) { title, f, setup, teardown, NULL }

static const struct CMUnitTest fixed[] = {
	FIXED("state of every kind comes back as it was written", state_comes_back),
	FIXED("items of other versions are skipped or read as far as known, cut ones refused",
	      odd_items_are_told_apart),
	FIXED("the source stops an address once, decides once, and gives nothing up unasked (D-21, D-22)",
	      source_decides_once),
	FIXED("the target owns what the source has decided, and nothing else (D-21)",
	      target_waits_for_the_decision),
	FIXED("a frame comes back as it was written, and is not read before it is whole",
		frame_comes_back),
	FIXED("a field of an unknown number is skipped", unknown_field_is_skipped),
	FIXED("the version of a session is the highest that both speak",
		version_is_the_highest_of_both),
	FIXED("the key file is root's alone, and holds 64 hexadecimal digits",
		key_file_is_for_root_alone),
	NETWORK("two boxes with one key connect, each way", peers_find_each_other),
	NETWORK("peers that have nothing to say stay connected", silent_peers_stay_connected),
	NETWORK("who has another key does not get past the handshake", wrong_key_is_refused),
	NETWORK("who is not known does not get past the handshake, key or not",
		unknown_name_is_refused),
	NETWORK("a configuration that cannot be had leaves the sessions as they are",
		bad_configuration_changes_nothing),
	NETWORK("who does not speak TLS 1.3 is hung up on", noise_is_hung_up_on),
	NETWORK("a crowd of silent connections is bounded, ends in time, and keeps no peer out",
		crowd_does_not_keep_a_peer_out),
	NETWORK("a version that is not spoken is refused with both in the message",
		other_version_is_refused_with_both),
	NETWORK("a peer that greets in the name of another is refused", name_of_another_is_refused),
	NETWORK("a peer that breaks the protocol loses its session", blunder_ends_the_session),
	NETWORK("an unknown message that may be ignored is", optional_type_is_ignored),
};

#define N_BAD (sizeof(bad_frames) / sizeof(bad_frames[0]))
#define N_FIXED (sizeof(fixed) / sizeof(fixed[0]))

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const files[] = { "try", "box-a", "box-b", "box-c", "box-z" };
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	struct CMUnitTest tests[N_BAD + N_FIXED];

	for (size_t i = 0; i < N_BAD; i++)
		tests[i] = (struct CMUnitTest){ .name = bad_frames[i].title,
						.test_func = bad_frame_is_refused,
						.initial_state = (void *)&bad_frames[i] };
	memcpy(tests + N_BAD, fixed, sizeof(fixed));
	return _cmocka_run_group_tests("peer", tests, N_BAD + N_FIXED, make_dir, remove_dir);
}
