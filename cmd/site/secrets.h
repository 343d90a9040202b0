/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_SECRETS_H
#define MFX_CMD_SITE_SECRETS_H

#include "cmd/site/row.h"

/*
 * Keys of things and hashes of passwords in a site file, for one recipient.
 * A first line has the key of the file, in a sealed box of libsodium's
 * (crypto_box_seal) for the recipient's public key:
 *
 *	{"kind":"secrets","for":"<public key>","sealed":"<box>"}
 *
 * and each object its own secrets under that key, {"key":"…"}, as
 * XChaCha20-Poly1305 with the kind and the id (of a configuration that of the
 * thing) as additional data, so that none can be moved to another object:
 *
 *	"sealed":"<24 bytes of nonce, ciphertext, tag>"
 *
 * All of it is base64url.  What is random elsewhere is derived here from the
 * master key and what is sealed: the same secret for the same recipient gives
 * the same line, and a diff shows whose key was changed, but not to what.
 */
#define SECRETS_KEY 32

struct secrets {
	unsigned char recipient[SECRETS_KEY];	/* public */
	unsigned char private[SECRETS_KEY];
	unsigned char root[SECRETS_KEY];
	unsigned char content[SECRETS_KEY];	/* the key of the file */
	bool ready;				/* `content` is known */
};

/* makes a new private key in a file, 0600, and its public one in FILE.pub;
 * neither may exist */
int secrets_make_pair(const char *path, struct fault *);

/* Seals for the public key of this file.  With keys of another registry, as
 * at a mfx-api (NULL), each export differs. */
int secrets_begin_seal(struct secrets *, const char *path,
    const struct keyring *, struct fault *);
void secrets_put_head(struct secrets *, struct buf *);
/* appends the member, if the row has a secret */
void secrets_put(struct secrets *, const struct site_row *, struct buf *);

/* reads the private key of this file */
int secrets_load(struct secrets *, const char *path, struct fault *);
/* Each gives NULL, or why it is refused.  The second appends a JSON object,
 * which has not been read and has the secrets of the row. */
#define SECRETS_ROOM ((size_t)64 << 10)
const char *secrets_begin_open(struct secrets *, struct str recipient,
    struct str sealed);
const char *secrets_open(struct secrets *, const struct site_row *,
    struct str sealed, struct buf *plain);

/* wipes it */
void secrets_end(struct secrets *);

#endif
