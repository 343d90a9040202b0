/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_PRINCIPAL_H
#define MFX_REGISTRY_PRINCIPAL_H

#include "net/certificate.h"
#include "registry/access.h"

/*
 * Which thing a client is, by what it shows: a key (empty: none), or a client
 * certificate that names the thing's id or its key, or both, which must then
 * be of the same thing.  This is the one place that decides it for HTTP,
 * WebSocket, CoAP and the plugin of the broker.  CoAP gives the identity of a
 * pre-shared key as a certificate that names the id.
 */
struct principal {
	char thing[ID_TEXT + 1];
	bool by_key;		/* a key was shown, or is in the certificate;
				 * false: the id alone */
	bool certificate;	/* of a refusal: it is due to this */
	const char *why;	/* the reason for a log, never for the client,
				 * who could learn which keys exist */
};

/*
 * `channel`: may it use that one so, too (access.h)?  NULL: any thing will do.
 * `certificate` NULL: there is none.  ACCESS_YES, and then `thing` is set;
 * ACCESS_NO_KEY, ACCESS_NOT_CONNECTED or ACCESS_OTHER_WAY, and why;
 * ACCESS_ERROR.
 */
enum access_result principal_prove(struct access *, struct str key,
    const struct certificate *, const struct str *channel, unsigned use,
    struct principal *);

/*
 * May the certificate that a client has shown still be used?  For what is open
 * long after principal_prove, which asks the same: ACCESS_YES (also when none
 * is known), ACCESS_NO_KEY when it is revoked, ACCESS_ERROR.
 */
enum access_result principal_certificate(struct access *,
    const struct certificate_id *);

#endif
