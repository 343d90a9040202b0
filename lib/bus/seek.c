/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/driver.h"
#include "line/message.h"

const struct bus_where bus_where_end = { .seq = UINT64_MAX };

bool
bus_line_time(struct str line, struct stamp *t)
{
	struct route r;
	size_t rest;

	if (!route_scan(line, &r, &rest))
		return false;
	*t = r.received;
	return r.has_received || line_record_time(line, t);
}

bool
bus_where_parse(const char *text, struct bus_where *w)
{
	struct str s = str_z(text);

	*w = (struct bus_where){ .by_time = false };
	if (str_eq(s, STR("start")) || position_parse(s, &w->seq))
		return true;
	if (str_eq(s, STR("end"))) {
		w->seq = UINT64_MAX;
		return true;
	}
	w->by_time = true;
	/* "-5" might be lines, or seconds */
	if (s.n > 0 && (*s.p == '-' || *s.p == '+') &&
	    !duration_has_unit(str_from(s, 1)))
		return false;
	return stamp_parse(s, stamp_now(), &w->time);
}
