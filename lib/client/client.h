/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_CLIENT_H
#define MFX_CLIENT_CLIENT_H

#include "client/decision.h"
#include "client/session.h"

/*
 * What an identity command asks: the registry of this machine, or a
 * mfx-api(1) when --url or $MFX_URL names one.  A command
 * doesn't know which.
 *
 *	if (client_open(&client, &remote, &fault) == 0)
 *		decision = client_decide(&client, &question, &fault);
 *	client_close(&client);
 */
struct client;

struct client_backend {
	int (*open)(struct client *, const struct remote_setup *,
	    struct fault *);
	enum decision (*decide)(struct client *, struct question *,
	    struct fault *);
	void (*close)(struct client *);
};

struct client {
	const struct client_backend *backend;
	struct session *session;	/* of the remote one */
};

int client_open(struct client *, const struct remote_setup *, struct fault *);
/* after a failed open too */
void client_close(struct client *);

/*
 * At a mfx-api: anyone who has a key may ask by it, but only the owner of
 * the thing is told why not, with their token; to others each reason is
 * that the two are not connected.  By a thing's id only its owner may ask.
 */
enum decision client_decide(struct client *, struct question *,
    struct fault *);

extern const struct client_backend client_local, client_remote;

#endif
