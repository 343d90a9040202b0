/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_NATS_URL_H
#define MFX_BUS_NATS_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

#define URL_SERVERS 16
#define URL_PREFIX_MAX 32

/*
 * What MFX_BUS says after "nats:", mfx-bus(5):
 *
 *	//[user[:password]@]host[:port][,host...][/prefix][?option=value&...]
 */
struct nats_url {
	char *servers[URL_SERVERS];	/* "nats://host:port" */
	int servers_n;
	char *name;			/* for messages: no user, no options */
	char prefix[URL_PREFIX_MAX + 1];
	char *user, *password;		/* NULL: none */
	char *password_file, *token_file, *credentials, *nkey, *seed;
	char *ca, *cert, *key;		/* files in PEM */
	bool tls;
	/* of streams that are made */
	int64_t replicas, max_bytes;	/* 0: no limit */
	int64_t max_age, duplicates;	/* ns; 0: no limit */
	bool memory;
	int64_t timeout;		/* ms, for an answer */
};

/* EX_CONFIG; the fault's text holds no secret */
int nats_url_parse(struct nats_url *, const char *rest, struct fault *);
void nats_url_release(struct nats_url *);

#endif
