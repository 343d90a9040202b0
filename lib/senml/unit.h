/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_UNIT_H
#define MFX_SENML_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "senml/pack.h"

/*
 * The units of SenML: IANA's registries "SenML Units" and "Secondary Units"
 * as of 2025-03-27, which hold the units of RFC 8428 and RFC 8798 and a few
 * later ones.
 */
struct unit {
	struct str name;
	/* a secondary unit: value in primary = value * num / den + offset;
	 * a primary one: empty */
	struct str primary;
	int64_t num, den;
	int offset;
	bool avoided;		/* registered as not recommended for writers */
};

/* names are case-sensitive; NULL for one that is not registered */
const struct unit *unit_find(struct str name);

static inline bool
unit_is_secondary(const struct unit *u)
{
	return u->primary.n > 0;
}

/*
 * For all records of a pack: writes value and sum in the primary unit, exactly
 * (number_convert), and drops the version that secondary units need (RFC 9100:
 * 26) when the unit is now a primary one.  Each record is converted by itself,
 * whatever the version of the pack.  A second conversion changes nothing.
 *
 * Records with a primary or unknown unit, or without a unit, keep their
 * numbers.  Records with a string, a boolean or data do not change, as such
 * values can't be scaled.
 *
 * When one fails the pack is refused and has no records: a sum in a unit with
 * an offset (dBm) has no meaning, and a number can leave the range of a double.
 */
const char *pack_to_primary(struct pack *);

#endif
