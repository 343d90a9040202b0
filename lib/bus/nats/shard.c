/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of a part of a stream: the server sends its lines only, so what is read does
 * not tell how far that is.  Where nothing comes for a while it is the stream's
 * leader that is asked, which has all that was acknowledged; a consumer may be
 * behind.
 */
#include "bus/nats/driver.h"

void
shard_filter(struct buf *body, const struct nats_bus *b, const char *stream,
    const struct bus_shard *part)
{
	size_t before;
	unsigned k = 0;

	for (;;) {
		before = body->n;
		buf_puts(body, k == 0 ? "\"" : ",\"");
		stream_subject(body, b, stream);
		if (!shard_put(body, part, k++))
			break;
		buf_putc(body, '"');
	}
	body->n = before;
}

/* 1, 0, -1 */
static int
shard_has_next(struct nats_bus *b, const char *js_name, const char *subject,
    uint64_t after, struct fault *fault)
{
	char body[512];

	snprintf(body, sizeof body, "{\"seq\":%llu,\"next_by_subj\":\"%s\"}",
	    (unsigned long long)after + 1, subject);
	return stream_message(b, js_name, body, NULL, fault);
}

int
shard_follows(struct nats_bus *b, const char *js_name, const char *stream,
    const struct bus_shard *part, uint64_t after, struct fault *fault)
{
	struct buf subject = { .max = JS_NAME_MAX + 32 };
	unsigned k;
	int r = 0;

	for (k = 0; r == 0; k++) {
		buf_clear(&subject);
		stream_subject(&subject, b, stream);
		if (!shard_put(&subject, part, k))
			break;
		buf_putc(&subject, '\0');
		r = shard_has_next(b, js_name, subject.p, after, fault);
	}
	buf_release(&subject);
	return r;
}
