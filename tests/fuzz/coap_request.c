/* SPDX-License-Identifier: Apache-2.0 */
/* What datagrams say: any bytes, sanitized, through libcoap's parser and
 * ours. */
#include "coap/request.h"
#include "coap/format.h"
#include "line/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
look(const struct coap_request *a)
{
	char digits[FORMAT_TEXT];
	struct buf b;

	if (a->target == REQUEST_MESSAGES && (!channel_id_valid(a->channel) ||
	    a->why != NULL))
		__builtin_trap();
	buf_init(&b, SUBTOPIC_MAX);
	if (coap_request_subtopic(a, &b) == NULL && b.n > SUBTOPIC_MAX)
		__builtin_trap();
	buf_clear(&b);
	coap_request_subscription(a, &b);
	buf_release(&b);
	/* a number is itself again */
	if (a->content_format != FORMAT_NONE &&
	    format_number(format_type(a->content_format, digits)) !=
	    a->content_format)
		__builtin_trap();
	format_number(a->body);
}

static void
read_request(struct str part, bool stream)
{
	static struct coap_request request;
	static bool begun;
	coap_pdu_t *pdu = coap_pdu_init(0, 0, 0, 65536);

	if (!begun) {
		begun = true;
		coap_request_init(&request);
		coap_set_log_level(LOG_EMERG);
	}
	if (coap_pdu_parse(COAP_PROTO_UDP, (const uint8_t *)part.p, part.n,
	    pdu)) {
		coap_request_read(&request, pdu, stream);
		look(&request);
	}
	coap_delete_pdu(pdu);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t ends[SANITIZE_PARTS], at = 0;
	struct buf out;
	int parts, i;

	buf_init(&out, 1 << 20);
	parts = sanitize_datagram((struct str){ (const char *)data, n }, &out,
	    ends);
	for (i = 0; i < parts; at = ends[i++])
		read_request((struct str){ out.p + at, ends[i] - at }, n % 2);
	buf_release(&out);
	return 0;
}
