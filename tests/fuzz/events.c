/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a stream of events from a server: what comes out are whole
 * JSON objects with a seq that grows, and the same wherever the bytes were
 * cut on their way.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>

#include "client/events.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define MOST ((size_t)1 << 20)

static int nowhere = -1;

static void
must(bool condition)
{
	if (!condition)
		abort();
}

/* what has come up to there, and then the rest; `out` is kept */
static void
put(struct client_events *e, struct out *out, const uint8_t *data, size_t n,
    size_t cut)
{
	struct buf come;

	out_init(out, nowhere, "nowhere", MOST);
	*e = (struct client_events){ .count = 5, .ready_fd = -1 };
	buf_init(&come, MOST);
	buf_put(&come, data, cut);
	if (!events_put(e, out, &come)) {
		buf_put(&come, data + cut, n - cut);
		events_put(e, out, &come);
	}
	must(come.n <= n);
	buf_release(&come);
}

static void
check_lines(struct str text)
{
	const char *p = text.p;
	struct arena arena;
	struct scan j;

	if (text.n == 0)
		return;
	arena_init(&arena, MOST);
	j = (struct scan){ .end = text.p + text.n, .arena = &arena };
	while (p != NULL && p < j.end) {
		must(*p == '{' && (p = scan_skip(&j, p)) != NULL);
		must(p < j.end && *p++ == '\n');
	}
	arena_release(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct client_events whole, parts;
	struct out a, b;

	/* below what makes `out` write */
	if (n < 2 || n > 32768)
		return 0;
	if (nowhere < 0)
		nowhere = open("/dev/null", O_WRONLY);
	put(&whole, &a, data + 2, n - 2, n - 2);
	put(&parts, &b, data + 2, n - 2,
	    (size_t)(data[0] | data[1] << 8) % (n - 1));
	must(str_eq(buf_str(&a.b), buf_str(&b.b)));
	must(whole.seq == parts.seq && whole.broken == parts.broken &&
	    whole.count == parts.count && whole.count >= 0);
	check_lines(buf_str(&a.b));
	out_release(&a);
	out_release(&b);
	return 0;
}
