/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/driver.h"

#include "base/hash.h"
#include "line/message.h"

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
	/* no writer of ours puts `part` first: it would become one of seq's */
	bool message = line.n > head && line.p[head] == '"' &&
	    line.p[head - 1] == '{' &&
	    !str_starts(str_from(line, head), STR("\"part\""));

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
		mark_put(b, seq, 0);
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
bus_shard_has(const struct bus_shard *shard, struct str channel)
{
	/* the hash is for ever: a channel must not change its shard */
	return shard->n == 0 ||
	    hash_fold(channel) % shard->n == shard->i - 1;
}
