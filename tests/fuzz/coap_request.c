/* SPDX-License-Identifier: Apache-2.0 */
/* What datagrams say: any bytes, screened, through libcoap's parser and
 * ours. */
#include "coap/asked.h"
#include "coap/format.h"
#include "line/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
look(const struct asked *a)
{
	char digits[FORMAT_TEXT];
	struct buf b;

	if (a->where == ASKED_MESSAGES && (!channel_id_valid(a->channel) ||
	    a->why != NULL))
		__builtin_trap();
	buf_init(&b, SUBTOPIC_MAX);
	if (asked_subtopic(a, &b) == NULL && b.n > SUBTOPIC_MAX)
		__builtin_trap();
	buf_clear(&b);
	asked_subscription(a, &b);
	buf_release(&b);
	/* a number is itself again */
	if (a->content_format != FORMAT_NONE &&
	    format_number(format_type(a->content_format, digits)) !=
	    a->content_format)
		__builtin_trap();
	format_number(a->body);
}

static void
request(struct str part, bool stream)
{
	static struct asked asked;
	static bool begun;
	coap_pdu_t *pdu = coap_pdu_init(0, 0, 0, 65536);

	if (!begun) {
		begun = true;
		asked_init(&asked);
		coap_set_log_level(LOG_EMERG);
	}
	if (coap_pdu_parse(COAP_PROTO_UDP, (const uint8_t *)part.p, part.n,
	    pdu)) {
		asked_read(&asked, pdu, stream);
		look(&asked);
	}
	coap_delete_pdu(pdu);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t ends[SCREEN_PARTS], at = 0;
	struct buf out;
	int parts, i;

	buf_init(&out, 1 << 20);
	parts = screen_datagram((struct str){ (const char *)data, n }, &out,
	    ends);
	for (i = 0; i < parts; at = ends[i++])
		request((struct str){ out.p + at, ends[i] - at }, n % 2);
	buf_release(&out);
	return 0;
}
