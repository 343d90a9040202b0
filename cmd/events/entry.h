/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_EVENTS_ENTRY_H
#define MFX_CMD_EVENTS_ENTRY_H

#include "base/arena.h"
#include "base/str.h"

#define ENTRY_WORDS 67

/*
 * An event as fields of a stream of Redis: names and values in turn, all of
 * them texts, with Mainflux's names; what is not a string is its JSON.
 * `members` are those of the event from "operation" on, with the '}' at their
 * end.  Of a service of Mainflux, its operations and fields only, and none that
 * is empty.
 *
 * How many words; 0 when Mainflux has no such event; -1 when they are more
 * than `most`, or `members` are not valid.  They borrow from the text or the
 * arena.
 */
enum entry_service { ENTRY_THINGS, ENTRY_BOOTSTRAP, ENTRY_ALL };
int entry_words(struct str members, enum entry_service, struct str *words,
    int most, struct arena *);

#endif
