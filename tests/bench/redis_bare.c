/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that entries of a stream cost with hiredis: those of a file, a line
 * each with words between tabs, are added with that many commands on their
 * way.
 *
 *	redis_bare PORT USER PASSWORD STREAM FILE WINDOW
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#define WORDS_MAX 64

static redisContext *context;
static int64_t pending;

static void
fail(const char *what)
{
	fprintf(stderr, "redis_bare: %s: %s\n", what, context != NULL ?
	    context->errstr : "");
	exit(1);
}

static void
take_replies(void)
{
	redisReply *reply;

	for (; pending > 0; pending--) {
		if (redisGetReply(context, (void **)&reply) != REDIS_OK)
			fail("reply");
		if (reply->type == REDIS_REPLY_ERROR)
			fail(reply->str);
		freeReplyObject(reply);
	}
}

static void
add_entry(const char *stream, char *line, ssize_t n)
{
	const char *words[WORDS_MAX] = { "XADD", stream, "*" };
	size_t lengths[WORDS_MAX] = { 4, strlen(stream), 1 };
	char *end = line + n, *tab;
	int count = 3;

	for (; line < end && count < WORDS_MAX; line = tab + 1) {
		tab = memchr(line, '\t', (size_t)(end - line));
		if (tab == NULL)
			tab = end - 1;
		words[count] = line;
		lengths[count++] = (size_t)(tab - line);
	}
	if (redisAppendCommandArgv(context, count, words, lengths) != REDIS_OK)
		fail("command");
	pending++;
}

int
main(int argc, char **argv)
{
	int64_t port, window;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	FILE *f;

	if (argc != 7 || !number_parse(argv[1], 1, 65535, &port) ||
	    !number_parse(argv[6], 1, 100000, &window) ||
	    (f = fopen(argv[5], "r")) == NULL)
		fail("usage");
	context = redisConnect("127.0.0.1", (int)port);
	if (context == NULL || context->err)
		fail("connect");
	freeReplyObject(redisCommand(context, "AUTH %s %s", argv[2], argv[3]));
	while ((n = getline(&line, &room, f)) > 0) {
		add_entry(argv[4], line, n);
		if (pending >= window)
			take_replies();
	}
	take_replies();
	free(line);
	fclose(f);
	redisFree(context);
	return 0;
}
