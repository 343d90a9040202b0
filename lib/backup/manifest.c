/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/manifest.h"

#include <sodium.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "base/memory.h"
#include "base/number.h"
#include "json/object.h"

#define ARENA_MAX 65536

void
manifest_init(struct manifest *m)
{
	*m = (struct manifest){ .seed = hash_seed() };
	buf_init(&m->notes, MANIFEST_MAX / 4);
	hash_table_init(&m->table, 256);
}

void
manifest_release(struct manifest *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		free(m->files[i]->name);
		free(m->files[i]);
	}
	free(m->files);
	hash_table_release(&m->table);
	buf_release(&m->notes);
	*m = (struct manifest){ .n = 0 };
}

void
manifest_begin(struct manifest *m, struct stamp now)
{
	time_t seconds = (time_t)(now.ns / STAMP_SECOND);
	struct tm tm;
	char day[MANIFEST_ID_TEXT];

	m->time = now;
	gmtime_r(&seconds, &tm);
	strftime(day, sizeof day, "%Y%m%dT%H%M%S", &tm);
	snprintf(m->id, sizeof m->id, "%.15s.%03dZ", day,
	    (int)(now.ns % STAMP_SECOND / 1000000));
}

bool
manifest_id_valid(struct str s)
{
	static const char form[] = "00000000T000000.000Z";
	size_t i;

	if (s.n != sizeof form - 1)
		return false;
	for (i = 0; i < s.n; i++)
		if (form[i] == '0' ? s.p[i] < '0' || s.p[i] > '9' :
		    s.p[i] != form[i])
			return false;
	return true;
}

struct manifest_file *
manifest_find(const struct manifest *m, struct str name)
{
	struct hash_node *n;
	struct manifest_file *f;

	for (n = hash_first(&m->table, hash_seeded(m->seed, name)); n != NULL;
	    n = hash_next(n)) {
		f = (struct manifest_file *)n;
		if (str_eq(str_z(f->name), name))
			return f;
	}
	return NULL;
}

struct manifest_file *
manifest_add(struct manifest *m, struct str name)
{
	struct manifest_file *f;

	if (manifest_find(m, name) != NULL)
		return NULL;
	f = memory_zero(1, sizeof *f);
	f->name = memory_get(name.n + 1);
	memcpy(f->name, name.p, name.n);
	f->name[name.n] = '\0';
	if ((m->n & (m->n - 1)) == 0)
		m->files = memory_resize(m->files,
		    (m->n ? 2 * m->n : 1) * sizeof *m->files);
	m->files[m->n++] = f;
	hash_table_add(&m->table, &f->node, hash_seeded(m->seed, name));
	return f;
}

/* ---- writing ---- */

static void
manifest_put_time(struct buf *b, struct stamp t)
{
	char text[STAMP_TEXT];
	size_t n = stamp_print_utc(text, t);

	buf_puts(b, ",\"time\":\"");
	buf_put(b, text, n);
	buf_putc(b, '"');
}

static void
manifest_put_sum(struct buf *b, const unsigned char *sum)
{
	char text[2 * MANIFEST_SUM_BYTES + 1];

	sodium_bin2hex(text, sizeof text, sum, MANIFEST_SUM_BYTES);
	buf_printf(b, ",\"sum\":\"%s\"", text);
}

void
manifest_put_head(const struct manifest *m, struct buf *b)
{
	buf_printf(b, "{\"mfx-backup\":1,\"id\":\"%s\"", m->id);
	manifest_put_time(b, m->time);
	buf_printf(b, ",\"version\":\"%s\"}\n", MFX_VERSION);
}

void
manifest_put_file(struct buf *b, const struct manifest_file *f)
{
	buf_puts(b, "{\"file\":");
	json_put_string(b, str_z(f->name));
	buf_printf(b, ",\"size\":%llu,\"mode\":\"%o\"",
	    (unsigned long long)f->size, f->mode);
	manifest_put_time(b, f->changed);
	manifest_put_sum(b, f->sum);
	if (f->at[0] != '\0')
		buf_printf(b, ",\"at\":\"%s\"", f->at);
	buf_puts(b, "}\n");
}

static void
manifest_sum(unsigned char sum[MANIFEST_SUM_BYTES], struct str text)
{
	crypto_generichash(sum, MANIFEST_SUM_BYTES,
	    (const unsigned char *)(text.p ? text.p : ""), text.n, NULL, 0);
}

void
manifest_put(const struct manifest *m, struct buf *b)
{
	unsigned char sum[MANIFEST_SUM_BYTES];
	size_t i;

	manifest_put_head(m, b);
	buf_put_str(b, buf_str(&m->notes));
	for (i = 0; i < m->n; i++)
		manifest_put_file(b, m->files[i]);
	manifest_sum(sum, buf_str(b));
	buf_printf(b, "{\"files\":%zu,\"bytes\":%llu", m->n,
	    (unsigned long long)m->bytes);
	manifest_put_sum(b, sum);
	buf_puts(b, "}\n");
}

/* ---- reading ---- */

static bool
manifest_take_sum(unsigned char sum[MANIFEST_SUM_BYTES], struct str text)
{
	size_t n;

	return text.n == 2 * MANIFEST_SUM_BYTES &&
	    sodium_hex2bin(sum, MANIFEST_SUM_BYTES, text.p, text.n, NULL, &n,
	    NULL) == 0 && n == MANIFEST_SUM_BYTES;
}

static bool
manifest_take_number(struct str text, uint64_t max, uint64_t *to)
{
	return text.p != NULL && number_digits(text, max, to);
}

static bool
manifest_take_id(char to[MANIFEST_ID_TEXT], struct str id)
{
	if (!manifest_id_valid(id))
		return false;
	memcpy(to, id.p, id.n);
	to[id.n] = '\0';
	return true;
}

static bool
manifest_take_mode(struct str text, unsigned *mode)
{
	size_t i;

	*mode = 0;
	for (i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '7')
			return false;
		*mode = *mode << 3 | (unsigned)(text.p[i] - '0');
	}
	return text.n > 0 && text.n <= 3;
}

static const char *
manifest_take_file(struct manifest *m, const struct object_field *f)
{
	char member[MEMBER_NAME_MAX + 1];
	struct manifest_file *x;
	int n = snprintf(member, sizeof member, "site/%.*s",
	    STR_ARG(f[0].value));

	/* a NUL in it would hide what follows */
	if (n < 0 || (size_t)n >= sizeof member ||
	    strlen(member) != f[0].value.n + 5 ||
	    !member_name_valid(str_z(member)))
		return "not a name below the site";
	if (m->n == MANIFEST_FILES_MAX)
		return "too many files";
	if ((x = manifest_add(m, f[0].value)) == NULL)
		return "a file that is there already";
	if (!manifest_take_number(f[1].value, MEMBER_SIZE_MAX, &x->size) ||
	    !manifest_take_mode(f[2].value, &x->mode) ||
	    !stamp_parse(f[3].value, m->time, &x->changed) ||
	    !manifest_take_sum(x->sum, f[4].value) ||
	    (f[5].value.p != NULL && !manifest_take_id(x->at, f[5].value)))
		return "not a file";
	m->bytes += x->size;
	return NULL;
}

static const char *
manifest_read_file(struct manifest *m, struct str line, struct arena *arena)
{
	struct object_field f[] = {
		{ "file", OBJECT_TEXT, STR_NONE, false },
		{ "size", OBJECT_NUMBER, STR_NONE, false },
		{ "mode", OBJECT_TEXT, STR_NONE, false },
		{ "time", OBJECT_TEXT, STR_NONE, false },
		{ "sum", OBJECT_TEXT, STR_NONE, false },
		{ "at", OBJECT_TEXT, STR_NONE, false },
	};
	const char *why = object_read_strict(line, f, 6, arena);

	return why != NULL ? why : manifest_take_file(m, f);
}

static const char *
manifest_read_head(struct manifest *m, struct str line, struct arena *arena)
{
	struct object_field f[] = {
		{ "mfx-backup", OBJECT_NUMBER, STR_NONE, false },
		{ "id", OBJECT_TEXT, STR_NONE, false },
		{ "time", OBJECT_TEXT, STR_NONE, false },
		{ "version", OBJECT_TEXT, STR_NONE, false },
	};
	const char *why = object_read(line, f, 4, arena);

	if (why != NULL)
		return why;
	if (f[0].value.p == NULL)
		return "not the manifest of a backup";
	if (!str_eq(f[0].value, STR("1")))
		return "made by a newer version";
	if (!manifest_take_id(m->id, f[1].value) || f[2].value.p == NULL ||
	    !stamp_parse(f[2].value, (struct stamp){ 0 }, &m->time))
		return "not the manifest of a backup";
	return NULL;
}

/* `before`: the bytes before this line */
static const char *
manifest_read_end(const struct manifest *m, struct str line,
    struct str before, struct arena *arena)
{
	unsigned char sum[MANIFEST_SUM_BYTES], real[MANIFEST_SUM_BYTES];
	uint64_t files, bytes;
	struct object_field f[] = {
		{ "files", OBJECT_NUMBER, STR_NONE, false },
		{ "bytes", OBJECT_NUMBER, STR_NONE, false },
		{ "sum", OBJECT_TEXT, STR_NONE, false },
	};
	const char *why = object_read_strict(line, f, 3, arena);

	if (why != NULL)
		return why;
	manifest_sum(real, before);
	if (!manifest_take_number(f[0].value, UINT64_MAX, &files) ||
	    !manifest_take_number(f[1].value, UINT64_MAX, &bytes) ||
	    !manifest_take_sum(sum, f[2].value))
		return "not the end of a manifest";
	if (files != m->n || bytes != m->bytes ||
	    memcmp(sum, real, sizeof sum) != 0)
		return "the sum of the manifest is wrong";
	return NULL;
}

/* any object */
static const char *
manifest_read_note(struct manifest *m, struct str line, struct arena *arena)
{
	struct object_field f = { "stream", OBJECT_TEXT, STR_NONE, false };
	const char *why = object_read(line, &f, 1, arena);

	if (why == NULL) {
		buf_put_str(&m->notes, line);
		buf_putc(&m->notes, '\n');
	}
	return why == NULL && m->notes.full ? "too many notes" : why;
}

int
manifest_read(struct manifest *m, struct str text, const char *place,
    struct fault *fault)
{
	struct str rest = text, line;
	const char *why = NULL;
	struct arena arena;
	unsigned long n = 0;
	bool ended = false;

	arena_init(&arena, ARENA_MAX);
	while (why == NULL && str_take_line(&rest, &line)) {
		arena_reset(&arena);
		if (n++ == 0)
			why = manifest_read_head(m, line, &arena);
		else if (ended)
			why = "lines after the end";
		else if (str_starts(line, STR("{\"file\":")))
			why = manifest_read_file(m, line, &arena);
		else if ((ended = str_starts(line, STR("{\"files\":"))))
			why = manifest_read_end(m, line, (struct str){ text.p,
			    (size_t)(line.p - text.p) }, &arena);
		else
			why = manifest_read_note(m, line, &arena);
	}
	if (why != NULL)
		fault_set(fault, EX_DATAERR, "%s: manifest, line %lu: %s",
		    place, n, why);
	else if (!ended || rest.n > 0)
		why = "cut off", fault_set(fault, EX_DATAERR,
		    "%s: manifest: cut off", place);
	arena_release(&arena);
	return why != NULL ? -1 : 0;
}
