/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/stream.h"
#include "senml/message.h"

static const char seq_label[] = "\"seq\":";

const char *
bus_line_check(struct str line)
{
	char last = line.n > 0 ? line.p[line.n - 1] : '\0';
	bool record = str_starts(line, STR("{\"")) && last == '}';
	bool pack = str_starts(line, STR("[{\"")) && last == ']';

	if (line.n > MESSAGE_LINE_MAX)
		return "line too long for the bus";
	if (!record && !pack)
		return "not a message: neither {\"…} nor [{\"…]";
	if (memchr(line.p, '\0', line.n) != NULL)
		return "NUL in the line";
	return NULL;
}

void
bus_line_put(struct buf *b, struct str line, uint64_t seq)
{
	size_t head = line.n > 0 && line.p[0] == '[' ? 2 : 1;
	bool message = line.n > head && line.p[head] == '"' &&
	    line.p[head - 1] == '{';

	if (message) {
		buf_put(b, line.p, head);
		buf_put(b, seq_label, sizeof seq_label - 1);
		buf_put_u64(b, seq);
		buf_putc(b, ',');
		line = str_from(line, head);
	}
	buf_put_str(b, line);
	buf_putc(b, '\n');
	if (!message)
		mark_put(b, seq);
}

/*
 * Most lines have none, and this says so at a third of what it costs to
 * read the labels: it steps from one label's text to the next.
 */
static bool
may_have_seq(struct str line)
{
	size_t i = line.n > 2 && line.p[0] == '[' ? 2 : 1;
	const char *end = line.p + line.n, *p = line.p + i;

	while (end - p > 8 && *p == '"') {
		if (p[1] == 's' && p[2] == 'e')
			return true;
		p = memchr(p + 1, '"', (size_t)(end - p) - 1);
		if (p == NULL || end - p < 4 || p[1] != ':')
			return false;
		if (p[2] == '"' && (p = memchr(p + 3, '"',
		    (size_t)(end - p) - 3)) == NULL)
			return false;
		p = memchr(p, ',', (size_t)(end - p));
		if (p == NULL)
			return false;
		p++;
	}
	return false;
}

bool
bus_line_take(struct buf *b, struct str line, uint64_t *seq)
{
	const char *at = NULL, *end;
	struct route route;
	size_t labels;

	if (may_have_seq(line) && route_scan(line, &route, &labels) &&
	    route.has_seq)
		at = memmem(line.p, labels, seq_label, sizeof seq_label - 1);
	if (at != NULL) {
		/* what is a label has a comma behind it */
		end = memchr(at, ',', labels - (size_t)(at - line.p));
		buf_put(b, line.p, (size_t)(at - line.p));
		line = str_from(line, (size_t)(end + 1 - line.p));
		*seq = route.seq;
	}
	buf_put_str(b, line);
	buf_putc(b, '\n');
	return at != NULL;
}

/* FNV-1a, folded.  It is for ever: a channel must not change its shard. */
static uint64_t
hash(struct str s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

bool
bus_shard_parse(const char *text, struct bus_shard *shard)
{
	const char *slash = strchr(text, '/');
	struct str i = { text, slash ? (size_t)(slash - text) : 0 };

	return slash != NULL && position_parse(i, &shard->i) &&
	    position_parse(str_z(slash + 1), &shard->n) &&
	    shard->i >= 1 && shard->i <= shard->n;
}

bool
bus_shard_has(const struct bus_shard *shard, struct str line)
{
	struct route route;
	size_t labels;

	if (shard->n == 0)
		return true;
	if (!route_scan(line, &route, &labels))
		route.channel = STR_NONE;
	return hash(route.channel) % shard->n == shard->i - 1;
}
