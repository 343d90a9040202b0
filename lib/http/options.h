/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_OPTIONS_H
#define MFX_HTTP_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

struct http_cors;
struct http_request;
struct proxies;
struct tls;

/* What a server is told when it is opened; server.h says what the limits
 * mean. */
struct http_options {
	size_t max_body, max_bodies;
	int64_t timeout;		/* nanoseconds */
	unsigned max_connections;
	unsigned max_per_address;	/* 0: no limit */
	const struct proxies *proxies;	/* those that are trusted, or NULL */
	const struct proxies *senders;	/* those that send a header of the
					 * PROXY protocol first, or NULL */
	struct tls *tls;		/* NULL: plain; stays the caller's */
	/* the origins whose pages may use it (cors.h); NULL: only its own */
	const struct http_cors *cors;
	/* all of a request is there: answer it now or later */
	void (*handle)(struct http_request *, void *arg);
	/* may be NULL: the fields of one whose body is large, unknown or
	 * held back (Expect: 100-continue) are there; answer to refuse it */
	void (*on_headers)(struct http_request *, void *arg);
	/* may be NULL: an answer that is whole has its status, and may be given
	 * more fields */
	void (*on_answer)(struct http_request *, void *arg);
	/* may be NULL: the answer has been sent, or the client has gone */
	void (*on_complete)(const struct http_request *, void *arg);
	void *arg;
};

#endif
