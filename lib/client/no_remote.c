/* SPDX-License-Identifier: Apache-2.0 */
/* In place of remote.c in a build without libcurl: it can't be opened. */
#ifndef HAVE_CURL
#include <sysexits.h>

#include "client/client.h"
#include "client/device.h"

static int
no_remote_open(struct client *c, enum client_access access, struct fault *fault)
{
	(void)c;
	(void)access;
	return fault_set(fault, EX_UNAVAILABLE, "--url and $MFX_URL need "
	    "libcurl, which this build is without");
}

static void
no_remote_close(struct client *c)
{
	(void)c;
}

int
device_fetch(const struct remote_setup *setup, struct str external_id,
    struct str external_key, struct buf *json, struct fault *fault)
{
	(void)setup;
	(void)external_id;
	(void)external_key;
	(void)json;
	return no_remote_open(NULL, CLIENT_READ, fault);
}

const struct client_backend client_remote = {
	.open = no_remote_open, .close = no_remote_close
};
#endif
