/* SPDX-License-Identifier: Apache-2.0 */
#include "http/path.h"

#include "http/chars.h"
#include "line/topic.h"

/* percent-encoding triples the longest subtopic */
#define DECODED_MAX (3 * SUBTOPIC_MAX)

bool
percent_decode(struct buf *to, struct str text)
{
	size_t i;
	int high, low;

	for (i = 0; i < text.n; i++) {
		if (text.p[i] != '%') {
			buf_putc(to, text.p[i]);
			continue;
		}
		if (text.n - i < 3)
			return false;
		high = http_hex(text.p[i + 1]);
		low = http_hex(text.p[i + 2]);
		if (high < 0 || low < 0 || high + low == 0)
			return false;
		buf_putc(to, (char)(high << 4 | low));
		i += 2;
	}
	return true;
}

static const char *
path_take_subtopic(struct buf *subtopic, struct str rest)
{
	struct buf decoded;
	const char *why = NULL;

	buf_init(&decoded, DECODED_MAX);
	if (!percent_decode(&decoded, rest))
		why = "the subtopic is not correctly percent-encoded";
	else if (decoded.full)
		why = subtopic_too_long;
	else
		why = subtopic_put(subtopic, buf_str(&decoded));
	buf_release(&decoded);
	return why;
}

enum message_path
message_path_parse(struct str path, struct str *channel,
    struct buf *subtopic, const char **why)
{
	struct str rest;

	if (!str_starts(path, STR("/")) ||
	    !topic_split(str_from(path, 1), channel, &rest))
		return MESSAGE_PATH_OTHER;
	*why = !channel_id_valid(*channel) ? "invalid channel id" :
	    path_take_subtopic(subtopic, rest);
	return *why ? MESSAGE_PATH_REFUSED : MESSAGE_PATH_OK;
}
