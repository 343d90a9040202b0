/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_TRANSFER_H
#define MFX_COAP_TRANSFER_H

#include "base/buf.h"

/*
 * Bodies that come or go in blocks (RFC 7959), several at once in one
 * session: one for each resource and Request-Tag (RFC 9175).
 *
 * Memory is taken as blocks come.  A thing has at most TRANSFERS_OF_ONE, and
 * an eighth of TRANSFER_BYTES: one more takes the place of the oldest of its
 * own.  When all of TRANSFER_BYTES is in use, the thing that has most of it
 * gives up its oldest.  They count in the budget of all that waits, too.
 */
#define TRANSFERS_OF_ONE 8
#define TRANSFER_BYTES ((size_t)64 << 20)

struct coap_request;
struct coap_session;
struct share;
struct coap_server;

struct transfer {
	struct transfer *next;		/* of the session */
	struct transfer *older, *newer;	/* of the thing */
	struct coap_session *session;
	struct share *share;
	struct buf b;
	size_t counted;			/* of its bytes */
	uint64_t about;			/* transfer_about */
	uint64_t etag;
	int64_t used;
	int format;
	bool upload;
};

/* which body a request is about: who, channel, path, query, Request-Tag */
uint64_t transfer_about(const struct coap_request *, const char *thing);

/* one that is empty, of at most `max` bytes, in place of that about the
 * same */
struct transfer *transfer_new(struct coap_server *, struct coap_session *,
    const char *thing, uint64_t about, bool upload, size_t max);
/* NULL: none */
struct transfer *transfer_find(const struct coap_session *, uint64_t about,
    bool upload);
/* false when there is no room for it; too many bytes make b.full */
bool transfer_put(struct transfer *, struct str bytes);
/* also NULL */
void transfer_free(struct transfer *);

void transfers_end(struct coap_session *);
/* those of which no block came since then */
void transfers_sweep(struct coap_session *, int64_t since);

#endif
