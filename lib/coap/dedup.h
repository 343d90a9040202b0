/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_DEDUP_H
#define MFX_COAP_DEDUP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Deduplication of messages (RFC 7252 4.5): a message that is repeated because
 * its answer was lost gets the same answer again, and is stored once.
 *
 *	switch (dedup_begin(&dedup, id, n, now, &entry)) ...
 *	dedup_end(&dedup, entry.tag, code, why);
 *
 * A message is remembered for DEDUP_SECONDS, and at most the last DEDUP_ENTRIES
 * are.  Of its id only a 64-bit SipHash under a key of this process is kept.
 */
#define DEDUP_SECONDS 247	/* EXCHANGE_LIFETIME */
#define DEDUP_ENTRIES (1 << 17)

struct dedup_entry {
	uint64_t tag;		/* 0: nothing */
	const char *why;	/* diagnostic; static, or NULL */
	uint32_t second;	/* when it began */
	uint8_t code;		/* of the answer; 0: there is none yet */
};

struct dedup {
	struct dedup_entry *entries;
	unsigned turn;
	unsigned char secret[16];
};

enum dedup_state {
	DEDUP_NEW,
	DEDUP_BUSY,		/* not answered yet */
	DEDUP_DONE,		/* *out has the answer */
};

void dedup_init(struct dedup *);
void dedup_release(struct dedup *);

/* `id` is all that tells this message from others; `now` is in seconds of a
 * monotonic clock */
enum dedup_state dedup_begin(struct dedup *, const void *id,
    size_t n, int64_t now, struct dedup_entry *out);
void dedup_end(struct dedup *, uint64_t tag, uint8_t code,
    const char *why);

#endif
