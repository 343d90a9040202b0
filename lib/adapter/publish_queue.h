/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_ADAPTER_PUBLISH_QUEUE_H
#define MFX_ADAPTER_PUBLISH_QUEUE_H

#include "adapter/publish_thread.h"
#include "base/budget.h"
#include "base/run_top.h"
#include "line/route.h"
#include "net/loop.h"
#include "senml/pack.h"

/*
 * What things send, on its way to a stream of the bus or to stdout, and the
 * owners that wait for an answer to it.
 *
 *	publish_queue_open(&q, &options, &fault);
 *	publish_queue_take(&q, &route, payload, type, owner)	one or many
 *	publish_queue_turn(&q)		once in each turn of the loop
 *	... options.answer(owner, true, arg)	it is written
 *
 * The messages of a turn are committed together.  A directory and stdout take
 * them in that turn.  A bus with a server, and a disk that each commit is
 * synced to, are waited for by a thread: what comes meanwhile is collected and
 * goes next, and of the room for that one publisher gets half, so that others'
 * messages are in the next commit however much it sends.  A server that has not
 * answered for PUBLISH_PATIENCE is away, and so is a disk after
 * PUBLISH_PATIENCE_DISK: what waits after that commit, and what comes then, is
 * refused at once, until the commit has ended.
 *
 * Clients that wait for one answer before they send again come in turns: half
 * of them would always wait for the other half to be synced.  So after a slow
 * sync as many as there were are waited for, for a part of what it took.
 */
#define PUBLISH_PATIENCE (INT64_C(1000000000))	/* ns */
#define PUBLISH_PATIENCE_DISK (INT64_C(10000000000))

enum publish_taken {
	PUBLISH_TAKEN,		/* the owner will be answered */
	PUBLISH_TOO_LONG,	/* for a line: see message_take */
	PUBLISH_AWAY		/* it can't be kept now: there is no room, or
				 * what it goes to is away */
};

struct publish_queue_options {
	const char *stream;	/* "-": stdout */
	enum bus_sync sync;
	struct bus *bus;	/* what $MFX_BUS names */
	struct loop *loop;
	struct budget *budget;	/* its messages count for their publisher */
	/* The owner's message is written, or it can't be relied on; in the
	 * order of publish_queue_take. */
	void (*answer)(void *owner, bool written, void *arg);
	/* NULL, or how publish_queue_check has ended */
	void (*checked)(const struct fault *, void *arg);
	/* of run_top.h */
	struct str (*thing_owner)(void *arg, struct str thing);
	void *arg;
};

struct publish_owner {
	void *owner;		/* NULL: it has gone */
	uint64_t key;		/* of its publisher, in the budgets */
	size_t bytes;
	size_t line;		/* of what is collected */
};

struct publish_owners {
	struct publish_owner *v;
	size_t n, cap;
};

struct publish_queue {
	bool broken;		/* no more can be written: the program ends */
	bool failing;		/* the last commit has failed, which was said */
	uint64_t messages;	/* written */
	struct run_tops tops;	/* what was taken of whom */
	/* private */
	struct publish_queue_options options;
	struct publisher publisher;	/* its lines: what is collected */
	struct publish_thread *thread;	/* NULL: nothing has to be waited for */
	struct budget *collected;	/* the lines; NULL without a thread */
	struct loop_watch woken, reader;	/* thread; stdout's reader */
	/* of the lines; on their way; being told that theirs is not kept */
	struct publish_owners waiting, sent, refused;
	uint64_t taken, on_way;		/* messages, of these */
	bool answering;
	int64_t since;		/* the thread has its job; 0: none */
	int64_t patience;	/* ns, for that */
	uint64_t expected;	/* messages, with those of whom was answered */
	int64_t gather_until;	/* not after; 0: they are not waited for */
	bool check_due;
	struct pack pack;	/* for message_take to look with */
};

int publish_queue_open(struct publish_queue *,
    const struct publish_queue_options *, struct fault *);
/* Writes what is left, and answers for it; then nothing is taken. */
void publish_queue_finish(struct publish_queue *);
/* those that are left are not answered */
void publish_queue_close(struct publish_queue *);

/* A message; with PUBLISH_TAKEN its owner will be answered.  Others may be
 * answered within this call. */
enum publish_taken publish_queue_take(struct publish_queue *,
    const struct route *, struct str payload, struct str type, void *owner);
/* This one is answered too: true when nothing that was taken before is on its
 * way any more; false when some may be, or could not be written. */
void publish_queue_after(struct publish_queue *, void *owner);
/* the owner goes: it will not be answered */
void publish_queue_forget(struct publish_queue *, const void *owner);

void publish_queue_turn(struct publish_queue *);
/* How long the loop may wait, in ms, at most `timeout`. */
int publish_queue_timeout(const struct publish_queue *, int timeout);

/* how many messages have been taken and are not written yet */
uint64_t publish_queue_pending(const struct publish_queue *);

/* Could a message be written now?  1, -1 and a fault; 0: options.checked will
 * be called, within some seconds. */
int publish_queue_check(struct publish_queue *, struct fault *);

#endif
