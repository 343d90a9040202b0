/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_CERTS_GIVE_H
#define MFX_CMD_CERTS_GIVE_H

#include "base/out.h"
#include "certs/issue.h"

/*
 * Hands out what was issued, in the form of --out:
 *
 *	pem	the key, the certificate, and CAs between it and the root
 *	p12	all of it and the root, under a password
 *	tar	NAME.key, NAME.crt and ca.crt as an archive
 *	json	a line
 *		{"thing":…,"serial":…,"expires":…,"certificate":…,"key":…}
 *	DIR	the files of the archive, in a directory
 *
 * NAME is the id of the thing, or the first name of the server.
 */
enum give_form { GIVE_PEM, GIVE_P12, GIVE_TAR, GIVE_JSON, GIVE_DIR };

struct give {
	enum give_form form;
	const char *dir;
	int fd;				/* the open directory; -1 */
	const struct signer *signer;
	struct out out;			/* stdout */
	struct buf password;		/* with a NUL after it */
	struct buf between, root;	/* PEM */
	struct buf certificate, key;	/* PEM, of the one that is given */
	bool many, durable;
};

/* Before anything is issued: makes the directory, reads the password.  `form`
 * is what --out says, or NULL; `key`: there will be one. */
int give_open(struct give *, const char *form, const char *password_file,
    bool many, bool key, const struct signer *, struct fault *);
int give_one(struct give *, const struct order *, const struct issue *,
    struct fault *);
/* a line of the form json; without `key` it has none */
void give_line(struct buf *, struct str thing, const char *serial,
    int64_t expires, struct str certificate, struct str key);
/* writes what is left, syncs a directory; returns `status`, or EX_IOERR, which
 * was reported */
int give_close(struct give *, int status);

#endif
