/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_NOTE_H
#define MFX_COAP_NOTE_H

#include "bus/feed.h"
#include "coap/share.h"
#include "senml/encode.h"

/* A message as it goes to observers: once for all who want it in the same
 * form, however many queues it stands in. */
struct note {
	unsigned refs;
	struct share *charged;	/* in whose queue it was put first; or NULL */
	struct shares *shares;
	int format;		/* its Content-Format, or FORMAT_NONE */
	size_t n;
	char bytes[];
};

void note_hold(struct note *);
void note_release(struct note *);

/*
 * The forms of the message at hand:
 *
 *	notes_begin(&notes, &delivery);
 *	note = notes_get(&notes, accept);	borrowed; hold to keep
 *	notes_end(&notes);
 */
enum { NOTE_AS_SENT, NOTE_JSON, NOTE_CBOR, NOTE_FORMS };

struct notes {
	const struct delivery *delivery;
	struct note *forms[NOTE_FORMS];
	struct pack pack;
	struct encoder cbor;
	struct buf text, bytes;
};

void notes_init(struct notes *);
void notes_release(struct notes *);
void notes_begin(struct notes *, const struct delivery *);
/* accept: FORMAT_NONE (as the device sent it), FORMAT_SENML_JSON or
 * FORMAT_SENML_CBOR; NULL when it can't be put that way */
struct note *notes_get(struct notes *, int accept);
void notes_end(struct notes *);

/* a pack of SenML JSON as one of CBOR, appended; false when it can't be */
bool senml_cbor_put(struct buf *, struct str json, struct stamp now,
    struct pack *, struct encoder *);

#endif
