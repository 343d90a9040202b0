/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path or an Authorization header as a client sends it.  What a path is
 * taken for holds: the channel's id is one, the subtopic has levels and
 * nothing that is wild or controls a terminal, and saying it again gives
 * the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "http/thing_auth.h"
#include "http/path.h"
#include "line/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_subtopic(struct str s)
{
	struct buf again;
	size_t i;

	if (s.n > SUBTOPIC_MAX || !utf8_valid(s))
		abort();
	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ||
		    strchr("*>+#/", s.p[i]) != NULL || (s.p[i] == '.' &&
		    (i == 0 || i + 1 == s.n || s.p[i + 1] == '.')))
			abort();
	buf_init(&again, SUBTOPIC_MAX);
	if (subtopic_put(&again, s) != NULL || !str_eq(buf_str(&again), s))
		abort();
	buf_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = { (const char *)data, n }, channel = STR_NONE, key;
	const char *why = NULL;
	struct buf subtopic;
	enum message_path what;

	buf_init(&subtopic, SUBTOPIC_MAX);
	what = message_path_parse(text, &channel, &subtopic, &why);
	if (what == MESSAGE_PATH_REFUSED && why == NULL)
		abort();
	if (what == MESSAGE_PATH_OK) {
		if (!channel_id_valid(channel))
			abort();
		check_subtopic(buf_str(&subtopic));
	}
	buf_release(&subtopic);
	key = authorization_key(text);
	if (key.n > n || (key.n > 0 && (key.p[0] == ' ' ||
	    key.p[key.n - 1] == ' ')))
		abort();
	return 0;
}
