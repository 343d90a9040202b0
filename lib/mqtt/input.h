/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_INPUT_H
#define MFX_MQTT_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/filter.h"
#include "bus/tail.h"
#include "line/canonical.h"

/*
 * The lines to be delivered: from stdin, or from a stream of the bus, where
 * a group says how far they are, and is moved.  As filter.h it speaks for
 * the program.
 */
struct input {
	struct filter f;	/* of stdin; refused lines and the status */
	bool ended;		/* all has been read */
	bool hung_up;		/* no process writes to stdin any more */
	const char *stream;	/* NULL: none is known */
	/* private */
	struct bus *bus;	/* the caller's */
	struct bus_tail *tail;	/* NULL: stdin, without a group */
	bool grouped;		/* a group is moved */
	struct canonical canonical;	/* of lines of stdin */
	bool reads;		/* from the bus, not from stdin */
	int fd;			/* that tells of more */
	bool finite;		/* stdin is a file: its end is near */
	struct bus_lines run;	/* of the bus */
	uint64_t moved;		/* where the group is */
	bool behind;		/* it could not be moved */
	int64_t move_at;	/* ms, CLOCK_MONOTONIC */
	char names[2][BUS_NAME_MAX + 1];
};

/* where a line came from, for messages: "raw@4711", "<stdin>:12" */
struct input_place {
	bool by_seq;		/* n is its position in the stream */
	uint64_t n;
};

/* one line, borrowed until the next one is asked for */
struct input_line {
	struct str text;
	uint64_t seq;		/* where it ends on the bus; 0: it may say so
				 * itself */
	struct input_place place;
};

/*
 * From stdin with `input` NULL, where `ack` names a group to be moved, or is
 * NULL; or from `input`, "stream" from its end on, or "stream/group".  A new
 * group begins at the end.  Whether it fails or not, input_close() follows.
 */
int input_open(struct input *, struct bus *, const char *input,
    const char *ack, const char *rejects, struct fault *);
/* gives the exit status */
int input_close(struct input *);

/* the position that it begins at, so far as that is known; else 0 */
uint64_t input_start(const struct input *);

/* what to wait for; fd -1 when there is nothing */
int input_fd(const struct input *);
bool input_is_bus(const struct input *);
/* Once in a turn: has its writer gone?  Asked before what was there has been
 * read, too.  And has the group been moved? */
void input_look(struct input *);
/* does the bus answer, as far as is known? */
int input_check(struct input *, struct fault *);
/* nothing more will come, so far as can be seen without reading */
bool input_at_end(const struct input *);

/* false when there is none now, or none any more */
bool input_next(struct input *, struct input_line *);

/* says why, with its place, and puts it to the rejects */
void input_reject(struct input *, struct input_place, struct str line,
    const char *why);

/* All up to `seq` is delivered, or refused, which is written before
 * input_reject returns: the group is moved there, if need be and not too often,
 * unless `at_once`.
 * input_is_due: there is something to move. */
void input_move(struct input *, uint64_t seq, bool at_once);
bool input_is_due(const struct input *, uint64_t seq);
/* the same at the end: waits for it, at most so many ms */
void input_settle(struct input *, uint64_t seq, int64_t ms);

#endif
