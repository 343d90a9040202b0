/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REDIS_REPLY_H
#define MFX_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is kept of an answer, which is bounded, whatever the server sends: the
 * beginning of its text, and of an array how many elements it has, its first
 * error and its first integer, at any depth.
 */
#define REPLY_TEXT 256

struct reply {
	int type;		/* REDIS_REPLY_… of hiredis */
	int64_t integer;	/* of an array: how many elements */
	char text[REPLY_TEXT];	/* of a string, status or error */
	bool cut;		/* that was longer, or has a NUL */
	char error[REPLY_TEXT];	/* in an array; "": none */
	bool counted;		/* an array has an integer: */
	int64_t first;
};

struct redisReplyObjectFunctions;
/* for hiredis' reader, whose private data is the struct reply to fill in */
extern struct redisReplyObjectFunctions reply_functions;

#endif
