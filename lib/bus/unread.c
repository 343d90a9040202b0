/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/bus.h"

/* how long ago the first line after a position came */
static int
unread_age(struct bus *bus, const char *stream, uint64_t seq, int64_t *age,
    struct fault *fault)
{
	struct bus_reader *reader;
	struct bus_lines lines;
	struct bus_line line;
	struct stamp came;
	int got;

	if (bus_reader_open(&reader, bus, stream, seq, fault) < 0)
		return -1;
	got = bus_read(reader, &lines, fault);
	if (got > 0 && bus_lines_next(&lines, &line) &&
	    bus_line_time(line.text, &came))
		*age = stamp_now().ns - came.ns;
	if (*age < 0)
		*age = 0;
	bus_reader_close(reader);
	return got < 0 ? -1 : 0;
}

int
bus_unread(struct bus *bus, const char *stream, uint64_t seq, uint64_t *lag,
    int64_t *age, struct fault *fault)
{
	*age = 0;
	if (bus_lag(bus, stream, seq, lag, fault) < 0)
		return -1;
	return *lag == 0 ? 0 : unread_age(bus, stream, seq, age, fault);
}
