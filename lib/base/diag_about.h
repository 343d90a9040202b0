/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_DIAG_ABOUT_H
#define MFX_BASE_DIAG_ABOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * What the next message (diag.h) of this thread is about: fields beside its
 * text with --log json and journal, for programs that search logs.
 *
 *	diag_about(&(struct diag_about){ .thing = id, .peer = address });
 *	diag_warning("...");
 *
 * It lives until then; NULL, or the message itself, ends it.  What is empty, or
 * 0, is left out.  No field is ever a secret.
 */
struct diag_about {
	struct str thing, channel;	/* ids */
	struct str peer;		/* address of a client */
	struct str stream;		/* of the bus */
	uint64_t seq;			/* position on that */
	unsigned status;		/* of the answer, as its protocol has
					 * it; 4.03 of CoAP is 403 */
	uint64_t bytes;			/* of what the message is about */
};

void diag_about(const struct diag_about *);

#endif
