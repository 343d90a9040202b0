/* SPDX-License-Identifier: Apache-2.0 */
#include "http/path.h"

#include <ctype.h>

#include "senml/message.h"

/* percent-encoding triples the longest subtopic */
#define DECODED_MAX (3 * SUBTOPIC_MAX)

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

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
		high = hex(text.p[i + 1]);
		low = hex(text.p[i + 2]);
		if (high < 0 || low < 0 || high + low == 0)
			return false;
		buf_putc(to, (char)(high << 4 | low));
		i += 2;
	}
	return true;
}

bool
channel_id_valid(struct str id)
{
	size_t i;

	for (i = 0; i < id.n; i++)
		if (!isalnum((unsigned char)id.p[i]) && id.p[i] != '-' &&
		    id.p[i] != '_')
			return false;
	return id.n > 0;
}

static const char *
take_subtopic(struct buf *subtopic, struct str rest)
{
	struct buf decoded;
	const char *why = NULL;

	buf_init(&decoded, DECODED_MAX);
	if (!percent_decode(&decoded, rest))
		why = "the subtopic is not percent-encoded as it should be";
	else if (decoded.full)
		why = "the subtopic is too long";
	else
		why = subtopic_put(subtopic, buf_str(&decoded));
	buf_release(&decoded);
	return why;
}

enum message_path
message_path_parse(struct str path, struct str *channel,
    struct buf *subtopic, const char **why)
{
	const struct str head = STR("/channels/"), tail = STR("/messages");
	const char *slash;

	if (!str_starts(path, head))
		return MESSAGE_PATH_OTHER;
	path = str_from(path, head.n);
	slash = memchr(path.p, '/', path.n);
	if (slash == NULL)
		return MESSAGE_PATH_OTHER;
	*channel = (struct str){ path.p, (size_t)(slash - path.p) };
	path = str_from(path, channel->n);
	if (!str_starts(path, tail))
		return MESSAGE_PATH_OTHER;
	path = str_from(path, tail.n);
	if (path.n > 0 && path.p[0] != '/')
		return MESSAGE_PATH_OTHER;
	*why = !channel_id_valid(*channel) ? "this can be no channel's id" :
	    path.n > 0 ? take_subtopic(subtopic, str_from(path, 1)) : NULL;
	return *why ? MESSAGE_PATH_REFUSED : MESSAGE_PATH_OK;
}
