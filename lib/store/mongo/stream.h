/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_MONGO_STREAM_H
#define MFX_STORE_MONGO_STREAM_H

#include "store/mongo/library.h"
#include "store/watch.h"

/*
 * The connection under libmongoc, which itself would wait without an end:
 * here whatever waits asks the watch, and fails when the work is to be given
 * up.
 *
 *	stream_use(client, &guard);
 *
 * What libmongoc makes of an error says little of its cause, so that is in
 * the guard as well.  It stays as long as the client.
 */
struct stream_guard {
	const struct store_watch *watch;
	int timeout;		/* ms, for each wait */
	const char *cacert;	/* or NULL: what the URI says */
	/* set here: why a connection failed last, or ""; of that, whether the
	 * server was silent for too long, can't be trusted, or broke off what
	 * had begun */
	char why[256];
	bool silent, untrusted, broken;
	/* of the last connection: is it one with TLS, and has anything come? */
	bool tls, answered;
};

/* "" or, where nothing has come, what may be wrong with the URL */
const char *stream_hint(const struct stream_guard *);

void stream_use(mongoc_client_t *, struct stream_guard *);

#endif
