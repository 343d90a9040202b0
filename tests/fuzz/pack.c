/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a device's payload.  Beside what the sanitizers see: a
 * payload comes back from its line byte for byte, the line parses with
 * our route and nobody else's, and resolved records resolve to themselves.
 */
#include <stdint.h>
#include <stdlib.h>

#include "line/message.h"
#include "line/records.h"
#include "senml/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct pack pack, again;
static struct arena arena;
static struct buf line, once, twice;

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
begin(void)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	pack_init(&pack);
	pack_init(&again);
	arena_init(&arena, 16 << 20);
	buf_init(&line, 4 << 20);
	buf_init(&once, 128 << 20);
	buf_init(&twice, 128 << 20);
}

static void
check_wrapped(struct str payload)
{
	struct route route = {
		.channel = STR("C"), .publisher = STR("T"),
		.protocol = STR("http"), .has_received = true,
		.received = { 1700000000 * STAMP_SECOND },
	}, seen;
	struct str whole, back, type;

	buf_clear(&line);
	if (!message_wrap(&line, &route, payload, STR("text/plain"), &pack))
		return;
	must(memchr(line.p, '\n', line.n) == line.p + line.n - 1);
	whole = (struct str){ line.p, line.n - 1 };
	arena_reset(&arena);
	must(message_payload(whole, &arena, &back, &type));
	must(str_eq(back, payload));
	must(pack_parse_line(&pack, whole, (struct stamp){ 0 }, &seen) == NULL);
	must(str_eq(seen.publisher, STR("T")) && !seen.has_seq);
	must(str_eq(seen.channel, STR("C")) && seen.subtopic.n == 0);
	must(seen.received.ns == route.received.ns);
}

static void
check_resolved(struct str payload)
{
	struct route none = { .has_seq = false };
	struct stamp now = { 1700000000 * STAMP_SECOND };
	size_t i, start;

	if (decode_pack(&codec_json, &pack, payload, now) != NULL)
		return;
	for (i = 0; i < pack.n; i++) {
		buf_clear(&once);
		buf_clear(&twice);
		record_put_line(&once, &none, &pack.records[i]);
		start = once.n - 1;
		must(pack_parse_line(&again, (struct str){ once.p, start },
		    now, &none) == NULL);
		must(pack_put_lines(&twice, &none, &again));
		/* a time below 2^28 can't stay as it is (RFC 8428 4.5.3) */
		must(str_eq(buf_str(&once), buf_str(&twice)) ||
		    pack.records[i].time.ns < (INT64_C(1) << 28) *
		    STAMP_SECOND);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a copy of exactly that size: a byte read too far is seen */
	char *copy = malloc(size ? size : 1);
	struct str payload = { copy, size };
	struct route route;

	begin();
	if (size > 0)
		memcpy(copy, data, size);
	check_wrapped(payload);
	check_resolved(payload);
	if (pack_parse_line(&pack, payload, (struct stamp){ 1 }, &route) ==
	    NULL) {
		buf_clear(&once);
		pack_put_lines(&once, &route, &pack);
	}
	free(copy);
	return 0;
}
