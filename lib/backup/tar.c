/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/tar.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/utf8.h"

#define BLOCK 512
#define PAX_MAX 8192
#define OCTAL_SIZE_MAX ((UINT64_C(1) << 33) - 1)

/* POSIX.1-2008, pax, "ustar Interchange Format" */
struct tar_head {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12];
	char sum[8], type, link[100], magic[6], version[2];
	char user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};

_Static_assert(sizeof(struct tar_head) == BLOCK, "a block");

bool
member_name_valid(struct str s)
{
	size_t i, part = 0;

	if (s.n == 0 || s.n > MEMBER_NAME_MAX)
		return false;
	for (i = 0; i <= s.n; i++) {
		unsigned char c = i < s.n ? (unsigned char)s.p[i] : '/';

		if (c < ' ' || c == 0x7f)
			return false;
		if (c != '/')
			continue;
		if (i == part || i - part > 255 ||
		    (i - part == 1 && s.p[part] == '.') ||
		    (i - part == 2 && memcmp(s.p + part, "..", 2) == 0))
			return false;
		part = i + 1;
	}
	return true;
}

/* ---- writing ---- */

static size_t
tar_padding(uint64_t size)
{
	return (size_t)(-size & (BLOCK - 1));
}

static unsigned
tar_sum(const struct tar_head *h)
{
	const unsigned char *p = (const unsigned char *)h;
	size_t i, from = offsetof(struct tar_head, sum);
	unsigned sum = 0;

	for (i = 0; i < BLOCK; i++)
		sum += i >= from && i < from + sizeof h->sum ? ' ' : p[i];
	return sum;
}

/* false: the name does not fit */
static bool
tar_put_name(struct tar_head *h, const char *name)
{
	size_t n = strlen(name), i;

	if (n <= sizeof h->name) {
		memcpy(h->name, name, n);
		return true;
	}
	for (i = n - sizeof h->name - 1; i < n && i <= sizeof h->prefix; i++)
		if (name[i] == '/' && i > 0 && i + 1 < n) {
			memcpy(h->prefix, name, i);
			memcpy(h->name, name + i + 1, n - i - 1);
			return true;
		}
	memcpy(h->name, name, sizeof h->name);
	return false;
}

static int
tar_put_head(struct seal_out *o, const char *name, uint64_t size, char type,
    const struct member *m, bool *fits, struct fault *fault)
{
	struct tar_head h = { .type = type };
	uint64_t time = m->time > 0 ? (uint64_t)m->time : 0;

	*fits = tar_put_name(&h, name) && size <= OCTAL_SIZE_MAX;
	snprintf(h.mode, sizeof h.mode, "%07o", m->mode & 07777);
	snprintf(h.uid, sizeof h.uid, "%07o", 0);
	snprintf(h.gid, sizeof h.gid, "%07o", 0);
	snprintf(h.size, sizeof h.size, "%011llo",
	    (unsigned long long)(size & OCTAL_SIZE_MAX));
	snprintf(h.mtime, sizeof h.mtime, "%011llo",
	    (unsigned long long)(time & OCTAL_SIZE_MAX));
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	snprintf(h.sum, sizeof h.sum, "%06o", tar_sum(&h) & 0777777);
	h.sum[7] = ' ';
	return seal_out_put(o, &h, sizeof h, fault);
}

/* "LENGTH key=value\n", where LENGTH counts itself */
static void
tar_put_record(struct buf *b, const char *key, const char *value)
{
	size_t n = strlen(key) + strlen(value) + 3, digits = 1, tens;

	for (tens = 10; n + digits >= tens; tens *= 10)
		digits++;
	buf_printf(b, "%zu %s=%s\n", n + digits, key, value);
}

static int
tar_put_pax(struct seal_out *o, const struct member *m, struct fault *fault)
{
	struct member x = { .mode = 0600, .time = m->time };
	char size[24];
	struct buf b;
	bool fits;
	int r;

	buf_init(&b, PAX_MAX);
	snprintf(size, sizeof size, "%llu", (unsigned long long)m->size);
	tar_put_record(&b, "path", m->name);
	tar_put_record(&b, "size", size);
	x.size = b.n;
	r = tar_put_head(o, "pax", b.n, 'x', &x, &fits, fault);
	if (r == 0)
		r = seal_out_put(o, b.p, b.n, fault);
	if (r == 0)
		r = tar_out_end(o, &x, fault);
	buf_release(&b);
	return r;
}

int
tar_out_begin(struct seal_out *o, const struct member *m, struct fault *fault)
{
	struct tar_head probe = { .type = '0' };
	bool fits = tar_put_name(&probe, m->name) && m->size <= OCTAL_SIZE_MAX;

	if (!fits && tar_put_pax(o, m, fault) < 0)
		return -1;
	return tar_put_head(o, m->name, m->size, '0', m, &fits, fault);
}

int
tar_out_end(struct seal_out *o, const struct member *m, struct fault *fault)
{
	static const char zeros[BLOCK];

	return seal_out_put(o, zeros, tar_padding(m->size), fault);
}

int
tar_out_finish(struct seal_out *o, struct fault *fault)
{
	static const char zeros[2 * BLOCK];

	return seal_out_put(o, zeros, sizeof zeros, fault);
}

/* ---- reading ---- */

static int
tar_refuse(const struct tar_in *t, const char *what, struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "%s: member %llu, byte %llu: %s",
	    t->in->name, (unsigned long long)t->members,
	    (unsigned long long)t->in->taken, what);
}

/* octal digits up to a NUL, a space or the end of the field */
static bool
tar_number(const char *p, size_t n, uint64_t *to)
{
	size_t i = 0;

	*to = 0;
	while (i < n && p[i] == ' ')
		i++;
	if (i == n || p[i] < '0' || p[i] > '7')
		return false;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		*to = *to << 3 | (uint64_t)(p[i] - '0');
	return i == n || p[i] == '\0' || p[i] == ' ';
}

static struct str
tar_text(const char *p, size_t n)
{
	const char *end = memchr(p, '\0', n);

	return (struct str){ p, end ? (size_t)(end - p) : n };
}

static bool
tar_name(char to[MEMBER_NAME_MAX + 1], struct str name)
{
	if (!member_name_valid(name))
		return false;
	memcpy(to, name.p, name.n);
	to[name.n] = '\0';
	return true;
}

static bool
tar_take_name(struct member *m, const struct tar_head *h)
{
	struct str prefix = tar_text(h->prefix, sizeof h->prefix);
	struct str name = tar_text(h->name, sizeof h->name);
	char whole[sizeof h->prefix + sizeof h->name + 2];
	int n = snprintf(whole, sizeof whole, "%.*s%s%.*s", STR_ARG(prefix),
	    prefix.n ? "/" : "", STR_ARG(name));

	return n > 0 && tar_name(m->name, str_z(whole));
}

/* what may stand in a pax header: a name and a size, each once */
struct tar_pax {
	bool named, sized;
	char name[MEMBER_NAME_MAX + 1];
	uint64_t size;
};

static bool
tar_take_record(struct tar_pax *x, struct str *rest)
{
	const char *space = memchr(rest->p, ' ', rest->n), *equals;
	struct str key, value;
	uint64_t n, head;

	if (space == NULL || !number_digits((struct str){ rest->p,
	    (size_t)(space - rest->p) }, PAX_MAX, &n))
		return false;
	head = (uint64_t)(space + 1 - rest->p);
	if (n > rest->n || n < head + 2 || rest->p[n - 1] != '\n')
		return false;
	key = (struct str){ space + 1, (size_t)(n - head) - 1 };
	if ((equals = memchr(key.p, '=', key.n)) == NULL)
		return false;
	value = str_from(key, (size_t)(equals + 1 - key.p));
	key.n = (size_t)(equals - key.p);
	*rest = str_from(*rest, (size_t)n);
	if (str_eq(key, STR("path")) && !x->named)
		return x->named = tar_name(x->name, value);
	if (str_eq(key, STR("size")) && !x->sized)
		return x->sized = number_digits(value, MEMBER_SIZE_MAX,
		    &x->size);
	/* times of a tar that was made again by another program */
	return str_eq(key, STR("mtime")) || str_eq(key, STR("atime")) ||
	    str_eq(key, STR("ctime"));
}

static int
tar_read_pax(struct tar_in *t, uint64_t size, struct tar_pax *x,
    struct fault *fault)
{
	char text[PAX_MAX];
	struct str rest = { text, (size_t)size };
	int64_t got;

	if (size == 0 || size > PAX_MAX)
		return tar_refuse(t, "a pax header of this length", fault);
	if ((got = seal_in_read(t->in, text, (size_t)size, fault)) < 0)
		return -1;
	if (got != (int64_t)size ||
	    seal_in_skip(t->in, tar_padding(size), fault) <= 0)
		return tar_refuse(t, "cut off", fault);
	while (rest.n > 0)
		if (!tar_take_record(x, &rest))
			return tar_refuse(t, "a pax header that no backup has",
			    fault);
	return 0;
}

/* after the last member there are zeros only */
static int
tar_read_end(struct tar_in *t, struct fault *fault)
{
	char block[BLOCK];
	int64_t got;
	int i, blocks = 1;

	for (; (got = seal_in_read(t->in, block, BLOCK, fault)) > 0; blocks++)
		for (i = 0; i < got; i++)
			if (block[i] != '\0')
				return tar_refuse(t, "bytes after the end",
				    fault);
	if (got < 0)
		return -1;
	return blocks >= 2 ? 0 : tar_refuse(t, "cut off", fault);
}

/* 1: a header; 0: the end; -1 */
static int
tar_read_head(struct tar_in *t, struct tar_head *h, uint64_t *size,
    struct fault *fault)
{
	static const struct tar_head none;
	uint64_t sum;
	int64_t got = seal_in_read(t->in, h, sizeof *h, fault);

	if (got < 0)
		return -1;
	if (got != (int64_t)sizeof *h)
		return tar_refuse(t, "cut off", fault);
	if (memcmp(h, &none, sizeof none) == 0)
		return tar_read_end(t, fault);
	if (memcmp(h->magic, "ustar", 5) != 0)
		return tar_refuse(t, "not a tar", fault);
	if (!tar_number(h->sum, sizeof h->sum, &sum) || sum != tar_sum(h))
		return tar_refuse(t, "a header whose sum is wrong", fault);
	if (!tar_number(h->size, sizeof h->size, size))
		return tar_refuse(t, "not a size", fault);
	return 1;
}

static int
tar_take_head(struct tar_in *t, const struct tar_head *h, uint64_t size,
    const struct tar_pax *x, struct member *m, struct fault *fault)
{
	uint64_t mode, time;

	*m = (struct member){ .size = x->sized ? x->size : size };
	if (h->type != '0' && h->type != '\0')
		return tar_refuse(t, h->type >= '1' && h->type <= '7' ?
		    "a link, device or directory; a backup has only files" :
		    "a kind of member that no backup has", fault);
	if (x->named)
		memcpy(m->name, x->name, sizeof m->name);
	else if (!tar_take_name(m, h))
		return tar_refuse(t, "not a name below the backup", fault);
	if (!tar_number(h->mode, sizeof h->mode, &mode) ||
	    !tar_number(h->mtime, sizeof h->mtime, &time))
		return tar_refuse(t, "not a mode and a time", fault);
	m->mode = (unsigned)mode & 0777;
	m->time = (int64_t)time;
	t->left = m->size;
	t->pad = tar_padding(m->size);
	return 1;
}

int
tar_in_next(struct tar_in *t, struct member *m, struct fault *fault)
{
	struct tar_pax x = { .named = false };
	struct tar_head h;
	uint64_t size;
	int r = seal_in_skip(t->in, t->left + t->pad, fault);

	if (r <= 0)
		return r < 0 ? -1 : tar_refuse(t, "cut off", fault);
	t->left = t->pad = 0;
	t->members++;
	if ((r = tar_read_head(t, &h, &size, fault)) <= 0)
		return r;
	if (h.type == 'x') {
		if (tar_read_pax(t, size, &x, fault) < 0 ||
		    (r = tar_read_head(t, &h, &size, fault)) < 0)
			return -1;
		if (r == 0)
			return tar_refuse(t, "nothing after a pax header",
			    fault);
	}
	return tar_take_head(t, &h, size, &x, m, fault);
}

int64_t
tar_in_read(struct tar_in *t, void *to, size_t n, struct fault *fault)
{
	size_t want = n < t->left ? n : (size_t)t->left;
	int64_t got = seal_in_read(t->in, to, want, fault);

	if (got < 0)
		return -1;
	if (got < (int64_t)want)
		return tar_refuse(t, "cut off", fault);
	t->left -= (uint64_t)got;
	return got;
}
