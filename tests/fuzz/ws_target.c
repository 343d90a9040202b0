/* SPDX-License-Identifier: Apache-2.0 */
/* Path and arguments of a WebSocket's handshake, as they are decoded: lines
 * of which the first is the path.  What is taken keeps to its rules. */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "ws/target.h"
#include "senml/content_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct str
take_line(struct str *text)
{
	const char *nl = text->n > 0 ? memchr(text->p, '\n', text->n) : NULL;
	struct str line = { text->p, nl ? (size_t)(nl - text->p) : text->n };

	*text = str_from(*text, line.n + (nl != NULL));
	return line;
}

static void
check(const struct ws_target *t)
{
	struct str s = buf_str(&t->subscription);

	if (!channel_id_valid(t->channel) || s.n > SUBTOPIC_MAX ||
	    !utf8_valid(s) || t->plain != subscription_is_plain(s) ||
	    (t->plain && !subscription_has(s, s)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = { (const char *)data, n }, argument;
	struct ws_target t;
	const char *why = NULL;

	ws_target_init(&t);
	switch (ws_target_path(&t, take_line(&text), &why)) {
	case MESSAGE_PATH_OK:
		check(&t);
		break;
	case MESSAGE_PATH_REFUSED:
		if (why == NULL)
			abort();
		break;
	case MESSAGE_PATH_OTHER:
		break;
	}
	while (text.n > 0) {
		argument = take_line(&text);
		if (ws_target_argument(&t, argument) == NULL &&
		    t.type.n > 0 && !content_format_valid(buf_str(&t.type)))
			abort();
	}
	if (t.format >= WS_FORMATS)
		abort();
	ws_target_release(&t);
	return 0;
}
