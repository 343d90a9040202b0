/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/bus/targets.h"

#include <sysexits.h>

#include "line/message.h"

#define GROUP "redrive"
/* lines of one target that are appended together */
#define LINES_BYTES ((size_t)1 << 20)

int
targets_begin(struct targets *t, struct bus *bus, const char *from,
    struct fault *fault)
{
	*t = (struct targets){ .bus = bus, .from = from };
	buf_init(&t->lines, LINES_BYTES + MESSAGE_LINE_MAX + 1);
	return bus_group_open(&t->group, bus, from, GROUP, fault);
}

void
targets_end(struct targets *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		bus_source_close(t->v[i].source);
		bus_writer_close(t->v[i].writer);
	}
	bus_group_close(t->group);
	buf_release(&t->lines);
}

struct target *
targets_find(struct targets *t, struct str stream, struct fault *fault)
{
	struct target *to = t->v;

	for (; to < t->v + t->n; to++)
		if (str_eq(stream, str_z(to->stream)))
			return to;
	if (t->n == TARGETS_MAX) {
		fault_set(fault, EX_DATAERR, "%s: lines of more than %d "
		    "streams", t->from, TARGETS_MAX);
		return NULL;
	}
	t->n++;
	memcpy(to->stream, stream.p, stream.n);
	return to;
}

int
targets_open(struct targets *t, struct target *to, struct fault *fault)
{
	if (to->source != NULL)
		return 0;
	return bus_writer_open(&to->writer, t->bus, to->stream,
	    BUS_SYNC_ALWAYS, fault) < 0 || bus_source_open_abroad(&to->source,
	    to->writer, t->from, GROUP, fault) < 0 ? -1 : 0;
}

int
targets_have(struct targets *t, struct str stream, uint64_t seq,
    struct fault *fault)
{
	struct target *to;

	if (stream.n == 0 || !bus_name_valid(stream))
		return 0;
	if ((to = targets_find(t, stream, fault)) == NULL)
		return -1;
	if (to->source == NULL && bus_exists(t->bus, to->stream, fault) < 0)
		return fault->status == EX_NOINPUT ? 0 : -1;
	return targets_open(t, to, fault) < 0 ? -1 :
	    to->source->done.whole >= seq;
}

int
targets_flush(struct targets *t, struct fault *fault)
{
	struct target *to = t->to;
	uint64_t seq;

	if (t->waiting == 0)
		return 0;
	if (targets_open(t, to, fault) < 0)
		return -1;
	to->source->at = (struct progress){ .whole = t->at };
	if (bus_append(to->writer, buf_str(&t->lines), to->source, &seq,
	    fault) < 0 || bus_commit(to->writer, fault) < 0 ||
	    bus_source_ack(to->source, fault) < 0 ||
	    bus_group_set(t->group, t->at, fault) < 0)
		return -1;
	to->source->done = to->source->at;
	to->lines += t->waiting;
	buf_clear(&t->lines);
	t->waiting = 0;
	return 0;
}

int
targets_put(struct targets *t, struct target *to, struct str line,
    uint64_t seq, struct fault *fault)
{
	if ((t->to != to || t->waiting == BUS_WHOLE_LINES ||
	    t->lines.n + line.n > LINES_BYTES) && targets_flush(t, fault) < 0)
		return -1;
	t->to = to;
	t->at = seq;
	t->waiting++;
	buf_put_str(&t->lines, line);
	return 0;
}
