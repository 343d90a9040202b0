/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stores.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/memory.h"
#include "store/store.h"

#define STORE_NAME_MAX 64
#define STORE_FILE_MAX ((size_t)64 << 10)

struct stores {
	struct api_store v[OPT_LIST_MAX];
	size_t n;
};

static bool
stores_is_name(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') &&
		    !(s.p[i] >= 'A' && s.p[i] <= 'Z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    s.p[i] != '-' && s.p[i] != '_')
			return false;
	return s.n > 0 && s.n <= STORE_NAME_MAX;
}

static char *
stores_copy(struct str s)
{
	struct buf b;

	buf_init(&b, s.n + 1);
	buf_put_str(&b, s);
	buf_putc(&b, '\0');
	return b.p;
}

/* the file's own, less what says that it is a database */
static struct str
stores_name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct str name = str_z(slash ? slash + 1 : path);

	if (name.n > 3 && memcmp(name.p + name.n - 3, ".db", 3) == 0)
		name.n -= 3;
	return stores_is_name(name) ? name : STR("");
}

static int
stores_add(struct stores *s, const char *text, struct fault *fault)
{
	const char *equals = strchr(text, '='), *place = text;
	const struct store_driver *driver;
	struct str name = { text, equals ? (size_t)(equals - text) : 0 };
	int shown;

	if (stores_is_name(name))
		place = equals + 1;
	else
		name = STR_NONE;
	shown = (int)((size_t)(place - text) + store_shown(place));
	if ((driver = store_find(place, &place, fault)) == NULL)
		return -1;
	if (name.n == 0)
		name = stores_name_of(place);
	if (*place == '\0')
		return fault_set(fault, EX_USAGE, "--store '%.*s': no file",
		    shown, text);
	if (name.n == 0 && s->n > 0)
		return fault_set(fault, EX_USAGE,
		    "--store '%.*s': name it, as NAME=STORE", shown, text);
	if (s->n == OPT_LIST_MAX)
		return fault_set(fault, EX_USAGE, "more than %d stores",
		    OPT_LIST_MAX);
	if (name.n > 0 && stores_find(s, name) != NULL)
		return fault_set(fault, EX_USAGE, "--store '%.*s': "
		    "there is another '%.*s'", shown, text, STR_ARG(name));
	s->v[s->n++] = (struct api_store){
		.name = stores_copy(name), .driver = driver,
		.place = memory_strdup(place), .given = true
	};
	return 0;
}

/* One a line, as they may hold passwords: they are read as secrets are. */
static int
stores_add_file(struct stores *s, const char *path, struct fault *fault)
{
	struct buf b;
	char *line, *end;
	int r;

	buf_init(&b, STORE_FILE_MAX);
	r = secret_read(path, "store", &b, fault);
	if (r == 0)
		buf_putc(&b, '\0');
	for (line = b.p; r == 0 && line != NULL; line = end) {
		if ((end = strchr(line, '\n')) != NULL)
			*end++ = '\0';
		if (*line != '\0' && *line != '#')
			r = stores_add(s, line, fault);
	}
	secret_release(&b);
	return r;
}

static void
stores_add_default(struct stores *s, const char *home)
{
	const char *place;
	struct fault none;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_printf(&b, "%s/messages.db", home);
	buf_putc(&b, '\0');
	s->v[s->n++] = (struct api_store){
		.name = memory_strdup("messages"),
		.driver = store_find("", &place, &none), .place = b.p
	};
}

int
stores_open(struct stores **out, const struct opt_list *given,
    const char *file, const char *home, struct fault *fault)
{
	struct stores *s = memory_zero(1, sizeof *s);
	int i;

	*out = s;
	for (i = 0; given != NULL && i < given->n; i++)
		if (stores_add(s, given->v[i], fault) < 0)
			return -1;
	if (file != NULL && stores_add_file(s, file, fault) < 0)
		return -1;
	if (s->n == 0)
		stores_add_default(s, home);
	return 0;
}

void
stores_close(struct stores *s)
{
	if (s == NULL)
		return;
	while (s->n > 0) {
		free(s->v[--s->n].name);
		free(s->v[s->n].place);
	}
	free(s);
}

struct api_store *
stores_find(struct stores *s, struct str name)
{
	size_t i;

	if (name.p == NULL)
		return &s->v[0];
	for (i = 0; i < s->n; i++)
		if (name.n > 0 && str_eq(str_z(s->v[i].name), name))
			return &s->v[i];
	return NULL;
}

struct api_store *
stores_at(struct stores *s, size_t i)
{
	return i < s->n ? &s->v[i] : NULL;
}

void
stores_recovered(struct api_store *store)
{
	store->failing = false;
	store->seen = true;
}
