/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reject.h"

#include <stddef.h>
#include <string.h>
#include <sysexits.h>

static struct reject_target *(*reject_opener)(const char *, struct fault *);

void
reject_use(struct reject_target *(*open)(const char *, struct fault *))
{
	reject_opener = open;
}

bool
reject_is_bus(const char *rejects)
{
	return rejects != NULL && strncmp(rejects, REJECT_BUS,
	    sizeof REJECT_BUS - 1) == 0;
}

struct reject_target *
reject_open(const char *rejects, struct fault *fault)
{
	if (reject_opener != NULL)
		return reject_opener(rejects + sizeof REJECT_BUS - 1, fault);
	fault_set(fault, EX_USAGE, "--rejects '%s': this program writes "
	    "refused lines to a file only", rejects);
	return NULL;
}
