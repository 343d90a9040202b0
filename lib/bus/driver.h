/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_DRIVER_H
#define MFX_BUS_DRIVER_H

#include "base/nearest.h"
#include "base/number.h"
#include "bus/bus.h"

/*
 * What keeps the lines of a bus.  driver.c has the functions of bus.h, which
 * are about any bus; it checks names and calls the driver.  A driver's own
 * structs begin with those below, and its `open` fills them in, but for
 * bus.driver.  Its functions return what those of bus.h do, and never get a
 * bad name.
 *
 * A new driver is a folder, a row in driver.c, and passes
 * tests/bus_conformance.bats with its URL.  One that needs a library is a
 * module (bus/module.h).
 */
struct bus {
	const struct bus_driver *driver;
	const char *name;	/* for messages: no secret in it */
	int patience;		/* bus_set_patience */
};

struct bus_writer {
	struct bus *bus;
	char stream[BUS_NAME_MAX + 1];
};

struct bus_reader {
	struct bus *bus;
	char stream[BUS_NAME_MAX + 1];
	uint64_t pos;		/* of the next line; the driver moves it */
	/* the driver sets them: not equal when lines between them are gone */
	uint64_t gone_from, gone_to;
	int watch;		/* -1 until `watch` has given it */
	struct bus_shard shard;	/* lines of others may be left out */
};

struct bus_group {
	struct bus *bus;
	char stream[BUS_NAME_MAX + 1], name[BUS_NAME_MAX + 1];
	bool forces;		/* bus_group_force */
};

/* how a group is moved */
enum bus_put {
	BUS_PUT_MOVE,		/* by a sink */
	BUS_PUT_SEEK,		/* by hand: see bus_group_sought */
	BUS_PUT_CREATE,		/* as by hand, but only when there is none: one
				 * that a sink has made meanwhile is left */
};

/* roles that a group is leased for, each to one process */
#define BUS_ROLE_READER "reader"
#define BUS_ROLE_SOURCE "relay"		/* its name in files, for ever */

/* in all of them: the driver allocates, and close frees, its own struct */
struct bus_writer_ops {
	int (*open)(struct bus_writer **, struct bus *, const char *stream,
	    enum bus_sync, struct fault *);
	void (*close)(struct bus_writer *);
	/* Where a server says later that it has the lines, append keeps a
	 * bounded number of them on their way and waits when there are more,
	 * and commit waits for all.  With a source, the group and `at` are
	 * what the same lines are known by when they come again. */
	int (*append)(struct bus_writer *, struct str lines,
	    struct bus_source *, uint64_t *seq, struct fault *);
	int (*append_each)(struct bus_writer *, struct str *lines,
	    struct fault *);
	int (*commit)(struct bus_writer *, struct fault *);
	int (*check)(struct bus_writer *, struct fault *);
};

struct bus_reader_ops {
	int (*open)(struct bus_reader **, struct bus *, const char *stream,
	    uint64_t from, struct fault *);
	void (*close)(struct bus_reader *);
	int (*read)(struct bus_reader *, struct bus_lines *, struct fault *);
	/* what the last read returned; NULL: there is nothing to be done */
	int (*sync)(struct bus_reader *, struct fault *);
	/* an fd that becomes readable when there may be more, or -1 with
	 * errno; called once, and then `woken` empties it: 0, -1 with errno.
	 * While there is no such stream, its creation counts as more. */
	int (*watch)(struct bus_reader *);
	int (*woken)(struct bus_reader *);
};

struct bus_group_ops {
	/* with a target it is not a group of this bus, but says how far lines
	 * of another one's stream have got into the target: `all` does not
	 * list it, and it does not matter to the stream here */
	int (*open)(struct bus_group **, struct bus *, const char *stream,
	    const char *group, const char *target, struct fault *);
	void (*close)(struct bus_group *);
	/* -1 and EX_DATAERR for a group that is there and is damaged */
	int (*get)(struct bus_group *, uint64_t *seq, struct fault *);
	int (*put)(struct bus_group *, uint64_t seq, enum bus_put,
	    struct fault *);
	bool (*sought)(struct bus_group *, uint64_t seq);
	/* all of the state that it knows; NULL: none */
	int (*look)(struct bus_group *, struct bus_group_state *,
	    struct fault *);
	/* until it is closed; EX_TEMPFAIL; does nothing when it has one */
	int (*lease)(struct bus_group *, const char *role, struct fault *);
	/* Of members (members.h): is the role free?  1, and with `take` it is
	 * ours; 0 when another has it, which counts as gone when it has not
	 * answered for `silent` ms; -1. */
	int (*claim)(struct bus_group *, const char *role, int64_t silent,
	    bool take, struct fault *);
	/* Asks the holders of several roles at once, so that the next `claim`
	 * of each waits for none; *again: when one that has not answered is to
	 * be asked the second time (clock_ms), 0: none is.  NULL: no claim
	 * waits. */
	int (*ask)(struct bus_group *const *, const char *const *roles,
	    unsigned n, int64_t silent, int64_t *again, struct fault *);
	/* is what was leased still ours?  1, 0, -1 */
	int (*holds)(struct bus_group *, struct fault *);
	void (*release)(struct bus_group *);
	int (*remove)(struct bus_group *, struct fault *);
	int (*all)(struct bus *, const char *stream, bus_group_fn *,
	    void *arg, struct fault *);
};

struct bus_source_ops {
	/* with a leased group; finishes what a killed source has begun and
	 * sets `done` */
	int (*open)(struct bus_source **, struct bus_writer *,
	    struct bus_group *, struct fault *);
	void (*close)(struct bus_source *);
	/* moves the group to at->whole, and keeps what is left of `at` */
	int (*ack)(struct bus_source *, struct fault *);
};

struct bus_driver {
	const char *scheme;	/* before the ':' of a URL */
	const char *unit;	/* see bus_unit */
	unsigned unit_bits;	/* positions in one, as a power of 2 */
	bool waits;		/* its calls wait for a server */
	const struct bus_writer_ops *writer;
	const struct bus_reader_ops *reader;
	const struct bus_group_ops *group;
	const struct bus_source_ops *source;

	/* `rest` follows the scheme's ':'; NULL: the site's own bus */
	int (*open)(struct bus **, const char *rest, struct fault *);
	void (*close)(struct bus *);
	/* from any thread: what waits for a server gives up; NULL: nothing
	 * does */
	void (*abandon)(struct bus *);
	/* 1; 0 when there is no such stream, -1 */
	int (*exists)(struct bus *, const char *stream, struct fault *);
	int (*streams)(struct bus *, bus_stream_fn *, void *arg,
	    struct fault *);
	/* the end of a stream, or by time */
	int (*find)(struct bus *, const char *stream,
	    const struct bus_where *, uint64_t *seq, struct fault *);
	int (*stat)(struct bus *, const char *stream, struct bus_stat *,
	    struct fault *);
	int (*lag)(struct bus *, const char *stream, uint64_t seq,
	    uint64_t *lag, struct fault *);
	int (*prune)(struct bus *, const char *stream, struct bus_prune *,
	    struct fault *);
	int (*verify)(struct bus *, const char *stream, struct bus_health *,
	    bus_tell_fn *, void *arg, struct fault *);
};

extern const struct bus_driver bus_dir_driver;

/* the nearest (nearest.h) of the names that are tried; copied */
struct near_name {
	struct nearest near;
	char best[BUS_NAME_MAX + 1];
};

void near_name_try(struct near_name *, const char *name);

/* EX_NOINPUT: there is no such stream; says what may have been meant */
int bus_no_stream(struct bus *, const char *stream, struct fault *);

/* a position is below this, so that the sum of two fits */
#define POSITION_MAX (UINT64_C(1) << 62)

static inline bool
position_parse(struct str s, uint64_t *seq)
{
	return number_digits(s, POSITION_MAX, seq);
}

#endif
