/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_TRACE_TRACE_H
#define MFX_CMD_TRACE_TRACE_H

#include "base/opt.h"
#include "base/out.h"
#include "bus/bus.h"
#include "line/decoded.h"

/*
 * One line of a stream, and what became of it.
 *
 * Order of these files: find < put < trace.
 */
struct trace {
	struct bus *bus;
	char stream[BUS_NAME_MAX + 1];
	uint64_t seq;
	struct buf line;		/* without its newline */
	struct route route;
	struct decoded decoded;
	const char *refused;		/* why no reader takes it, or NULL */
	/* of the command line */
	const struct opt_list *stores, *things;
	const char *dead;
	bool json;
	struct out out;
};

/* ---- find.c ---- */

/* STREAM@SEQ; false when it is not */
bool trace_parse(struct trace *, const char *text);
/* The line at trace->seq: 1; 0 when there is none; -1.  The positions before
 * and after it are part of no line. */
int trace_find(struct trace *, struct fault *);
/* the newest line that this thing published */
int trace_find_last(struct trace *, struct str thing, struct fault *);

/* ---- put.c ---- */

/* each appends its part to trace->out */
void trace_put_line(struct trace *);
int trace_put_groups(struct trace *, struct fault *);
int trace_put_stores(struct trace *, struct fault *);
int trace_put_rejects(struct trace *, struct fault *);
int trace_put_access(struct trace *, struct fault *);

#endif
