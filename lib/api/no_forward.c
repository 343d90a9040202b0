/* SPDX-License-Identifier: Apache-2.0 */
/* In place of forward.c in a build without libcurl. */
#ifndef HAVE_CURL
#include <sysexits.h>

#include "api/forward.h"
#include "api/state.h"

bool
forward_change(struct request_ctx *c)
{
	(void)c;
	return false;
}

int
forwards_open(struct api *api, struct fault *fault)
{
	return api->options.primary == NULL ? 0 : fault_set(fault,
	    EX_UNAVAILABLE, "--primary needs libcurl, which this build is "
	    "without");
}

void
forwards_turn(struct api *api)
{
	(void)api;
}

bool
forwards_wait(const struct api *api)
{
	(void)api;
	return false;
}

void
forwards_stop(struct api *api)
{
	(void)api;
}

void
forwards_cut(struct api *api)
{
	(void)api;
}

void
forwards_close(struct api *api)
{
	(void)api;
}
#endif
