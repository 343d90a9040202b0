/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what Redis answers: cut anywhere, the same answers come, and
 * what is kept of each is bounded and ends with a NUL.
 */
#include <hiredis/hiredis.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "redis/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define TEXTS_MAX ((size_t)64 << 20)

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static bool
has_text(const struct reply *r)
{
	return r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS ||
	    r->type == REDIS_REPLY_ERROR;
}

static void
print_reply(const struct reply *r, struct buf *to)
{
	must(memchr(r->text, '\0', REPLY_TEXT) != NULL);
	must(memchr(r->error, '\0', REPLY_TEXT) != NULL);
	buf_printf(to, "%d", r->type);
	if (r->type == REDIS_REPLY_INTEGER || r->type == REDIS_REPLY_ARRAY)
		buf_printf(to, " %lld", (long long)r->integer);
	if (r->type == REDIS_REPLY_ARRAY)
		buf_printf(to, " %s %lld", r->error,
		    r->counted ? (long long)r->first : -1);
	if (has_text(r))
		buf_printf(to, " %d %s", r->cut, r->text);
	buf_putc(to, '\n');
}

/* false: what comes is no answer */
static bool
take_all(redisReader *reader, struct reply *r, struct buf *to)
{
	void *object = NULL;
	int status;

	while ((status = redisReaderGetReply(reader, &object)) == REDIS_OK &&
	    object != NULL) {
		print_reply(r, to);
		r->type = 0;
	}
	return status == REDIS_OK;
}

/* the answers in bytes of which the first `cut` come alone */
static void
read_all(const uint8_t *data, size_t n, size_t cut, struct buf *to)
{
	redisReader *reader = redisReaderCreateWithFunctions(&reply_functions);
	struct reply r = { .type = 0 };
	const char *p = (const char *)data;

	must(reader != NULL);
	reader->privdata = &r;
	if (cut == 0 || (redisReaderFeed(reader, p, cut) == REDIS_OK &&
	    take_all(reader, &r, to)))
		if (redisReaderFeed(reader, p + cut, n - cut) == REDIS_OK)
			take_all(reader, &r, to);
	redisReaderFree(reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf whole, cut;

	buf_init(&whole, TEXTS_MAX);
	buf_init(&cut, TEXTS_MAX);
	read_all(data, n, 0, &whole);
	read_all(data, n, n > 0 ? data[0] % n : 0, &cut);
	must(str_eq(buf_str(&whole), buf_str(&cut)));
	buf_clear(&cut);
	read_all(data, n, n / 2, &cut);
	must(str_eq(buf_str(&whole), buf_str(&cut)));
	buf_release(&whole);
	buf_release(&cut);
	return 0;
}
