/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/labels.h"

#include <stdlib.h>

#include "base/memory.h"
#include "sqlite/db.h"
#include "store/sqlite/series.h"

/* of `max` bytes: as many slots as there is room for series with texts of
 * the usual length */
#define SLOT_SHARE 128

enum {
	LABELS_CHANNEL, LABELS_PUBLISHER, LABELS_PROTOCOL, LABELS_SUBTOPIC,
	LABELS_NAME, LABELS_UNIT, LABELS_CONTENT_TYPE, LABELS_TEXTS,
	LABELS_KIND = LABELS_TEXTS, LABELS_VERSION
};

struct labels {
	uint32_t n[LABELS_TEXTS];	/* lengths */
	uint8_t kind, version;
	char text[];		/* one after the other */
};

struct sqlite_labels_slot {
	int64_t series;
	struct labels *labels;	/* NULL: free */
};

int
sqlite_labels_open(struct sqlite_labels *l, sqlite3 *db, size_t max,
    struct fault *fault)
{
	*l = (struct sqlite_labels){ .stmt = NULL };
	arena_init(&l->kept, max);
	return db_prepare(db, "SELECT channel, publisher, protocol,"
	    " subtopic, name, unit, content_type, kind, version FROM series"
	    " WHERE id = ?1", &l->stmt, fault);
}

void
sqlite_labels_forget(struct sqlite_labels *l)
{
	free(l->slots);
	l->slots = NULL;
	arena_release(&l->kept);
}

void
sqlite_labels_close(struct sqlite_labels *l)
{
	sqlite3_finalize(l->stmt);
	sqlite_labels_forget(l);
}

/* Numbers are given one after the other, so the low bits tell apart. */
static struct sqlite_labels_slot *
labels_slot(struct sqlite_labels *l, int64_t series)
{
	size_t n = l->kept.max / SLOT_SHARE;

	if (l->slots == NULL)
		l->slots = memory_zero(n, sizeof *l->slots);
	return &l->slots[(size_t)series & (n - 1)];
}

static struct labels *
labels_room(struct sqlite_labels *l, size_t n)
{
	struct labels *room = arena_alloc(&l->kept, sizeof *room + n);

	if (room != NULL)
		return room;
	sqlite_labels_forget(l);
	return arena_alloc(&l->kept, sizeof *room + n);
}

static enum value_kind
labels_kind(sqlite3_stmt *stmt)
{
	const char *name = (const char *)sqlite3_column_text(stmt,
	    LABELS_KIND);
	int i;

	for (i = 0; i < 5; i++)
		if (name != NULL && strcmp(name, sqlite_kinds[i]) == 0)
			return (enum value_kind)i;
	return VALUE_NONE;
}

/* The row that the statement is at; NULL: more than there is room for. */
static struct labels *
labels_keep(struct sqlite_labels *l)
{
	struct labels *kept;
	char *to;
	size_t n = 0;
	int i;

	for (i = 0; i < LABELS_TEXTS; i++)
		n += (size_t)sqlite3_column_bytes(l->stmt, i);
	if ((kept = labels_room(l, n)) == NULL)
		return NULL;
	to = kept->text;
	for (i = 0; i < LABELS_TEXTS; i++) {
		kept->n[i] = (uint32_t)sqlite3_column_bytes(l->stmt, i);
		if (kept->n[i] > 0)
			memcpy(to, sqlite3_column_blob(l->stmt, i),
			    kept->n[i]);
		to += kept->n[i];
	}
	kept->kind = (uint8_t)labels_kind(l->stmt);
	kept->version = (uint8_t)sqlite3_column_int(l->stmt, LABELS_VERSION);
	return kept;
}

static int
labels_read(struct sqlite_labels *l, int64_t series)
{
	struct labels *labels;
	int rc;

	sqlite3_bind_int64(l->stmt, 1, series);
	rc = sqlite3_step(l->stmt);
	if (rc == SQLITE_ROW) {
		labels = labels_keep(l);
		*labels_slot(l, series) = (struct sqlite_labels_slot){
			series, labels
		};
		rc = labels != NULL ? SQLITE_OK : SQLITE_TOOBIG;
	} else if (rc == SQLITE_DONE) {
		rc = SQLITE_CORRUPT;
	}
	sqlite3_reset(l->stmt);
	return rc;
}

static inline struct str
labels_next(const char **p, uint32_t n)
{
	struct str s = { *p, n };

	*p += n;
	return s;
}

int
sqlite_labels_get(struct sqlite_labels *l, int64_t series,
    struct route *route, struct record *record)
{
	const struct sqlite_labels_slot *slot = labels_slot(l, series);
	const struct labels *kept;
	const char *p;
	int rc;

	if (slot->labels == NULL || slot->series != series) {
		if ((rc = labels_read(l, series)) != SQLITE_OK)
			return rc;
		slot = labels_slot(l, series);
	}
	kept = slot->labels;
	p = kept->text;
	*route = (struct route){ .has_seq = false };
	*record = (struct record){
		.kind = (enum value_kind)kept->kind,
		.version = kept->version,
	};
	route->channel = labels_next(&p, kept->n[LABELS_CHANNEL]);
	route->publisher = labels_next(&p, kept->n[LABELS_PUBLISHER]);
	route->protocol = labels_next(&p, kept->n[LABELS_PROTOCOL]);
	route->subtopic = labels_next(&p, kept->n[LABELS_SUBTOPIC]);
	record->name = labels_next(&p, kept->n[LABELS_NAME]);
	record->unit = labels_next(&p, kept->n[LABELS_UNIT]);
	if (kept->n[LABELS_CONTENT_TYPE] > 0)
		record->ct = labels_next(&p, kept->n[LABELS_CONTENT_TYPE]);
	return SQLITE_OK;
}
