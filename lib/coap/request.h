/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_REQUEST_H
#define MFX_COAP_REQUEST_H

#include <coap3/coap.h>

#include "base/buf.h"
#include "coap/sanitize.h"

/*
 * What a CoAP request says, as far as this adapter is concerned.  Slices
 * borrow from the PDU, whose bytes come from outside and have only passed
 * libcoap's parser.
 */
enum request_target {
	REQUEST_OTHER,		/* not a resource of ours */
	REQUEST_REFUSED,	/* as REQUEST_MESSAGES, but invalid: *why */
	REQUEST_MESSAGES,
	REQUEST_BOOTSTRAP,	/* things/bootstrap[/secure]/<external id> */
};

/* Block1 or Block2 (RFC 7959) */
struct block_option {
	bool given;
	bool more;
	bool bert;		/* SZX 7 (RFC 8323 6): several of 1024 */
	unsigned size;		/* bytes: 16 to 1024 */
	unsigned exponent;	/* SZX: 0 to 6, and 7 with `bert` */
	uint32_t number;
};

#define OBSERVE_NONE (-1)

struct coap_request {
	coap_pdu_code_t method;
	bool confirmable;
	enum request_target target;
	const char *why;	/* REFUSED */
	struct str channel;
	struct str external_id;	/* BOOTSTRAP, and … */
	bool sealed;		/* … whether it is under "secure" */
	struct str key;		/* ?auth= or ?authorization=; p NULL: none */
	struct str from;	/* ?from=, likewise */
	int content_format, accept;	/* FORMAT_NONE: not given */
	int observe;		/* 0 register, 1 cancel, OBSERVE_NONE */
	struct block_option block1, block2;
	bool unmet;		/* If-Match, If-None-Match: what is asked for
				 * is there, and has no entity tag */
	struct directive directive;	/* of sanitize.c */
	uint32_t size1;		/* of the whole body, as claimed; 0 */
	struct str token;
	struct str body;
	struct buf tags;	/* Request-Tags, each after its length */
	/* private */
	struct buf path;	/* what follows "messages" */
	bool stream, any_match, exists_not, twice, things;
};

void coap_request_init(struct coap_request *);
void coap_request_release(struct coap_request *);

/* stream: it came over TCP or TLS, where blocks may be of BERT */
void coap_request_read(struct coap_request *, const coap_pdu_t *, bool stream);

/* what follows the channel as a subtopic to publish on, or as a
 * subscription (line/topic.h); appended; NULL or why not */
const char *coap_request_subtopic(const struct coap_request *, struct buf *);
const char *coap_request_subscription(const struct coap_request *,
    struct buf *);

#endif
