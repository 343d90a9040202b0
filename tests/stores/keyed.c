/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mfx-write-keyed and mfx-read-keyed: a store without transactions.  A reading
 * is a line after its id, in a file that is only appended to; a second one
 * with the same id is passed over.  For tests, while FILE.away is there the
 * store is away, and it refuses readings of the name dev:bad.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/line.h"
#include "base/memory.h"
#include "base/out.h"
#include "line/records.h"
#include "store/store.h"

#define KEYED_ID 48		/* hexadecimal digits */
#define KEYED_SLOTS ((size_t)1 << 21)

struct keyed {
	const char *place;
	int fd;
	struct buf text;
	struct line_in in;
	struct out none;
	struct pack pack;
	char (*seen)[KEYED_ID];	/* a table */
};

static void
keyed_close(void *handle)
{
	struct keyed *k = handle;

	line_release(&k->in);
	if (k->fd >= 0)
		close(k->fd);
	buf_release(&k->text);
	pack_release(&k->pack);
	free(k->seen);
	free(k);
}

/* ---- writing ---- */

static bool
keyed_is_away(const struct keyed *k)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s.away", k->place);
	return access(path, F_OK) == 0;
}

static enum store_result
keyed_open_writer(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct keyed *k = memory_zero(1, sizeof *k);

	(void)watch;
	k->place = place;
	k->fd = -1;
	buf_init(&k->text, (size_t)512 << 20);
	if (keyed_is_away(k)) {
		fault_set(fault, EX_TEMPFAIL, "the store is away");
		keyed_close(k);
		return STORE_LATER;
	}
	k->fd = file_open(place, O_WRONLY | O_APPEND);
	*out = k;
	return k->fd >= 0 ? STORE_DONE : STORE_FAILED;
}

static enum store_result
keyed_write(void *handle, struct batch *b, struct fault *fault)
{
	struct keyed *k = handle;
	size_t i;

	fault_set(fault, EX_TEMPFAIL, "the store is away");
	if (keyed_is_away(k))
		return STORE_LATER;
	/* one that was killed in a line is on its own */
	buf_clear(&k->text);
	buf_putc(&k->text, '\n');
	for (i = 0; i < b->whole; i++) {
		const struct reading *r = &b->readings[i];
		struct route route = *r->route;

		if (str_eq(r->record.name, STR("dev:bad"))) {
			batch_refuse(b, i, "it is bad");
			continue;
		}
		route.has_seq = false;
		buf_printf(&k->text, "%016llx%016llx%016llx",
		    (unsigned long long)r->id.source,
		    (unsigned long long)r->id.high,
		    (unsigned long long)r->id.low);
		record_put_line(&k->text, &route, &r->record);
	}
	return write_all(k->fd, k->text.p, k->text.n) == 0 &&
	    fdatasync(k->fd) == 0 ? STORE_DONE : STORE_LATER;
}

/* ---- reading ---- */

static int
keyed_open_reader(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct keyed *k = memory_zero(1, sizeof *k);

	(void)watch;
	(void)fault;
	k->place = place;
	k->fd = -1;
	pack_init(&k->pack);
	*out = k;
	return 0;
}

static int
keyed_query(void *handle, const struct query *q, struct fault *fault)
{
	struct keyed *k = handle;

	(void)q;
	line_release(&k->in);
	if (k->fd >= 0)
		close(k->fd);
	k->fd = open(k->place, O_RDONLY | O_CLOEXEC);
	if (k->fd < 0)
		return fault_errno(fault, EX_NOINPUT, "%s", k->place);
	line_init(&k->in, k->fd, k->place, NULL);
	free(k->seen);
	k->seen = memory_zero(KEYED_SLOTS, sizeof *k->seen);
	return 0;
}

static bool
keyed_is_new(struct keyed *k, const char *id)
{
	size_t i = (size_t)hash_fold((struct str){ id, KEYED_ID });

	for (i %= KEYED_SLOTS; k->seen[i][0] != '\0';
	    i = (i + 1) % KEYED_SLOTS)
		if (memcmp(k->seen[i], id, KEYED_ID) == 0)
			return false;
	memcpy(k->seen[i], id, KEYED_ID);
	return true;
}

static int
keyed_next(void *handle, struct route *route, struct record *record,
    struct fault *fault)
{
	struct keyed *k = handle;
	struct str line;

	while (line_next(&k->in, &line) > 0) {
		/* torn: its writer was killed, and wrote it again */
		if (line.n <= KEYED_ID || line.p[line.n - 1] != '}' ||
		    !keyed_is_new(k, line.p))
			continue;
		if (pack_parse_line(&k->pack, str_from(line, KEYED_ID),
		    (struct stamp){ 0 }, route) != NULL || k->pack.n != 1)
			return fault_set(fault, EX_DATAERR, "not a line");
		*record = k->pack.records[0];
		return 1;
	}
	return 0;
}

static const struct store_driver store_keyed = {
	.name = "keyed", .operand = "FILE",
	.write_summary = "for tests", .read_summary = "for tests",
	.open_writer = keyed_open_writer, .write = keyed_write,
	.close_writer = keyed_close,
	.open_reader = keyed_open_reader, .query = keyed_query,
	.next = keyed_next, .close_reader = keyed_close,
};

int
main(int argc, char **argv)
{
	return (strstr(argv[0], "write") != NULL ? store_write_main :
	    store_read_main)(&store_keyed, argc, argv);
}
