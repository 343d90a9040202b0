/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/reply.h"

#include <hiredis/hiredis.h>
#include <string.h>

/* The reader wants an object for each part of an answer; this stands for
 * all. */
static char reply_object;

static bool
reply_is_part(const redisReadTask *task)
{
	return task->parent != NULL;
}

static bool
reply_copy(char to[REPLY_TEXT], const char *text, size_t n)
{
	size_t kept = n < REPLY_TEXT ? n : REPLY_TEXT - 1;

	memcpy(to, text, kept);
	to[kept] = '\0';
	return kept < n || strlen(to) < n;
}

static void *
reply_string(const redisReadTask *task, char *text, size_t n)
{
	struct reply *r = task->privdata;

	if (!reply_is_part(task)) {
		r->type = task->type;
		r->cut = reply_copy(r->text, text, n);
	} else if (task->type == REDIS_REPLY_ERROR && r->error[0] == '\0') {
		reply_copy(r->error, text, n);
	}
	return &reply_object;
}

/* what hiredis counts the elements with */
#if HIREDIS_MAJOR >= 1
typedef size_t reply_count;
#else
typedef int reply_count;
#endif

static void *
reply_array(const redisReadTask *task, reply_count n)
{
	struct reply *r = task->privdata;

	if (!reply_is_part(task)) {
		r->type = REDIS_REPLY_ARRAY;
		r->integer = (int64_t)n;
		r->error[0] = '\0';
		r->counted = false;
	}
	return &reply_object;
}

static void *
reply_integer(const redisReadTask *task, long long n)
{
	struct reply *r = task->privdata;

	if (!reply_is_part(task)) {
		r->type = REDIS_REPLY_INTEGER;
		r->integer = n;
	} else if (!r->counted) {
		r->counted = true;
		r->first = n;
	}
	return &reply_object;
}

static void *
reply_nil(const redisReadTask *task)
{
	struct reply *r = task->privdata;

	if (!reply_is_part(task))
		r->type = REDIS_REPLY_NIL;
	return &reply_object;
}

static void
reply_free(void *object)
{
	(void)object;
}

/* those of version 3 of the protocol, which nobody asks for, are not there */
struct redisReplyObjectFunctions reply_functions = {
	.createString = reply_string, .createArray = reply_array,
	.createInteger = reply_integer, .createNil = reply_nil,
	.freeObject = reply_free
};
