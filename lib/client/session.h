/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_SESSION_H
#define MFX_CLIENT_SESSION_H

#include "base/arena.h"
#include "base/buf.h"
#include "client/curl.h"
#include "client/setup.h"
#include "json/object.h"

/*
 * Requests to a mfx-api(1), one after the other over one connection.
 *
 *	if (session_open(&s, &setup, &fault) < 0) ...
 *	if (session_ask(s, &(struct ask){ .path = "/users" }, &fault) < 0 ||
 *	    session_read(s, buf_str(&s->body), fields, n, &fault) < 0) ...
 *	session_close(s);
 *
 * The server is judged by its certificate, and http:// is only used on this
 * machine, as it would show the token to everybody, unless nothing that is
 * secret is sent (remote_setup).  Nothing that the server
 * says is trusted: the size of an answer is limited, a redirection is not
 * followed, and neither silence nor a signal keeps a command waiting.
 *
 * Faults are those that the registry of this machine would give: 1 there is
 * no such item; EX_DATAERR it is refused, in the server's words; EX_NOPERM
 * there is no token that allows this; EX_TEMPFAIL nobody answers, or the
 * server can't do it now; EX_UNAVAILABLE that is not a mfx-api, or not the
 * one that its certificate is for.  When the answer to a change is lost, the
 * fault says that the change may have been made.
 */
struct session {
	/* "https://host:port" or "unix:/path", as it is written in messages
	 * and token files */
	char *url;
	struct buf token;
	/* of the last answer */
	struct buf body;		/* valid until the next request */
	size_t item;			/* which of many the fault is about,
					 * from 1; 0: none of them */
	int64_t seq;			/* the events in it come after this
					 * one; -1: not said */
	/* private */
	const struct remote_setup *setup;
	const char *socket;		/* of a unix: URL */
	bool plain;			/* http:// */
	struct curl_functions curl;
	CURL *easy;
	CURLM *multi;
	const struct ask *ask;		/* in progress */
	struct curl_slist *headers;
	size_t header_bytes;
	long status;
	struct arena scratch;
	char error[CURL_ERROR_SIZE];
};

struct ask {
	const char *method;		/* NULL: GET */
	const char *path;		/* encoded, with the query */
	const char *type;		/* of the body; NULL: JSON */
	struct str body;		/* p NULL: none */
	size_t limit;			/* of the answer; at least 1 MiB */
	bool change;			/* it changes something */
	bool anonymous;			/* it needs no token */
	struct str key;			/* of a device; p NULL: none */
	/* For an answer without an end: called when it begins and whenever
	 * more has come, of which it removes what it has used; non-zero ends
	 * it, and is what session_ask returns.  `limit` is of what it
	 * leaves. */
	int (*take)(void *arg, struct buf *come);
	void *arg;
};

int session_open(struct session **, const struct remote_setup *,
    struct fault *);
/* NULL is fine */
void session_close(struct session *);

/* Reads the token from its file (token_file.h), unless that has been done;
 * session_ask does this by itself. */
int session_use_token(struct session *, struct fault *);

/* 0: it was answered with 2xx; -1; or what `take` returned */
int session_ask(struct session *, const struct ask *, struct fault *);
/* the same, with a JSON object of these fields as the body: any may be secret,
 * and without a value a OBJECT_RAW or OBJECT_NUMBER is omitted */
int session_send(struct session *, struct ask *, const struct object_field *,
    size_t n, struct fault *);

/* Reads a JSON object, the body or a part of it; the values are valid until
 * the next call or request. */
int session_read(struct session *, struct str json, struct object_field *,
    size_t n, struct fault *);

/* appends text, encoded for a path or a query */
void session_encode(struct buf *, struct str text);
/* appends "&name=" and the value, encoded; nothing where value.p is NULL */
void session_put_parameter(struct buf *, const char *name, struct str value);

/* EX_UNAVAILABLE: the server has answered something else than `expected` */
int session_unexpected(const struct session *, const char *expected,
    struct fault *);

#endif
