/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_UNIT_H
#define MFX_SENML_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "senml/pack.h"

/*
 * The units of SenML: the registry "SenML Units" and "Secondary Units" of
 * IANA as of 2025-03-27, which is what RFC 8428 and RFC 8798 have put
 * there and a few that came later.
 */
struct unit {
	struct str name;
	/* a secondary unit: value in primary = value * num / den + offset;
	 * a primary one: empty */
	struct str primary;
	int64_t num, den;
	int offset;
	bool avoided;		/* registered as not recommended to write */
};

/* names are case-sensitive; NULL for one that is not registered */
const struct unit *unit_find(struct str name);

static inline bool
unit_is_secondary(const struct unit *u)
{
	return u->primary.n > 0;
}

/*
 * Writes value and sum in the primary unit, exactly (number_convert), and
 * drops the version that secondary units need (RFC 9100: 26) when the
 * unit is now a primary one.  It works on each record alone, since a
 * resolved record needs no other; what version the pack had does not
 * matter.  Doing it again changes nothing.
 *
 * Records with a primary unit, none, or one not known keep their numbers;
 * those with a string, a boolean or data stay as they are whatever their
 * unit is, as nobody can say how that would be scaled.
 *
 * NULL, or why not: a sum in a unit with an offset (dBm) has no meaning,
 * and a number can leave the range of a double.
 */
const char *record_to_primary(struct record *, struct arena *);

/* all records of a pack; when one can't be, the pack is refused: it has no
 * records any more */
const char *pack_to_primary(struct pack *);

#endif
