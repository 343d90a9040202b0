/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/refusals.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"

/* as a value of a label */
static void
refusals_copy(char to[REFUSAL_REASON], const char *why)
{
	size_t i;

	for (i = 0; i < REFUSAL_REASON - 1 && why[i] != '\0'; i++)
		to[i] = why[i] == '"' || why[i] == '\\' || why[i] < ' ' ||
		    why[i] > '~' ? '_' : why[i];
	to[i] = '\0';
}

static void
refusals_count(struct refusals *s, const char *why)
{
	char text[REFUSAL_REASON];
	int i;

	refusals_copy(text, why);
	for (i = 0; i < REFUSAL_REASONS - 1 && s->reasons[i].n > 0; i++)
		if (strcmp(s->reasons[i].why, text) == 0)
			break;
	if (s->reasons[i].n++ == 0)
		refusals_copy(s->reasons[i].why,
		    i == REFUSAL_REASONS - 1 ? "other" : text);
}

void
refusals_tell(struct refusals *s, const struct address *client,
    struct str place, const char *why, const struct diag_about *about)
{
	struct diag_about told = *about;
	char text[ADDRESS_TEXT] = "a unix socket";
	int64_t now = clock_ns();

	refusals_count(s, why);
	if (s->since == 0 || now - s->since >= REFUSALS_TIME) {
		if (s->unlogged > 0)
			diag_warning("%" PRIu64 " more clients were refused",
			    s->unlogged);
		s->since = now;
		s->told = 0;
		s->unlogged = 0;
	}
	if (s->told == REFUSALS_MAX) {
		s->unlogged++;
		if (!diag_shows(DIAG_INFO))
			return;
	}
	if (client != NULL)
		address_print(client, text);
	told.peer = str_z(client != NULL ? text : "");
	diag_about(&told);
	if (s->told == REFUSALS_MAX) {
		diag_info("%.*s: a client from %s is refused: %s",
		    STR_ARG(place), text, why);
		return;
	}
	s->told++;
	diag_warning("%.*s: a client from %s is refused: %s", STR_ARG(place),
	    text, why);
}
