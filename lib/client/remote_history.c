/* SPDX-License-Identifier: Apache-2.0 */
#include "client/remote.h"

#include <sysexits.h>

#include "base/os.h"
#include "json/object.h"

/* events that have come and were not given yet */
#define HISTORY_BYTES_MAX ((size_t)64 << 20)
#define HISTORY_SCRATCH_MAX ((size_t)4 << 20)

struct remote_history {
	struct str about, user;
	int (*each)(void *, const struct event_record *, struct fault *);
	void *arg;
	struct fault *fault;
	struct arena scratch;
	int result;
};

/* one line of GET /events */
static int
remote_give_event(struct remote_history *h, struct str line)
{
	struct object_field f[] = {
		{ .name = "seq", .type = OBJECT_NUMBER },
		{ .name = "time", .type = OBJECT_NUMBER },
		{ .name = "operation", .type = OBJECT_TEXT },
	};
	struct event_record record = { .fields = line, .user = h->user };
	int64_t seq;

	arena_reset(&h->scratch);
	if (object_read(line, f, 3, &h->scratch) != NULL ||
	    !object_number(f[0].value, &seq) ||
	    !stamp_parse(f[1].value, stamp_now(), &record.time))
		return fault_set(h->fault, EX_UNAVAILABLE,
		    "the server has sent what is not an event");
	record.seq = (uint64_t)seq;
	record.operation = f[2].value;
	return h->each(h->arg, &record, h->fault);
}

static int
remote_give_events(void *arg, struct str whole, bool flush)
{
	struct remote_history *h = arg;
	struct str line;

	(void)flush;
	while (h->result == 0 && str_take_line(&whole, &line))
		if (h->about.p == NULL || os_find(line.p, line.n, h->about.p,
		    h->about.n) != NULL)
			h->result = remote_give_event(h, line);
	return h->result == 0 ? 0 : -1;
}

int
remote_history(struct client *c, uint64_t seq, struct str about,
    int (*each)(void *, const struct event_record *, struct fault *),
    void *arg, struct fault *fault)
{
	struct client_events events = {
		.from = EVENTS_AFTER, .seq = seq, .ready_fd = -1
	};
	struct remote_history h = {
		.about = about, .each = each, .arg = arg, .fault = fault
	};
	struct out out, *own = c->out;
	struct str metadata;
	int result;

	if (c->user.email[0] == '\0' && remote_self(c, &metadata, fault) < 0)
		return -1;
	h.user = str_z(c->user.email);
	arena_init(&h.scratch, HISTORY_SCRATCH_MAX);
	out_init(&out, -1, "<events>", HISTORY_BYTES_MAX);
	out.take = remote_give_events;
	out.take_arg = &h;
	c->out = &out;
	result = remote_events(c, &events, fault);
	if (result == 0 && h.result == 0)
		out_flush(&out);
	c->out = own;
	out_release(&out);
	arena_release(&h.scratch);
	return h.result != 0 ? h.result : result;
}
