/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_PLAN_H
#define MFX_CMD_SITE_PLAN_H

#include "cmd/site/compare.h"
#include "cmd/site/secrets.h"

/* What plan and apply do alike: read a file, and compare it with what is
 * there. */
struct plan_run {
	struct client client;
	struct site_input input;
	struct site_source source;
	struct compare compare;
	struct secrets secrets;
	struct out out;
	struct fault fault;
};

/* As one transaction, which has begun after this: 0, or -1.  The file is read
 * before it, so that other writers wait less. */
int plan_begin(struct plan_run *, const char *path, enum client_access);
/* rolls back what was not committed; the exit status */
int plan_end(struct plan_run *, int result);

/* writes all changes to run->out */
void plan_put(struct plan_run *);

#endif
