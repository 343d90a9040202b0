/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_NATS_SUBJECT_H
#define MFX_BUS_NATS_SUBJECT_H

#include "base/buf.h"
#include "bus/bus.h"

/*
 * Names and positions of a bus in JetStream, mfx-bus(5).
 *
 * A token is one level of a subject.  Letters and digits of ASCII, '_' and '-'
 * stand for themselves, any other byte is "=XX" in hexadecimal, and "=" alone
 * is the empty text.  So no text can have a dot, a wildcard or a space in it,
 * and no two texts have the same token, but for long ones: of these the
 * beginning is kept, and "=h" with a hash of all follows.
 */
#define TOKEN_MAX 96
/* of a subject after the stream; a server takes 4096 bytes with the rest */
#define SUBJECT_MAX 640

void token_put(struct buf *, struct str text);
/* of the name of a stream or a group, whatever its length */
void token_put_name(struct buf *, struct str name);
/* the name that token_put_name has put; false when it is not one of those */
bool token_read_name(struct str token, char name[BUS_NAME_MAX + 1]);

/* ".<a>.<b>.<channel>[.<level>...]": what follows the stream in the subject of
 * a line, where a and b are the channel's hash (bus_shard_has) modulo SLOT_A
 * and SLOT_B.  The levels of a subtopic that do not fit are one token
 * together. */
void subject_put(struct buf *, struct str channel, struct str subtopic);

/* does it begin with a and b of that channel? */
bool subject_is_of(const char *subject, struct str channel);

/*
 * By a and b a server gives a part of N what is its own, when N divides their
 * product, 240; of any other N all that is of the part of the greatest common
 * divisor.  They have no common divisor, so few subjects do: 8 for half of a
 * stream, 5 for a third, 40 for a sixth.
 */
#define SLOT_A 16
#define SLOT_B 15
/* a stream whose lines all have them says so in its metadata: those made by
 * older versions have lines that go without */
#define SLOTS_KEY "mfx-shards"
#define SLOTS_TEXT "16.15"

/* are all lines of one part, whatever it is? */
bool shard_is_all(const struct bus_shard *);
/* ".<a>.<b>.>" of the kth subject, from 0, that a part consists of; false,
 * and nothing put, when it has no more */
bool shard_put(struct buf *, const struct bus_shard *, unsigned k);

/*
 * Positions.  A message has up to MESSAGE_LINES lines.  The last line of the
 * message with the sequence s has the position s * 4096, the ith of those
 * before it (s - 1) * 4096 + i: all messages up to position / 4096 have been
 * seen, and that many lines of the next one.
 */
#define MESSAGE_BITS 12
#define MESSAGE_LINES (1u << MESSAGE_BITS)
#define SEQUENCE_MAX (UINT64_MAX >> (MESSAGE_BITS + 2))

/* of line i of n, from 1, in the message `sequence` */
static inline uint64_t
place_of(uint64_t sequence, unsigned i, unsigned n)
{
	return i == n ? sequence << MESSAGE_BITS :
	    ((sequence - 1) << MESSAGE_BITS | i);
}

/* the last message that has been seen as a whole */
static inline uint64_t
place_sequence(uint64_t position)
{
	return position >> MESSAGE_BITS;
}

/* lines of the message after it that have been seen */
static inline unsigned
place_lines(uint64_t position)
{
	return (unsigned)(position & (MESSAGE_LINES - 1));
}

#endif
