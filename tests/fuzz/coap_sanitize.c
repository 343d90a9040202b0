/* SPDX-License-Identifier: Apache-2.0 */
/* What is sanitized before libcoap: datagrams, and streams in any pieces. */
#include <coap3/coap.h>

#include "coap/sanitize.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define MAX 70000

static void
must(int sound)
{
	if (!sound)
		__builtin_trap();
}

/* What comes out libcoap takes, or resets by its id; and it comes out of
 * sanitize_datagram() again as it is. */
static void
check_part(struct str in, struct str part)
{
	size_t ends[SANITIZE_PARTS];
	coap_pdu_t *pdu = coap_pdu_init(0, 0, 0, MAX);
	struct buf again;
	bool sound = coap_pdu_parse(COAP_PROTO_UDP,
	    (const uint8_t *)part.p, part.n, pdu);

	must(part.n >= 4 && memcmp(part.p + 2, in.p + 2, 2) == 0);
	must(sound || part.n == 4);
	coap_delete_pdu(pdu);
	buf_init(&again, MAX);
	if (sound && str_eq(in, part))
		must(sanitize_datagram(part, &again, ends) > 0 &&
		    ends[0] == part.n && memcmp(again.p, part.p, part.n) == 0);
	buf_release(&again);
}

static void
datagram(struct str in)
{
	size_t ends[SANITIZE_PARTS], at = 0;
	struct buf out;
	int n, i;

	buf_init(&out, MAX);
	n = sanitize_datagram(in, &out, ends);
	must(n >= 0 && n <= SANITIZE_PARTS && !out.full);
	for (i = 0; i < n; i++) {
		must(ends[i] > at && ends[i] <= out.n);
		check_part(in, (struct str){ out.p + at, ends[i] - at });
		at = ends[i];
	}
	must(at == out.n);
	buf_release(&out);
}

/* In pieces of `step` bytes. */
static void
stream(struct str in, size_t step, struct buf *out)
{
	struct sanitize_stream s;
	struct str piece;

	sanitize_stream_init(&s, 60000);
	while (in.n > 0) {
		piece = in;
		if (piece.n > step)
			piece.n = step;
		sanitize_stream(&s, piece, out);
		in = str_from(in, piece.n);
		must(!s.head.full && !out->full);
	}
	sanitize_stream_release(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = { (const char *)data, n };
	struct buf whole, pieces;

	if (n > 16000)
		return 0;
	datagram(in);
	buf_init(&whole, 64 * MAX);
	buf_init(&pieces, 64 * MAX);
	stream(in, n + 1, &whole);
	stream(in, 1 + (n > 0 ? data[n - 1] % 7 : 0), &pieces);
	must(str_eq(buf_str(&whole), buf_str(&pieces)));
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
