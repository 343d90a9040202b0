/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_ADAPTER_ADAPTER_H
#define MFX_ADAPTER_ADAPTER_H

#include "adapter/admin.h"
#include "adapter/refusals.h"
#include "base/program.h"
#include "base/ready.h"
#include "bus/feed.h"

/*
 * The life of an adapter: a program that takes messages of things over one
 * protocol and may deliver some to them, as filter.h is that of a filter.
 *
 *	static struct adapter adapter = ADAPTER(&protocol);
 *	static const struct opt options[] = {
 *		ADAPTER_OUTPUT_OPTIONS(adapter),
 *		...
 *		ADAPTER_OPTIONS(adapter),
 *		OPT_END
 *	};
 *	int main(…) { return adapter_main(&adapter, &program, argc, argv); }
 *
 * (or program_start() and adapter_run(), with what the command checks itself
 * in between).
 *
 * It opens the loop, the bus and the registry, what is published to and what
 * is delivered from, the protocol, and the administrator's server; says where
 * it serves; and turns the loop:
 *
 *	1. what is ready, after the registry has been looked at: a change
 *	   counts for all that is handled then;
 *	2. protocol.turn();
 *	3. what was taken is written, and answered; protocol.settled();
 *	4. what has come from the input is delivered;
 *	5. SIGHUP reloads, and the watchdog is told.
 *
 * What waits, for slow readers or for the bus, is held within one budget
 * (budget.h), in which each thing has a part.
 *
 * SIGTERM has it `stop`: nothing new is accepted, and what has begun is
 * finished within `grace`.  The adapter speaks for the program (diag.h).
 */
struct adapter;

/* What a protocol is; all may be NULL but the names, open() and close(). */
struct adapter_protocol {
	const char *name;		/* as /version says it: "http" */
	const char *prefix;		/* of its metrics: "http_adapter" */
	/* opens its sockets; the loop, bus, registry and queue are there */
	int (*open)(struct adapter *, struct fault *);
	/* after the last turn; also when open() has failed or was not called */
	void (*close)(void);
	/* the i-th socket that it serves, from 0; -1 after the last */
	int (*socket)(int i);
	/* true: the next turn must not wait.  `changed`: the registry has */
	bool (*turn)(bool changed);
	/* ms that a turn may wait; NULL: ADAPTER_TURN */
	int (*timeout)(void);
	/* a message of the input.  NULL: it delivers nothing */
	void (*deliver)(const struct delivery *);
	/* publish_queue_options.answer */
	void (*answer)(void *owner, bool written);
	/* what can be written and answered in this turn is */
	void (*settled)(void);
	/* is it connected, and so ready?  NULL: once its sockets are open */
	bool (*ready)(void);
	/* for /health, beside the registry and the bus: -1 and a fault */
	int (*check)(struct fault *);
	void (*stop)(void);
	bool (*idle)(void);		/* nothing is left to finish */
	bool (*ended)(void);		/* nothing more is to be done */
	/* when all is done: the exit status */
	int (*finish)(void);
	/* reads its files again, if the adapter `reloads` */
	int (*reload)(struct fault *);
	/* metrics of its own */
	void (*metrics)(struct metrics *, const struct service *);
	int64_t grace;			/* ns; ADAPTER_ITS_OWN: until idle() */
	bool streams;			/* messages come without requests */
	bool keyless;			/* it does not ask the registry */
};

#define ADAPTER_TURN 1000
#define ADAPTER_ITS_OWN (INT64_MAX / 2)

struct adapter {
	const struct adapter_protocol *protocol;
	/* options */
	const char *output;		/* NULL: it takes no messages */
	const char *input, *replay, *admin_address;
	enum bus_sync sync;
	int64_t ready_fd, max_queued;
	/* opened before the protocol */
	struct loop *loop;
	struct bus *bus;
	struct access *registry;
	struct budget budget;		/* of all queues */
	struct publish_queue queue;
	/* set by protocol.open(): fd 0 is one of its sockets, or both are the
	 * one connection that is served */
	bool stdin_served, single;
	bool reloads;			/* it has files to reload */
	struct feed feed;		/* fd -1: no input */
	struct service service;
	struct refusals refusals;
	/* private */
	struct http *admin;
	struct loop_watch feed_ready;
	struct loop_hook wake;
	bool told;			/* that it is ready */
	bool changed;			/* the registry, since the last turn */
	bool registry_down;		/* which has been said */
	int64_t counted;		/* when run.h's file was written */
};

#define ADAPTER_QUEUED (64 << 20)

#define ADAPTER(p) {							\
	.protocol = (p), .output = "-", .sync = BUS_SYNC_INTERVAL,	\
	.ready_fd = -1, .max_queued = ADAPTER_QUEUED,			\
	.feed = { .fd = -1 }						\
}

/* one that only takes messages, and one that delivers some too */
#define ADAPTER_OUTPUT_OPTIONS(a)					\
	{ 'o', "output", "STREAM", "write to this stream of the bus; '-' is " \
	    "stdout (default: -)",					\
	    OPT_STRING(&(a).output) },					\
	{ 0, "sync", BUS_SYNC_WORDS, "when the bus is synced to disk",	\
	    OPT_ENUM(&(a).sync) }
#define ADAPTER_INPUT_OPTIONS(a)					\
	{ 'i', "input", "STREAM", "deliver from this stream instead of stdin", \
	    OPT_STRING(&(a).input) },					\
	ADAPTER_OUTPUT_OPTIONS(a),					\
	{ 0, "replay", "STREAM", "stream that ?from= replays (default: that " \
	    "of -i or -o)",						\
	    OPT_STRING(&(a).replay) }
/* after those of the protocol; ADAPTER_COMMON_OPTIONS for one that has a
 * --ready-fd of its own */
#define ADAPTER_COMMON_OPTIONS(a)					\
	{ 0, "max-queued", "SIZE", "hold at most this much in all queues "  \
	    "together (default: 64M)",					\
	    OPT_SIZE(&(a).max_queued, 4 << 20, 1 << 30) },		\
	{ 0, "admin", "ADDR:PORT", "serve /health, /metrics and /version on " \
	    "this address",						\
	    OPT_STRING(&(a).admin_address) }
#define ADAPTER_OPTIONS(a)						\
	ADAPTER_COMMON_OPTIONS(a),					\
	READY_FD(&(a).ready_fd, "when serving")

int adapter_main(struct adapter *, const struct program *, int argc,
    char **argv);

/* the same after program_start() */
int adapter_run(struct adapter *);

/* the stream that ?from= replays; NULL: none */
const char *adapter_history(const struct adapter *);

/*
 * What the registry has answered: nothing, which is said once; something,
 * again; a refusal, whose place (a path, a channel) and reason are for the log
 * only, and what else is known of it.  `client` NULL: over a unix socket.
 */
void adapter_registry_down(struct adapter *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void adapter_registry_up(struct adapter *);
void adapter_refused(struct adapter *, const struct address *client,
    struct str place, const char *why, const struct diag_about *about);

#endif
