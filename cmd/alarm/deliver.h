/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_DELIVER_H
#define MFX_CMD_ALARM_DELIVER_H

#include <stdbool.h>

#include "cmd/alarm/rules.h"

/*
 * One notice, the line of an event, to one target: by a webhook, by mail, or by
 * a command.  For threads; each gives up when `stop` says so.
 */
enum delivered {
	DELIVERED,
	DELIVER_AGAIN,		/* `why`: it may be later */
	DELIVER_NEVER,		/* `why`: it is of no use to try again */
};

struct delivery {
	const struct target *target;
	struct str line;		/* with its newline */
	bool (*stop)(void *arg);
	void *arg;
	char why[160];			/* without anything secret */
};

/* Before the first thread: 0, or -1 when it is not built in. */
int webhook_init(struct fault *);
enum delivered webhook_deliver(struct delivery *);

/* a mail to t->to by sendmail(8) */
enum delivered mail_deliver(struct delivery *);

/* the program t->to, which reads the line; its status 0 is DELIVERED */
enum delivered command_deliver(struct delivery *);
/* the same for a program with arguments, NULL at the end, and any input */
enum delivered command_run(struct delivery *, char **argv, struct str input);

/* "hot-17/raise": the same when it is delivered again */
void notice_put_id(struct buf *, struct str line);

#endif
