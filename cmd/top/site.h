/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_TOP_SITE_H
#define MFX_CMD_TOP_SITE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/run_read.h"
#include "base/stamp.h"

/*
 * What a site does at one moment: its processes (mfx-run(5)), the streams and
 * groups of its bus, and the busiest of its tenants; and how fast, from what
 * it was at another one.
 *
 *	site_look(&now, &before, registry)
 *	... now.processes[i].in_rate
 *	site_release(&now)
 *
 * Texts are printable ASCII, but for names and email addresses, which are as
 * their users chose them.  All of it lives until site_release.
 */
#define RATE_UNKNOWN (-1.0)	/* it was not there before */

struct site_process {
	const char *program, *input, *output, *place;
	/* of the input STREAM/GROUP; "" where there is none */
	const char *stream, *group;
	uint64_t pid;
	int64_t started;
	struct run_pipe in, out;
	uint64_t lines_in, lines_out, bytes_in, bytes_out;
	uint64_t rejected, marks, retries, stored, refused, pending;
	uint64_t commits, commit_ns, connections, position;
	/* false: the system does not tell */
	bool has_usage, has_pipe;
	int64_t cpu;		/* ns */
	uint64_t resident;
	char state;		/* as ps(1) has it */
	uint64_t held, room;	/* of the pipe at its stdin */
	size_t tops, n_tops;	/* its part of site.tops */
	/* in a second; cpu: 1 is a whole processor */
	double in_rate, out_rate, bytes_rate, cpu_share;
};

struct site_stream {
	const char *name;
	uint64_t bytes, last;	/* what it holds; its end */
	double rate;		/* of its end */
};

struct site_group {
	const char *stream, *name;
	uint64_t seq, lag;
	int64_t age;		/* ns: of the oldest line not passed */
	bool has_reader, knows_reader;
	uint64_t reader;	/* pid, or 0 */
	double rate;
};

/* of one process, or, in site.tenants, of all */
struct site_tenant {
	enum site_kind { SITE_USER, SITE_THING, SITE_CHANNEL } kind;
	/* of a user, in site.tenants and with a registry: the email address */
	const char *id;
	const char *name, *owner;
	uint64_t messages, bytes;
	double messages_rate, bytes_rate;
};

struct registry;

struct site {
	struct arena arena;
	int64_t at;		/* of clock.h */
	struct stamp time;
	struct site_process *processes;
	struct site_stream *streams;
	struct site_group *groups;
	struct site_tenant *tops, *tenants;
	size_t n_processes, n_streams, n_groups, n_tops, n_tenants;
	const char *unit;	/* of the bus: "bytes" or "messages" */
	/* why the processes, or the bus, could not be read; "" if they were */
	char no_processes[400], no_bus[400];
};

/* `before` NULL: it can't be known how fast; `registry` NULL: there are no
 * names */
void site_look(struct site *, const struct site *before, struct registry *);
/* also one of zeros */
void site_release(struct site *);

#define SITE_TOPS_MAX 8192

/* for site.c: tenants.c */
void site_take_tops(struct site *, const struct run_process *,
    struct site_process *);
void site_compare_tops(struct site *, const struct site_process *now,
    const struct site *before, const struct site_process *was, double t);
/* adds up what the processes have; the busiest first */
void site_add_up(struct site *, struct registry *);

/* what happened in t seconds, in one; RATE_UNKNOWN when it went back */
double site_rate(uint64_t now, uint64_t before, double t);

#endif
