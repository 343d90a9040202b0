/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_USER_LOCAL_H
#define MFX_CLIENT_USER_LOCAL_H

#include "registry/user.h"

/*
 * What mfx-users(1) does to a user on this machine, each in a transaction of
 * its own: 0, or -1.
 */

/* opens the registry, or makes it, but not for what is refused */
int user_create_here(struct registry **, struct str email,
    struct str password, struct str metadata, struct fault *);

/* fault.status 1: there is no such user */
int user_set_password_here(struct registry *, struct str email,
    struct str password, struct fault *);
int user_set_metadata_here(struct registry *, struct str email,
    struct str metadata, struct fault *);

#endif
