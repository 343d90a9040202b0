/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/times.h"

int
times_find(struct bus_reader *r, bool any, struct stamp *t, uint64_t *seq,
    struct fault *fault)
{
	struct bus_lines run;
	struct bus_line line;
	struct stamp at;
	int got;

	while ((got = bus_read(r, &run, fault)) > 0) {
		for (*seq = run.seq; bus_lines_next(&run, &line);
		    *seq = line.seq) {
			if (bus_line_time(line.text, &at) &&
			    (any || at.ns >= t->ns)) {
				*t = at;
				return 1;
			}
		}
	}
	*seq = run.seq;
	return got;
}

int
times_start_before(struct bus *bus, const char *stream, uint64_t first,
    struct stamp t, struct fault *fault)
{
	struct bus_reader *r;
	struct stamp at;
	uint64_t seq;
	int got;

	if (bus_reader_open(&r, bus, stream, first, fault) < 0)
		return -1;
	got = times_find(r, true, &at, &seq, fault);
	bus_reader_close(r);
	return got > 0 ? at.ns < t.ns : got;
}

int
times_of(struct bus *bus, const char *stream, uint64_t from, bool last,
    struct stamp *t, bool *found, struct fault *fault)
{
	struct bus_reader *r;
	struct bus_lines run;
	struct bus_line line;
	int got = 0;

	*found = false;
	if (bus_reader_open(&r, bus, stream, from, fault) < 0)
		return -1;
	while ((last || !*found) &&
	    (got = bus_read(r, &run, fault)) > 0)
		while ((last || !*found) && bus_lines_next(&run, &line))
			*found |= bus_line_time(line.text, t);
	bus_reader_close(r);
	return got < 0 ? -1 : 0;
}
