/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_MONGO_DOCUMENT_H
#define MFX_STORE_MONGO_DOCUMENT_H

#include "store/batch.h"
#include "store/mongo/library.h"

/*
 * A reading as a document.  Fields have the names that Mainflux gave them,
 * and like there, those that are empty are left out:
 *
 *	channel subtopic publisher protocol name unit
 *	value stringValue boolValue dataValue valueSum time updateTime
 *
 * Numbers are doubles, times are seconds.  We add:
 *
 *	_id		24 bytes, from reading.id: they sort as the readings
 *			of one source are ordered on their stream
 *	timeNs		the time in nanoseconds, exactly
 *	exactValue, exactSum, exactUpdate
 *			the number as text, where a double loses something
 *	contentType	of dataValue, which is base64url
 *	version		of SenML, if it is not 10
 */
enum document_field {
	DOC_ID, DOC_CHANNEL, DOC_PUBLISHER, DOC_PROTOCOL, DOC_SUBTOPIC,
	DOC_NAME, DOC_UNIT, DOC_VALUE, DOC_EXACT_VALUE, DOC_STRING, DOC_BOOL,
	DOC_DATA, DOC_CT, DOC_SUM, DOC_EXACT_SUM, DOC_TIME, DOC_NS,
	DOC_UPDATE, DOC_EXACT_UPDATE, DOC_VERSION, DOC_FIELDS
};
extern const char *const document_names[DOC_FIELDS];

#define DOCUMENT_ID 24
void document_id(uint8_t to[DOCUMENT_ID], const struct reading_id *);

/* Replaces the document; `scratch` is for data.  NULL, or why it can't be
 * one. */
const char *document_put(bson_t *, const struct reading *,
    struct buf *scratch);

/*
 * The reading that a document is.  Texts borrow from the document, numbers
 * and data from `texts`, which is replaced.  NULL, or what is wrong with it.
 */
const char *document_get(const bson_t *, struct buf *texts, struct route *,
    struct record *);

#endif
