/* SPDX-License-Identifier: Apache-2.0 */
/* Any fields after a good request line and Host as a handshake: what is taken
 * keeps to the rules, and its answer is a good head. */
#include <stdint.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/memory.h"
#include "http/ws_handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define BEGIN "GET /ws HTTP/1.1\r\nHost: h\r\n"

static const struct str protocols[] = { { "mqtt", 4 }, { "senml", 5 },
	{ NULL, 0 } };

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static bool
has_line(struct str text, const char *line)
{
	size_t n = strlen(line), i;

	for (i = 0; i + n <= text.n; i++)
		if (memcmp(text.p + i, line, n) == 0)
			return true;
	return false;
}

static void
check_taken(const struct ws_handshake *h, const struct http1 *r)
{
	struct str key, version;
	char bytes[WS_KEY_TEXT];
	struct buf b;

	must(http1_single(r, STR("Sec-WebSocket-Key"), &key));
	must(key.n == WS_KEY_TEXT && base64_decode(bytes, key) == 16);
	must(http1_single(r, STR("Sec-WebSocket-Version"), &version) &&
	    str_eq(version, STR("13")));
	must(h->protocol.p == NULL || str_eq(h->protocol, protocols[0]) ||
	    str_eq(h->protocol, protocols[1]));
	buf_init(&b, 4096);
	ws_handshake_answer(&b, h, r, (struct stamp){ 0 });
	must(!b.full && has_line(buf_str(&b), "\r\nSec-WebSocket-Accept: "));
	must(has_line(buf_str(&b), "\r\nSec-WebSocket-Protocol: ") ==
	    (h->protocol.p != NULL));
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct http1_limits limits = HTTP1_LIMITS;
	size_t begin = sizeof BEGIN - 1;
	char *bytes = memory_get(begin + n);
	struct ws_handshake h;
	struct http1 r;
	unsigned status;

	memcpy(bytes, BEGIN, begin);
	if (n > 0)
		memcpy(bytes + begin, data, n);
	http1_begin(&r);
	if (http1_head(&r, &limits, bytes, begin + n) == HTTP1_DONE &&
	    ws_handshake_asked(&r)) {
		status = ws_handshake_read(&h, &r, protocols);
		must(status == 101 || status == 400 || status == 426);
		must((status == 101) == (h.why == NULL));
		if (status == 101)
			check_taken(&h, &r);
	}
	free(bytes);
	return 0;
}
