/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_EXCHANGE_H
#define MFX_COAP_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What was answered to which message, so that one that comes again (RFC
 * 7252 4.5: its answer was lost) gets the same answer and is stored once.
 *
 *	switch (exchange_begin(&x, id, n, now, &exchange)) …
 *	exchange_end(&x, exchange.tag, code, why);
 *
 * Remembered for EXCHANGE_SECONDS, but not more than the last EXCHANGES;
 * of an id only a 64-bit SipHash under a key of this process is kept.
 */
#define EXCHANGE_SECONDS 247	/* EXCHANGE_LIFETIME */
#define EXCHANGES (1 << 17)

struct exchange {
	uint64_t tag;		/* 0: nothing */
	const char *why;	/* diagnostic; static, or NULL */
	uint32_t second;	/* when it began */
	uint8_t code;		/* of the answer; 0: there is none yet */
};

struct exchanges {
	struct exchange *entries;
	unsigned turn;
	unsigned char secret[16];
};

enum exchange_state {
	EXCHANGE_NEW,
	EXCHANGE_BUSY,		/* being worked on: its answer will come */
	EXCHANGE_DONE,		/* *out says what was answered */
};

void exchanges_init(struct exchanges *);
void exchanges_release(struct exchanges *);

/* `id` is all that tells this message from others; `now` in seconds of a
 * clock that does not jump */
enum exchange_state exchange_begin(struct exchanges *, const void *id,
    size_t n, int64_t now, struct exchange *out);
void exchange_end(struct exchanges *, uint64_t tag, uint8_t code,
    const char *why);

#endif
