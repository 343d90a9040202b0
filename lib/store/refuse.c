/* SPDX-License-Identifier: Apache-2.0 */
#include "store/refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/line.h"
#include "line/records.h"

#define REFUSALS_TOLD 10

static void
refusals_tell(const struct reading *reading)
{
	const struct record *r = &reading->record;
	char time[STAMP_TEXT];
	int n = (int)stamp_print(time, r->time);

	diag_warning("not stored: '%.*s' at %.*s, channel '%.*s': %s",
	    STR_ARG(r->name), n, time, STR_ARG(reading->route->channel),
	    reading->refused);
}

static int
refusals_open(struct refusals *f, struct fault *fault)
{
	if (f->open || f->path == NULL)
		return 0;
	out_init(&f->out, file_open(f->path, O_WRONLY | O_APPEND), f->path,
	    2 * PACK_OUT_MAX);
	f->open = f->out.fd >= 0;
	return f->open ? 0 : fault_errno(fault, EX_IOERR, "%s", f->path);
}

int
refusals_add(struct refusals *f, const struct batch *b, struct fault *fault)
{
	size_t i;

	if (b->refused == 0)
		return 0;
	if (refusals_open(f, fault) < 0)
		return -1;
	for (i = 0; i < b->whole; i++) {
		struct route route = *b->readings[i].route;

		if (b->readings[i].refused == NULL)
			continue;
		if (f->n++ < REFUSALS_TOLD)
			refusals_tell(&b->readings[i]);
		if (!f->open)
			continue;
		route.has_seq = false;
		record_put_line(&f->out.b, &route, &b->readings[i].record);
		out_end(&f->out);
	}
	if (!f->open || out_flush(&f->out) == 0)
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
	status = out_finish(&f->out, status);
	out_release(&f->out);
	return status;
}
