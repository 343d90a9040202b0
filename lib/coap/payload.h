/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_PAYLOAD_H
#define MFX_COAP_PAYLOAD_H

#include "base/budget.h"
#include "bus/feed.h"
#include "coap/usage.h"
#include "senml/encode.h"

/* The payload of notifications in one format: shared by all observers that
 * want it, in however many queues it is. */
struct payload {
	unsigned refs;
	struct usage *charged;	/* whose queue had it first, or NULL */
	struct usages *usages;
	struct budget *budget;	/* it counts there; or NULL */
	int format;		/* its Content-Format, or FORMAT_NONE */
	size_t n;
	char bytes[];
};

void payload_hold(struct payload *);
void payload_release(struct payload *);

/*
 * The encodings of one delivery: as it was sent, and as a pack in each format
 * of senml/codec.h.
 *
 *	encodings_begin(&encodings, &delivery);
 *	payload = encodings_get(&encodings, accept);	borrowed; hold to keep
 *	encodings_end(&encodings);
 */
struct encodings {
	const struct delivery *delivery;
	struct payload *as_sent, *packs[CODECS_NAMED];
	struct pack pack;
	struct encoder encoders[CODECS_NAMED];
	struct buf text, bytes;
};

void encodings_init(struct encodings *);
void encodings_release(struct encodings *);
void encodings_begin(struct encodings *, const struct delivery *);
/* accept: FORMAT_NONE (as the device sent it), or a number that format_codec()
 * knows; NULL when the message can't be encoded so */
struct payload *encodings_get(struct encodings *, int accept);
void encodings_end(struct encodings *);

/* Appends a pack of SenML JSON, encoded by `encoder`; false if it can't be. */
bool payload_encode(struct buf *, struct str json, struct stamp now,
    struct pack *, struct encoder *);

#endif
