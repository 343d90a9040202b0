/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/refusals.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/diag.h"

void
refusals_tell(struct refusals *s, const struct address *client,
    struct str place, const char *why)
{
	char text[ADDRESS_TEXT] = "a unix socket";
	int64_t now = clock_ns();

	if (s->since == 0 || now - s->since >= REFUSALS_TIME) {
		if (s->unlogged > 0)
			diag_warning("%" PRIu64 " more clients were refused",
			    s->unlogged);
		*s = (struct refusals){ .since = now };
	}
	if (s->told == REFUSALS_MAX) {
		s->unlogged++;
		if (!diag_shows(DIAG_INFO))
			return;
	}
	if (client != NULL)
		address_print(client, text);
	if (s->told == REFUSALS_MAX) {
		diag_info("%.*s: a client from %s is refused: %s",
		    STR_ARG(place), text, why);
		return;
	}
	s->told++;
	diag_warning("%.*s: a client from %s is refused: %s", STR_ARG(place),
	    text, why);
}
