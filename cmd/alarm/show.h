/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_SHOW_H
#define MFX_CMD_ALARM_SHOW_H

#include <stdbool.h>

/* mfx-alarm list, and ack ID ...: beside the mfx-alarm that has the state, if
 * there is one, which then tells of what was acknowledged. */
struct show_options {
	const char *state;	/* NULL: the default */
	const char *by;		/* who acknowledges; NULL: $LOGNAME */
	bool human;
};

/* the operands, from the verb on; the exit status */
int show_run(const struct show_options *, char **operands);

#endif
