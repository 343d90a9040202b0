/* SPDX-License-Identifier: Apache-2.0 */
#include "store/refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/diag_about.h"
#include "base/file.h"
#include "base/line.h"
#include "line/records.h"

#define REFUSALS_TOLD 10

static void
refusals_tell(const struct refusals *f, const struct reading *reading)
{
	const struct record *r = &reading->record;
	const struct route *route = reading->route;
	char time[STAMP_TEXT];
	int n = (int)stamp_print(time, r->time);

	diag_about(&(struct diag_about){
		.thing = route->publisher, .channel = route->channel,
		.stream = f->stream != NULL ? str_z(f->stream) : STR_NONE,
		.seq = route->has_seq ? route->seq : 0
	});
	diag_warning("not stored: '%.*s' at %.*s, channel '%.*s': %s",
	    STR_ARG(r->name), n, time, STR_ARG(route->channel),
	    reading->refused);
}

static int
refusals_open(struct refusals *f, struct fault *fault)
{
	if (f->open || f->path == NULL)
		return 0;
	if (reject_is_bus(f->path)) {
		f->target = reject_open(f->path, fault);
		f->open = f->target != NULL;
		return f->open ? 0 : -1;
	}
	out_init(&f->out, file_open(f->path, O_WRONLY | O_APPEND), f->path,
	    2 * PACK_OUT_MAX);
	f->open = f->out.fd >= 0;
	return f->open ? 0 : fault_errno(fault, EX_IOERR, "%s", f->path);
}

/* with its position, which is then in the letter */
static int
refusals_post(struct refusals *f, const struct reading *reading,
    struct fault *fault)
{
	struct reject reject = { .place = "", .why = reading->refused };
	struct buf line;
	int r;

	buf_init(&line, 2 * PACK_OUT_MAX);
	record_put_line(&line, reading->route, &reading->record);
	reject.line = buf_str(&line);
	if (reject.line.n > 0)
		reject.line.n--;
	r = f->target->put(f->target, &reject, fault);
	buf_release(&line);
	return r;
}

/* -1: a fault says why */
static int
refusals_put(struct refusals *f, struct reading *reading, struct fault *fault)
{
	struct route route = *reading->route;

	if (f->n++ < REFUSALS_TOLD)
		refusals_tell(f, reading);
	reading->aside = true;
	if (!f->open)
		return 0;
	if (f->target != NULL)
		return refusals_post(f, reading, fault);
	route.has_seq = false;
	record_put_line(&f->out.b, &route, &reading->record);
	out_end(&f->out);
	return 0;
}

int
refusals_add(struct batch *b, struct fault *fault)
{
	struct refusals *f = b->refusals;
	size_t i;

	if (f == NULL || b->refused == 0)
		return 0;
	if (refusals_open(f, fault) < 0)
		return -1;
	for (i = 0; i < b->whole; i++)
		if (b->readings[i].refused != NULL && !b->readings[i].aside &&
		    refusals_put(f, &b->readings[i], fault) < 0)
			return -1;
	if (!f->open || f->target != NULL || out_flush(&f->out) == 0)
		return 0;
	errno = f->out.err;
	return fault_errno(fault, EX_IOERR, "%s", f->path);
}

int
refusals_finish(struct refusals *f, int status)
{
	if (f->n > REFUSALS_TOLD)
		diag_warning("%" PRIu64 " readings refused by the store",
		    f->n);
	if (f->n > 0 && status == 0)
		status = EX_DATAERR;
	if (!f->open)
		return status;
	if (f->target != NULL) {
		f->target->close(f->target);
		return status;
	}
	status = out_finish(&f->out, status);
	out_release(&f->out);
	return status;
}
