/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_TOKEN_FILE_H
#define MFX_CLIENT_TOKEN_FILE_H

#include "base/buf.h"
#include "base/fault.h"
#include "client/setup.h"

/*
 * Where mfx-token(1) keeps the token that the other commands show: a file of
 * two lines, the token and the URL that it is for.  Without the second line
 * it is for any, and who names the file answers for that.  Others may not
 * be able to read it.
 */

/* has it the form of a token: visible ASCII, not too long? */
bool token_sound(struct str);

/* the option, $MFX_TOKEN_FILE or the default; the caller frees */
char *token_file_path(const struct remote_setup *);

/*
 * Reads the token for this server into `token`, which the caller gives back
 * with secret_release().  EX_NOPERM: there is none, or it is for another
 * server; EX_NOINPUT: the file that was named isn't there; EX_CONFIG: others
 * may read it, or there is something else in it.
 */
int token_file_read(const struct remote_setup *, const char *url,
    struct buf *token, struct fault *);

/* in place of the old one, with its directory; `url` may be NULL */
int token_file_write(const char *path, struct str token, const char *url,
    struct fault *);

#endif
