/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_BUS_VERBS_H
#define MFX_CMD_BUS_VERBS_H

#include "base/listing.h"
#include "base/program.h"
#include "bus/bus.h"

/* What the sources of mfx-bus share: its options, what it prints, and the
 * exit status, the worst so far. */
struct bus_options {
	bool human, past_groups, dry_run, create, add;
	int64_t keep_bytes, keep_age, timeout, ready_fd, parts, lease;
	const char *as, *suffix;
	const char *reason, *channel, *to;
	enum bus_sync sync;
};

extern struct bus_options bus_opt;
extern struct bus *bus;		/* $MFX_BUS */
extern struct listing bus_listing;
extern int bus_status;

/* Calls fn for each stream named, or for all, and ends the listing; when one
 * does not exist it calls fn for none.  Returns the exit status. */
int bus_for_streams(char **names, bus_stream_fn *);

int bus_verb_stat(char **operands);
int bus_verb_groups(char **operands);
int bus_verb_verify(char **operands);
int bus_verb_seek(char **operands);
int bus_verb_forget(char **operands);
int bus_verb_prune(char **operands);
int bus_verb_copy(char **operands);
int bus_verb_mirror(char **operands);
int bus_verb_share(char **operands);
int bus_verb_redrive(char **operands);

#endif
