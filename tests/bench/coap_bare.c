/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer: a libcoap server as its examples are, whose only answer to a
 * POST anywhere is 2.04.
 *
 *	coap_bare PORT
 */
#include <arpa/inet.h>
#include <coap3/coap.h>
#include <stdlib.h>

static void
handle(coap_resource_t *resource, coap_session_t *session,
    const coap_pdu_t *request, const coap_string_t *query,
    coap_pdu_t *response)
{
	(void)resource;
	(void)session;
	(void)request;
	(void)query;
	coap_pdu_set_code(response, COAP_RESPONSE_CODE_CHANGED);
}

int
main(int argc, char **argv)
{
	coap_context_t *c;
	coap_resource_t *r;
	coap_address_t a;

	if (argc != 2)
		return 64;
	coap_startup();
	c = coap_new_context(NULL);
	coap_address_init(&a);
	a.addr.sin.sin_family = AF_INET;
	a.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.addr.sin.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10));
	a.size = sizeof a.addr.sin;
	if (c == NULL || coap_new_endpoint(c, &a, COAP_PROTO_UDP) == NULL)
		return 69;
	r = coap_resource_unknown_init(handle);
	coap_register_request_handler(r, COAP_REQUEST_POST, handle);
	coap_add_resource(c, r);
	for (;;)
		coap_io_process(c, COAP_IO_WAIT);
}
