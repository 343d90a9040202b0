/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_NATS_DRIVER_H
#define MFX_BUS_NATS_DRIVER_H

#include <nats/nats.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "bus/driver.h"
#include "bus/module.h"
#include "bus/nats/subject.h"
#include "bus/nats/url.h"
#include "json/object.h"

/*
 * The driver for a bus in JetStream, mfx-bus(5): hub.c has the connection,
 * inbound.c what comes over it, request.c requests and their answers, and the
 * other files what the driver does with these.
 *
 * The library runs threads of its own.  They block all signals, and touch only
 * inboxes, the counts below and what answers for a lease.
 */
struct nats_lease;
/* what has state comes from the program */
extern const struct bus_host *nats_host;

struct nats_bus {
	struct bus head;
	struct nats_url url;
	natsConnection *nc;	/* NULL until it is needed */
	struct inbound *answers;	/* to requests */
	uint64_t asked;
	struct retired *retired;	/* subscriptions that have ended */
	struct arena arena;
	/* of the library's threads; the last of its users frees the bus: who
	 * opened it, its inboxes, and each connection until it has said that
	 * it is closed */
	atomic_uint users;
	pthread_mutex_t lock;
	struct inbound *inboxes;	/* all: a new connection wakes them */
	atomic_uint connected;	/* how often */
	atomic_bool abandoned;	/* no call waits any more */
	/* of leases: those of this process, and for which `connected` they
	 * were checked last */
	struct nats_lease *leases;
	unsigned leases_seen;
	/* an answer did not come: since when (ms), and as it is now */
	int64_t silent;
};

void nats_bus_release(struct nats_bus *);

/* ---- hub.c ---- */

/* connects when there is no connection; 0, -1 and EX_TEMPFAIL at once while
 * the servers are away, EX_NOPERM, EX_CONFIG */
int hub_open(struct nats_bus *, struct fault *);
void hub_close(struct nats_bus *);
bool hub_is_up(struct nats_bus *);
/* every wait looks again whether it is up */
void hub_wake(struct nats_bus *);
int hub_away(struct nats_bus *, struct fault *);

/*
 * For what ends a filter when it fails, as the move of a group does: may it be
 * tried again after this fault, as the servers may be back before `until`?
 * Pauses a little; false when a signal came.
 *
 *	until = clock_ms() + b->url.timeout;
 *	while ((r = try(…)) < 0 && hub_again(b, fault, until))
 *		continue;
 */
bool hub_again(struct nats_bus *, const struct fault *why, int64_t until);

/* ends a subscription, if not NULL, whose handler may still be running */
void hub_unsubscribe(struct nats_bus *, natsSubscription *);

/* Around what may start a thread of the library or write to its connection:
 * signals stay with the program. */
void hub_hush(sigset_t *old);
void hub_unhush(const sigset_t *old);

/* ---- login.c ---- */

/* says who we are; NATS_INVALID_ARG and a fault when a file can't be what it
 * should be */
natsStatus login_set(const struct nats_url *, natsOptions *, struct fault *);

/* ---- inbound.c ---- */

struct inbound {
	struct nats_bus *bus;
	char subject[64];	/* without what follows: ".N", or more levels */
	natsSubscription *sub;
	int fds[2];		/* [0] is readable when something came */
	/* of the bus's lock */
	struct inbound *next;
	natsMsg **list;
	size_t n, cap;
	/* taken from there */
	natsMsg **taken;
	size_t at, taken_n, taken_cap;
};

/* With idle_ms it is woken when nothing has come for that long.  While there is
 * no connection it waits for inbound_renew. */
struct inbound *inbound_open(struct nats_bus *, int64_t idle_ms,
    struct fault *);
void inbound_close(struct inbound *);
/* subscribes again, when its connection was closed for good */
int inbound_renew(struct inbound *, int64_t idle_ms, struct fault *);
/* also receives what is published to this subject */
natsSubscription *inbound_add(struct inbound *, const char *subject,
    struct fault *);
/* the next message, which the caller destroys; NULL when there is none */
natsMsg *inbound_next(struct inbound *);
/* forgets what has come */
void inbound_clear(struct inbound *);
/* until something comes, or a time of clock_ms: 1, 0 */
int inbound_wait(struct inbound *, int64_t until);
void inbound_empty_pipe(struct inbound *);

/* ---- request.c ---- */

struct answer {
	natsMsg *msg;
	struct str data;
	bool nobody;		/* nobody listens to that subject */
	/* of JetStream: 0, or what the error is */
	unsigned error;
	char why[128];
};

/* JetStream's errors */
enum {
	ERROR_STREAM_IN_USE = 10058, ERROR_NO_STREAM = 10059,
	ERROR_NO_MESSAGE = 10037, ERROR_NO_CONSUMER = 10014,
	ERROR_WRONG_LAST = 10071, ERROR_DUPLICATE = 10201,
	ERROR_NOT_FAST = 10205, ERROR_NO_BATCH = 10208
};

/* 0 and an answer, maybe an error of JetStream; -1 when none came */
int request(struct nats_bus *, const char *subject, struct str body, int64_t ms,
    struct answer *, struct fault *);
/* $JS.API.<verb>.<stream>[.<more>]; that there is no JetStream is a fault */
int request_api(struct nats_bus *, const char *verb, const char *stream,
    const char *body, struct answer *, struct fault *);
void request_release(struct answer *);
/* a fault with what JetStream says */
int request_fault(struct nats_bus *, const struct answer *, const char *what,
    struct fault *);
/* of a publish: 0, or -1 and a fault */
int request_status(struct nats_bus *, natsStatus, struct fault *);
/* a fault, and it is remembered: no answer came in time */
int request_silent(struct nats_bus *, struct fault *);
/* reads `error` out of the answer */
void request_judge(struct nats_bus *, struct answer *);
/* A member of an object: "" when there is none.  A text is valid until the
 * next one, others as long as the object's. */
struct str json_member(struct nats_bus *, struct str object, const char *name,
    enum object_type);
uint64_t json_count(struct nats_bus *, struct str object, const char *name);

/* The same in two steps, for a message of the caller: its reply, and what is
 * published with it, which the caller destroys. */
#define ASK_REPLY 96
/* how long an answer is waited for, ms */
int64_t request_patience(const struct nats_bus *);
void request_reply(struct nats_bus *, char to[ASK_REPLY], uint64_t *number);
/* is it the answer to the request of that number? */
bool request_is_answer(struct nats_bus *, natsMsg *, uint64_t number);
int request_message(struct nats_bus *, natsMsg *, uint64_t number, int64_t ms,
    struct answer *, struct fault *);
/* without an answer */
int request_publish(struct nats_bus *, natsMsg *, struct fault *);

/* ---- stream.c ---- */

#define JS_NAME_MAX 256

struct nats_state {
	uint64_t messages, bytes, first, last, replicas;
	bool slots;		/* all subjects have them (subject.h) */
};

/* the name in JetStream */
void stream_js_name(char to[JS_NAME_MAX], const struct nats_bus *,
    const char *stream);
/* "<prefix>.<stream>" */
void stream_subject(struct buf *, const struct nats_bus *, const char *stream);
/* the subject of what a source has done */
void stream_source_subject(struct buf *, const struct nats_bus *,
    const char *stream, const char *from, const char *group);
/* 1; 0 when there is no such stream, -1; `state` may be NULL */
int stream_state(struct nats_bus *, const char *js_name,
    struct nats_state *state, struct fault *);
/* unless it is there; *last, unless NULL, becomes the last sequence */
int stream_make(struct nats_bus *, const char *stream, uint64_t *last,
    struct fault *);

struct nats_message {
	uint64_t sequence;
	char text[256];
};

/* The message that a request to STREAM.MSG.GET names, or with NULL only whether
 * there is one: 1, 0, -1; the rest is as below. */
int stream_message(struct nats_bus *, const char *js_name, const char *body,
    struct nats_message *, struct fault *);

/* The last message on a subject: 1, 0, -1; one that is longer than `text`
 * counts as "". */
int stream_last(struct nats_bus *, const char *js_name, const char *subject,
    struct nats_message *, struct fault *);
/* puts one after the one with the sequence `after`: 1; 0 when that is not the
 * last one; -1.  *sequence becomes the new one's. */
int stream_replace(struct nats_bus *, const char *subject, uint64_t after,
    const char *text, uint64_t *sequence, struct fault *);

int nats_exists(struct bus *, const char *stream, struct fault *);
int nats_streams(struct bus *, bus_stream_fn *, void *arg, struct fault *);

/* ---- shard.c ---- */

/* the subjects that a part consists of, as the elements of an array */
void shard_filter(struct buf *, const struct nats_bus *, const char *stream,
    const struct bus_shard *);
/* are there messages of the part after that sequence?  1, 0, -1 */
int shard_follows(struct nats_bus *, const char *js_name, const char *stream,
    const struct bus_shard *, uint64_t after, struct fault *);

/* ---- writer.c, reader.c, group.c, source.c, admin.c ---- */

/* what the appends of a source carry */
#define NATS_MARK_TEXT 128

struct nats_mark {
	const char *subject;
	uint64_t after;		/* the sequence of the last one */
	char text[NATS_MARK_TEXT];
};

/* fault.status when another than `after` is the last one */
#define NATS_MARKED 2	/* no exit status */

struct nats_seen {
	uint64_t sequence, size;	/* as the server counts its bytes */
	int64_t ns;			/* when the server got it */
	natsMsg *msg;
	const char *subject;
	struct str lines;
};

/* of a message: 0 goes on, 1 ends, -1 */
typedef int nats_message_fn(void *arg, const struct nats_seen *,
    struct fault *);
/* calls it for each message after a position that there is now */
int reader_each(struct bus *, const char *stream, uint64_t from,
    nats_message_fn *, void *arg, struct fault *);
/* a new consumer for what follows a position: how many messages there are */
int reader_pending(struct bus *, const char *stream, uint64_t from,
    uint64_t *pending, struct fault *);

/* <prefix>-groups.<stream>.<group>.at */
#define GROUP_SUBJECT 768

/* how the holder of a lease answers; FAILED: we have lost our connection */
enum holder {
	HOLDER_FAILED = -1, HOLDER_HERE, HOLDER_GONE, HOLDER_SILENT,
	HOLDER_ASKED
};

/* what was seen of the holder of a role */
struct nats_look {
	bool fresh;		/* for the next claim */
	enum holder state;
	char id[33];
	uint64_t sequence;	/* of its entry */
	uint64_t number;	/* of the question; 0: there was none */
};

struct nats_group {
	struct bus_group head;
	char subject[GROUP_SUBJECT];
	/* as it was known last */
	uint64_t revision;
	struct group_entry {
		uint64_t seq, epoch, sought, open;
		uint32_t part;
	} entry;
	bool known, moved;
	bool abroad;		/* of a stream of another bus */
	/* the sequence of the lease whose holder did not answer, 0: none, and
	 * since when (ms) */
	uint64_t silent;
	int64_t silent_at;
	bool silent_long;	/* it did not answer again, later */
	struct nats_look look;
	struct nats_lease *lease;
};

/* 1, 0, -1, as bus_group_get; the entry is read again */
int group_load(struct nats_group *, struct fault *);
/* moves it, and keeps the part of what comes after it */
int group_move(struct nats_group *, const struct progress *, struct fault *);

/* are the leases of this process still its own? */
int lease_check(struct nats_bus *, struct fault *);

/* For an append: drops the lines that are there already; says what is written
 * before a batch; after -1, whether it is there (0) all the same; and that it
 * is, with n messages up to that sequence (0: not known). */
int source_begin(struct bus_source *, struct str *lines, struct fault *);
void source_mark(struct bus_source *, struct nats_mark *, struct str batch,
    bool last);
int source_look(struct bus_source *, const struct nats_mark *,
    struct fault *);
void source_marked(struct bus_source *, uint64_t sequence, unsigned n);

extern const struct bus_writer_ops nats_writer_ops;
extern const struct bus_reader_ops nats_reader_ops;
extern const struct bus_group_ops nats_group_ops;
extern const struct bus_source_ops nats_source_ops;

int nats_find(struct bus *, const char *, const struct bus_where *,
    uint64_t *seq, struct fault *);
int nats_stat(struct bus *, const char *, struct bus_stat *, struct fault *);
int nats_lag(struct bus *, const char *, uint64_t seq, uint64_t *lag,
    struct fault *);
int nats_prune(struct bus *, const char *, struct bus_prune *, struct fault *);
int nats_verify(struct bus *, const char *, struct bus_health *,
    bus_tell_fn *, void *arg, struct fault *);

#endif
