/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/damage.h"

#include <stdarg.h>
#include <stdio.h>

/* a part that is damaged all over need not fill the screen */
#define TOLD_MAX 10

void
bus_damage(struct bus_check *c, const char *fmt, ...)
{
	char text[256];
	int n = snprintf(text, sizeof text, "%s: ", c->stream);
	va_list ap;

	c->health->damage++;
	if (++c->told > TOLD_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof text - (size_t)n, fmt, ap);
	va_end(ap);
	c->tell(c->arg, text);
}

void
bus_check_group(struct bus_check *c, const char *group, uint64_t seq,
    const char *bad, uint64_t end)
{
	c->told = 0;
	if (bad != NULL)
		bus_damage(c, "group '%s': not a position", group);
	else if (seq > end)
		bus_damage(c, "group '%s' is at %llu, beyond the end at %llu",
		    group, (unsigned long long)seq, (unsigned long long)end);
}
