/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REDIS_REDIS_H
#define MFX_REDIS_REDIS_H

#include <hiredis/hiredis.h>

#include "base/buf.h"
#include "net/tcp.h"
#include "redis/reply.h"
#include "redis/url.h"

/*
 * A connection to a server of Redis, plain or with TLS.  Commands are
 * pipelined, and their answers come in the same order:
 *
 *	redis_init(&r, &url, timeout);
 *	redis_open(&r, &fault)
 *	redis_put(redis_out(&r), argc, argv)	any number of them
 *	redis_send(&r, &fault)			what the server takes now
 *	redis_take(&r, &reply, &fault)		waits for the next answer
 *	redis_close(&r);
 *
 * Functions that talk return one of these, with a fault unless it is
 * REDIS_DONE, and the connection is then closed.  Waiting ends when the
 * server was silent for the whole timeout, and when the process was asked to
 * stop (signal_stop).
 */
enum redis_result {
	REDIS_DONE,
	REDIS_LATER,		/* the server is away, or can't now */
	REDIS_FAILED,		/* and will not be able to */
};

struct redis {
	const struct redis_url *url;
	int64_t timeout;	/* ms */
	SSL_CTX *context;
	struct tcp tcp;
	redisReader *reader;	/* NULL: closed */
	struct reply reply;	/* which it fills in */
	struct buf out;
	size_t sent;		/* bytes of it */
	size_t unread;		/* bytes since the last answer */
};

void redis_init(struct redis *, const struct redis_url *, int64_t timeout);
void redis_release(struct redis *);

/* connects, says who we are, and chooses the database */
enum redis_result redis_open(struct redis *, struct fault *);
void redis_close(struct redis *);
static inline bool
redis_is_open(const struct redis *r)
{
	return r->reader != NULL;
}

/* a command, by its words; when b->full, not or only a part of it */
void redis_put(struct buf *, int argc, const struct str *argv);
static inline struct buf *
redis_out(struct redis *r)
{
	return &r->out;
}

enum redis_result redis_send(struct redis *, struct fault *);
/* the answer is valid until the next one; an error of the server is one, and
 * leaves the connection open */
enum redis_result redis_take(struct redis *, struct reply **, struct fault *);
/* the same, but an answer that is an error is judged */
enum redis_result redis_expect(struct redis *, struct reply **,
    struct fault *);
/* for an answer that is not what the command gives: REDIS_FAILED */
enum redis_result redis_strange(struct redis *, struct fault *);

/* is the connection there, while no answer is due? */
enum redis_result redis_check(struct redis *, struct fault *);

/* what an error of the server means; the connection is left as it is */
enum redis_result redis_judge(const struct redis *, const char *error,
    struct fault *);

#endif
