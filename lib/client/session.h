/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_SESSION_H
#define MFX_CLIENT_SESSION_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "client/setup.h"

/*
 * Requests to a mfx-api(1), one after the other over one connection.
 *
 *	if (session_open(&s, &setup, &fault) < 0 ||
 *	    session_use_token(s, &fault) < 0) ...
 *	session_ask(s, &(struct ask){ .method = "GET", .path = "/users" },
 *	    &fault)
 *	... session_body(s)
 *	session_close(s);
 *
 * The server is judged by its certificate, and http:// is only spoken to
 * this machine: a token in clear would be everybody's.  Nothing that the
 * server says is believed: an answer has a size that is not passed, a
 * redirection is not followed, silence is not waited for without an end,
 * and a signal ends each wait.
 *
 * Faults are those that the registry of this machine would give: 1 there is
 * no such thing; EX_DATAERR it is refused, with the words of the server;
 * and EX_NOPERM without a token that is good for this; EX_TEMPFAIL nobody
 * answers, or only that it can't be done now; EX_UNAVAILABLE that is no
 * mfx-api, or not the one that its certificate is for.  What a change has
 * come to is not known when its answer is lost: the fault says so.
 */
struct session;

struct ask {
	const char *method;		/* NULL: GET */
	const char *path;		/* encoded, with the query */
	const char *type;		/* of the body; NULL: JSON */
	struct str body;		/* p NULL: none */
	size_t limit;			/* of the answer; at least 1 MiB */
	bool change;			/* something is other afterwards */
	/* for an answer without an end: called when it begins and with what
	 * has come, of which it removes what it has used; non-zero ends it,
	 * and is what session_ask gives.  `limit` is of what it leaves. */
	int (*take)(void *arg, struct buf *come);
	void *arg;
};

int session_open(struct session **, const struct remote_setup *,
    struct fault *);
/* NULL is fine */
void session_close(struct session *);

/* the one in the token file, if that is for this server (token_file.h) */
int session_use_token(struct session *, struct fault *);
/* or this one */
void session_set_token(struct session *, struct str token);
struct str session_token(const struct session *);

/* 0: it was answered with 2xx; -1; or what `take` gave */
int session_ask(struct session *, const struct ask *, struct fault *);

/* of the last answer: its body, good until the next one */
struct str session_body(const struct session *);
/* which of many the last fault was about, from 1; 0: none of them */
size_t session_item(const struct session *);

/* of an answer with events: behind which one it begins */
bool session_seq(const struct session *, uint64_t *seq);

/* "https://host:port" or "unix:/path", as it is written in messages and
 * token files */
const char *session_url(const struct session *);
const struct remote_setup *session_setup(const struct session *);

/* appends text so that it can stand in a path or a query */
void session_encode(struct buf *, struct str text);

/* EX_UNAVAILABLE: what came is not what a mfx-api says */
int session_strange(const struct session *, const char *what,
    struct fault *);

#endif
