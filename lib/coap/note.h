/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_NOTE_H
#define MFX_COAP_NOTE_H

#include "base/budget.h"
#include "bus/feed.h"
#include "coap/share.h"
#include "senml/encode.h"

/* A message as it goes to observers: once for all who want it in the same
 * form, however many queues it stands in. */
struct note {
	unsigned refs;
	struct share *charged;	/* in whose queue it was put first; or NULL */
	struct shares *shares;
	struct budget *budget;	/* it counts there; or NULL */
	int format;		/* its Content-Format, or FORMAT_NONE */
	size_t n;
	char bytes[];
};

void note_hold(struct note *);
void note_release(struct note *);

/*
 * The forms of the message at hand: as it was sent, and as a pack in each
 * format of senml/codec.h.
 *
 *	notes_begin(&notes, &delivery);
 *	note = notes_get(&notes, accept);	borrowed; hold to keep
 *	notes_end(&notes);
 */
struct notes {
	const struct delivery *delivery;
	struct note *as_sent, *packs[CODECS_NAMED];
	struct pack pack;
	struct encoder encoders[CODECS_NAMED];
	struct buf text, bytes;
};

void notes_init(struct notes *);
void notes_release(struct notes *);
void notes_begin(struct notes *, const struct delivery *);
/* accept: FORMAT_NONE (as the device sent it), or what format_codec() knows;
 * NULL when it can't be put that way */
struct note *notes_get(struct notes *, int accept);
void notes_end(struct notes *);

/* appends a pack of SenML JSON in the format of the encoder; false when it
 * can't be */
bool senml_put(struct buf *, struct str json, struct stamp now,
    struct pack *, struct encoder *);

#endif
