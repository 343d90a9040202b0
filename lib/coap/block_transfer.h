/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_BLOCK_TRANSFER_H
#define MFX_COAP_BLOCK_TRANSFER_H

#include "base/buf.h"

/*
 * Block-wise transfers (RFC 7959), of which a session may have several at once:
 * one for each resource and Request-Tag (RFC 9175).
 *
 * Memory is taken as blocks arrive.  A thing has at most TRANSFERS_PER_THING,
 * and an eighth of TRANSFER_BYTES: one more replaces its oldest.  When all of
 * TRANSFER_BYTES is in use, the thing that uses most of it loses its oldest.
 * They count in the budget of the adapter, too.
 */
#define TRANSFERS_PER_THING 8
#define TRANSFER_BYTES ((size_t)64 << 20)

struct coap_request;
struct coap_session;
struct usage;
struct coap_server;

struct block_transfer {
	struct block_transfer *next;		/* of the session */
	struct block_transfer *older, *newer;	/* of the thing */
	struct coap_session *session;
	struct usage *usage;
	struct buf b;
	size_t counted;			/* of its bytes */
	uint64_t key;			/* block_transfer_key */
	uint64_t etag;
	int64_t used;
	int format;
	bool upload;
	bool secret;			/* wiped at its end */
	uint16_t mid;			/* of a download: its request's */
};

/* identifies a body: a hash of thing, channel, path, query and Request-Tag */
uint64_t block_transfer_key(const struct coap_request *, const char *thing);

/* an empty one, of at most `max` bytes; replaces the one with this key */
struct block_transfer *block_transfer_new(struct coap_server *,
    struct coap_session *, const char *thing, uint64_t key, bool upload,
    size_t max);
/* NULL: none */
struct block_transfer *block_transfer_find(const struct coap_session *,
    uint64_t key, bool upload);
/* false when there is no room for it; too many bytes make b.full */
bool block_transfer_put(struct block_transfer *, struct str bytes);
/* also NULL */
void block_transfer_free(struct block_transfer *);

void block_transfers_end(struct coap_session *);
/* frees those of which no block has arrived since then */
void block_transfers_sweep(struct coap_session *, int64_t since);

#endif
