/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_TOKEN_FILE_H
#define MFX_CLIENT_TOKEN_FILE_H

#include "base/buf.h"
#include "base/fault.h"
#include "client/setup.h"
#include "registry/jwt.h"

/*
 * Where mfx-token(1) keeps the token that other commands use: a file of two
 * lines, the token and the URL of the server that it is for.  Without the
 * second line it is used for any server: who names such a file has to know
 * that it is right.  Nobody else may be able to read the file.
 */
#define TOKEN_FILE_MAX (JWT_MAX + 1024)

/* has it the form of a token, which can go into a header: visible ASCII, not
 * too long? */
bool token_is_valid(struct str);

/* the option, $MFX_TOKEN_FILE or the default; the caller frees */
char *token_file_path(const struct remote_setup *);

/* EX_USAGE when it is stdin */
int token_file_writable(const struct remote_setup *, struct fault *);

/*
 * Reads the token for this server into `token`, an empty buf that has room
 * for TOKEN_FILE_MAX.  EX_NOPERM: there is no token, or it is for another
 * server; EX_NOINPUT: the named file does not exist; EX_CONFIG: others may
 * read it, or it is not a token file.
 */
int token_file_read(const struct remote_setup *, const char *url,
    struct buf *token, struct fault *);

/* replaces the file, and makes its directory; `url` may be NULL */
int token_file_write(const char *path, struct str token, const char *url,
    struct fault *);

#endif
