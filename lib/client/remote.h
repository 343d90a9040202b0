/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_REMOTE_H
#define MFX_CLIENT_REMOTE_H

#include "client/admin.h"
#include "client/setup.h"

/*
 * For a->where, with a struct remote_setup as a->setup: the registry behind
 * a mfx-api(1) when a URL is given, else the one of this machine.  A bulk is
 * one request, so it is all or nothing there too, and as large as the server
 * takes; a list comes in pages, by cursor.
 *
 * Whose things they are says the token.  A --user that is another's is
 * EX_NOPERM; $MFX_USER is not looked at.
 */
const struct admin_place *remote_place(const struct admin *);

#endif
