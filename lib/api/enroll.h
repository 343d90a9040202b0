/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_ENROLL_H
#define MFX_API_ENROLL_H

#include "api/ca_set.h"
#include "api/request_ctx.h"
#include "api/signing.h"
#include "certs/issue.h"

/*
 * A certificate for a thing, for a request (CSR) or with a new key.  It is made
 * by the pool, added to the registry by its writer, and then answered:
 *
 *	e = enroll_new(c, thing);
 *	... e->order, e->csr, e->answer are filled
 *	enroll_start(e, owner);		it is gone by now
 *
 * A thing gets ENROLL_HOURLY an hour at most, as what was issued stays in the
 * registry; more are 429.  When it or its owner has as many as the options of
 * the service allow, it is 403.  Faults of the request are 400, of the CA 503.
 */
#define ENROLL_HOURLY 20
#define ENROLL_BODY (16 * 1024)

struct enroll {
	struct signing signing;
	struct api *api;
	struct http_request *request;
	struct ca_set *cas;
	struct order order;
	struct user user;		/* what order.owner may point to */
	char thing[ID_TEXT + 1];
	struct buf csr;			/* in PEM or DER; empty: a new key */
	struct buf like;		/* DER of a certificate whose names the
					 * request has to have; empty: none */
	bool keep_key;			/* without a request: the key of `like`,
					 * not a new one */
	char replaced[SERIAL_TEXT + 1];	/* one to revoke; "": none */
	/* of the connection, in base64: what the challenge password of the
	 * request has to be, if it has one; `bound` false: it is not looked
	 * at */
	char binding[64];
	bool bound;
	EVP_PKEY *key;			/* of the request */
	struct issue issue;
	int made;
	void (*answer)(struct enroll *);	/* after it has been added */
};

struct enroll *enroll_new(struct request_ctx *, struct str thing);
/* one that was not started */
void enroll_free(struct enroll *);
/* `owner`: the id of the user whose turn it takes */
void enroll_start(struct enroll *, const char *owner);

#endif
