/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_JOB_H
#define MFX_API_JOB_H

#include <stdatomic.h>

#include "base/buf.h"
#include "http/request.h"
#include "http/stream.h"
#include "net/thread_pool.h"
#include "registry/uuid.h"

/*
 * An answer that takes long to find, or is long: it is made by threads,
 * piece by piece.  One of a single piece is sent as a whole, a longer one as
 * a stream, whose next piece is made when the client has taken the last one;
 * so whatever is asked for, a job has a piece in memory and no more.
 *
 *	job->kind, type, user, thing, piece, refuse, free are filled;
 *	if (!job_start(call, job)) ... it has been answered; free it
 *
 * What a job costs is bounded: it ends when its client has gone, when a
 * piece has taken longer than api_options.limit, and when the service is
 * being stopped.  What makes a piece asks job_stops() several times a
 * millisecond.  It is shared: a user, and a thing, has a part of the threads
 * and of the jobs under way at most; more are 429.
 */
enum job_kind {
	JOB_PAGE,		/* a person waits for it */
	JOB_EXPORT,		/* pages don't wait for these */
	JOB_KINDS
};

/* of each kind under way, waiting or at work */
#define JOB_PAGES 512
#define JOB_EXPORTS 128

/* how much a piece has, or a little more */
#define JOB_PIECE ((size_t)128 << 10)

struct api;
struct request_ctx;

struct job {
	struct task task;
	struct job *next;
	struct api *api;
	enum job_kind kind;
	const char *type;		/* of the answer */
	char user[ID_TEXT + 1];		/* whose it is */
	char thing[ID_TEXT + 1];	/* of which; "": of the user alone */
	/* in a thread: adds to `out`; 1: there is more, 0: that was all, or
	 * -1 and `fault` */
	int (*piece)(struct job *);
	/* in the loop, after a piece that was not cut short; may be NULL */
	void (*on_piece)(struct job *);
	/* answers `request` after -1 */
	void (*refuse)(struct job *, struct http_request *);
	void (*free)(struct job *);
	/* of a piece */
	struct buf out;
	struct fault fault;
	int got;
	/* private */
	struct http_request *request;	/* NULL: it has been answered */
	struct http_stream *stream;	/* NULL: it is not one, or gone */
	int64_t sent, until;		/* monotonic */
	atomic_llong cut;		/* to be ended by then; 0: not */
	bool working, over, late;
};

/* false: there are too many, which it has answered */
bool job_start(struct request_ctx *, struct job *);
/* in its thread: the piece is to be given up, with -1 */
bool job_stops(void *job);

struct jobs;
void jobs_open(struct api *);
void jobs_close(struct api *);
/* the next piece of each whose client has taken the last one */
void jobs_turn(struct api *);
/* how long the loop may wait before the next turn: ms, or -1 */
int jobs_pause(const struct api *);
/* streams are broken off, the others have a few seconds */
void jobs_stop(struct api *);
/* those that are left are given up: for the pool to be closed */
void jobs_cut(struct api *);

#endif
