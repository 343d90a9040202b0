/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_CERTS_REMOTE_H
#define MFX_CMD_CERTS_REMOTE_H

#include "client/setup.h"
#include "registry/issued.h"

/* What verbs do at a mfx-api, when --url or $MFX_URL names one; each returns
 * the exit status. */
extern struct remote_setup certs_remote;
bool certs_is_remote(void);

/* `request`: the file of a CSR; NULL: a new key */
int certs_remote_issue(const char *thing, const char *request);
/* one for each line of the file, as lines of JSON */
int certs_remote_issue_file(const char *file);
/* like the certificate, or the last one of a thing that is not revoked */
int certs_remote_renew(const char *certificate);
int certs_remote_revoke(char **operands, const char *reason);
/* calls `show` for each certificate of the operands */
int certs_remote_list(char **operands, int (*show)(void *,
    const struct issued *, struct fault *), void *arg);

#endif
