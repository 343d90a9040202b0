/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_NATS_WRITER_H
#define MFX_BUS_NATS_WRITER_H

#include "bus/nats/driver.h"

/*
 * A writer's state: writer.c cuts lines into messages and publishes these as a
 * whole, fast.c one by one.
 */

/* of one batch, as the server allows of one that is there as a whole */
#define BATCH_MESSAGES 1000
/* of one whose messages are there one by one */
#define FAST_MESSAGES 4000

/* a message */
struct piece {
	struct str lines;
	size_t subject, subject_n;	/* of `subjects` */
};

struct nats_writer {
	struct bus_writer head;
	struct nats_bus *bus;
	char id[33];		/* of this writer */
	uint64_t ids;		/* so many messages have one */
	uint64_t seed;
	uint64_t failed;	/* the hash of a batch that may be there; 0 */
	/* bytes of an append that failed after them, and their hash */
	size_t there;
	uint64_t there_hash;
	uint64_t last;		/* no line that may be there is before that
				 * sequence */
	/* lines one by one that may be there, the first so many of them: their
	 * bytes, hash and number, and their batch */
	struct writer_doubt {
		size_t bytes;
		uint64_t hash;
		unsigned n;
		uint64_t batch;
		unsigned sent;	/* of its messages */
		unsigned before;	/* so many are there */
		int64_t at;	/* ms: when it was sent last */
	} doubt;
	bool slow;		/* the stream takes no fast batches */
	struct buf subject;	/* "<prefix>.<stream>" and what is put after */
	size_t subject_n;
	/* the batch in hand */
	struct piece pieces[FAST_MESSAGES];
	unsigned n;
	struct buf subjects;
};

/* the value of the header Nats-Msg-Id, or of FAST_HEADER */
#define WRITER_ID_MAX 64
void writer_id(const struct nats_writer *, uint64_t number,
    char to[WRITER_ID_MAX]);

/* ---- fast.c ---- */

/* of messages one by one: so they are known again, but no server keeps an id
 * of each */
#define FAST_HEADER "Mfx-Line"

/*
 * Publishes the batch in hand, at least two messages, one by one, with the ids
 * after `ids`, and returns when the server keeps them: 1; 0 when it does not do
 * so for this stream, and nothing is there; -1.  Then *there of them are, and
 * when some of the others may be, the doubt says of which batch they are.
 */
int fast_put(struct nats_writer *, int64_t ms, unsigned *there,
    struct fault *);

/* How many of the lines in doubt are there?  When this is known no other one
 * will be.  `subject` is any that the stream has. */
int fast_settle(struct nats_writer *, const char *subject, int64_t ms,
    unsigned *there, struct fault *);

#endif
