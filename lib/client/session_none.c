/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions of a build without libcurl, in place of session.c: none can be
 * opened, and the commands that take --url do their work on this machine
 * only.  What needs an open session is here for the linker.
 */
#ifndef HAVE_CURL
#include "client/session.h"

#include <sysexits.h>

static int
session_none(struct fault *fault)
{
	return fault_set(fault, EX_UNAVAILABLE, "--url and $MFX_URL need "
	    "libcurl, which this build is without");
}

int
session_open(struct session **s, const struct remote_setup *setup,
    struct fault *fault)
{
	(void)setup;
	*s = NULL;
	return session_none(fault);
}

void
session_close(struct session *s)
{
	(void)s;
}

int
session_use_token(struct session *s, struct fault *fault)
{
	(void)s;
	return session_none(fault);
}

void
session_set_token(struct session *s, struct str token)
{
	(void)s;
	(void)token;
}

struct str
session_token(const struct session *s)
{
	(void)s;
	return STR_NONE;
}

int
session_ask(struct session *s, const struct ask *ask, struct fault *fault)
{
	(void)s;
	(void)ask;
	return session_none(fault);
}

struct str
session_body(const struct session *s)
{
	(void)s;
	return STR_NONE;
}

size_t
session_item(const struct session *s)
{
	(void)s;
	return 0;
}

bool
session_seq(const struct session *s, uint64_t *seq)
{
	(void)s;
	(void)seq;
	return false;
}

const char *
session_url(const struct session *s)
{
	(void)s;
	return "";
}

const struct remote_setup *
session_setup(const struct session *s)
{
	(void)s;
	return NULL;
}

void
session_encode(struct buf *b, struct str text)
{
	(void)b;
	(void)text;
}

int
session_strange(const struct session *s, const char *what,
    struct fault *fault)
{
	(void)s;
	(void)what;
	return session_none(fault);
}
#endif
