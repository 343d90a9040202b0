/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CQL_NODE_H
#define MFX_CQL_NODE_H

#include <poll.h>

#include "base/backoff.h"
#include "cql/frame.h"
#include "cql/message.h"
#include "net/tcp.h"

struct addrinfo;

/*
 * One node, and the connection to it: connecting, TLS, OPTIONS, STARTUP and
 * authentication (v5 4.1.1 to 4.1.3, 4.2.2 to 4.2.4), then requests in flight
 * by their stream id.  What failed is told by `failed`; the session takes the
 * calls that were in flight off the list.
 */
enum node_state {
	NODE_DOWN, NODE_CONNECTING, NODE_SECURING, NODE_OPTIONS, NODE_STARTUP,
	NODE_AUTH, NODE_READY
};

/* calls in order */
struct node_list {
	struct cql_call *first, *last;
};

enum node_place { NODE_NOWHERE, NODE_WAITING, NODE_SENT };

void node_list_add(struct node_list *, struct cql_call *, enum node_place);
/* before all others */
void node_list_add_first(struct node_list *, struct cql_call *,
    enum node_place);
void node_list_remove(struct node_list *, struct cql_call *);

/* what all nodes of a session share */
struct node_env {
	SSL_CTX *tls;		/* or NULL */
	char *user, *password;	/* or NULL */
	enum cql_consistency consistency;
	int version, window;
	bool pinned;		/* no other version */
	int64_t timeout;	/* ns */
	/* ns of a clock that stands still while nobody listens */
	int64_t now;
	struct buf head, tail;	/* of the request in hand */
};

struct cql_node {
	struct node_env *env;
	char host[256], name[272];	/* "HOST:PORT" */
	uint16_t port;
	bool contact;		/* one of options.hosts */
	bool gone;		/* the others know of it no more */
	bool remote;		/* in another data center */
	bool seen;		/* in the last list of peers */
	int version;
	enum node_state state;
	bool failed;		/* since the session has looked */
	bool was_ready;		/* before that */
	bool event;		/* the cluster has changed */
	enum cql_error error;	/* why it is down */
	struct fault fault;
	int64_t open_at;	/* when to connect again */
	/* of all before NODE_READY; then of the answer to a call that was
	 * forgotten, when there are any */
	int64_t deadline;
	int forgotten;
	struct node_list sent;
	/* private */
	struct backoff pause;
	int64_t ready_at;
	struct addrinfo *found, *next;
	struct sockaddr_storage address;
	struct tcp tcp;
	struct frames in;
	struct frames_out out;
	struct cql_call **calls;	/* by stream id */
	uint16_t *free;			/* ids */
	int free_n;
};

struct cql_node *node_new(struct node_env *, const char *host, uint16_t port);
void node_free(struct cql_node *);

/* begins to connect */
void node_open(struct cql_node *);
short node_events(const struct cql_node *);
/* after poll(2) */
void node_work(struct cql_node *, short revents);
/* the next answer, until there is none: 1, 0; *call NULL: nobody wants it */
int node_take(struct cql_node *, struct frame *, struct cql_call **call);

bool node_has_room(const struct cql_node *);
/* false when it is too large; only with room */
bool node_send(struct cql_node *, struct cql_call *);
/* the stream is not free before its answer has come */
void node_forget(struct cql_node *, struct cql_call *);
void node_flush(struct cql_node *);

/* closes the connection, and says why */
void node_fail(struct cql_node *, enum cql_error, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
