/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_MESSAGES_H
#define MFX_API_MESSAGES_H

#include "http/request.h"
#include "line/route.h"
#include "senml/encode.h"
#include "store/ask.h"

/*
 * What a request wants to read of a channel, and how it is written.
 *
 * The parameters are those of store/ask.h, and the name of a store.
 * Parameters of other names are passed over.
 */
enum messages_format {
	MESSAGES_PAGE,		/* Mainflux' object, a page of it */
	MESSAGES_LINES,		/* mfx-line(5) */
	MESSAGES_CSV,		/* the columns of mfx-fmt(1), with a head */
	MESSAGES_SENML,		/* one pack, without labels */
	MESSAGES_FORMATS
};

/* rows of a page at most, whatever its limit says */
#define MESSAGES_PAGE_MAX 10000

struct messages_query {
	struct ask ask;
	enum messages_format format;
	struct str store;		/* its name; p NULL: the first */
	/* private */
	const char *why;
	struct buf name, value;
};

/*
 * Reads the query and Accept of a request; `channel` is the one that is
 * asked for, whatever they say.  NULL, or why it is refused.  To be
 * released either way.
 */
const char *messages_query(struct messages_query *, const struct http_request *,
    struct str channel);
void messages_query_release(struct messages_query *);

/* the preferred one of our forms; a page when we have none that fits */
enum messages_format messages_accept(struct str accept);
const char *messages_type(enum messages_format);

/*
 * Writes an answer: begin, each record, end.  `put` gives NULL, or why the
 * form can't hold the record.
 */
struct messages_writer {
	enum messages_format format;
	/* private */
	bool any;			/* a record has been written */
	uint8_t version;		/* of a pack */
	struct encoder encoder;
	struct buf scratch;
};

void messages_writer_init(struct messages_writer *,
    const struct messages_query *);
void messages_writer_release(struct messages_writer *);
void messages_begin(struct messages_writer *, struct buf *, uint64_t total,
    const struct query *);
const char *messages_put(struct messages_writer *, struct buf *,
    const struct route *, const struct record *);
void messages_end(struct messages_writer *, struct buf *);

#endif
