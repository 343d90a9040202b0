/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_EXPORT_COLLECT_H
#define MFX_CMD_EXPORT_COLLECT_H

#include "base/fault.h"
#include "base/opt.h"
#include "cmd/export/families.h"

/*
 * What there is to know of a site, as metrics: its processes (mfx-run(5)), the
 * bus and its groups, the registry, stores, the disk, systemd's units.  What
 * can't be asked is missing, and mfx_up of its part is 0, with the reason as a
 * message, once until it changes.  It may wait for a server, so it is not for a
 * loop.  One thread at a time.
 */
struct collect_options {
	struct opt_list stores;	/* NAME=PLACE each */
	const char *units;	/* of systemd; NULL: mfx*, if systemd runs */
	bool top;		/* the busiest things and channels, too */
};

void collect(struct families *, const struct collect_options *);

/* false: *what is wrong with one of them */
bool collect_check(const struct opt_list *stores, const char **what);

/* the larger of its parts; -1 and a fault when it can't be asked */
int collect_processes(struct families *, const struct collect_options *,
    struct fault *);
int collect_bus(struct families *, const struct collect_options *,
    struct fault *);
int collect_units(struct families *, const struct collect_options *,
    struct fault *);
/* does systemd run here? */
bool collect_units_known(void);

#endif
