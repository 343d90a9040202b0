/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/plot/store.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/program.h"
#include "base/stamp.h"

#define STORE_ARGS_MAX ((MATCH_LABELS + 2) * OPT_LIST_MAX + 8)

struct store_args {
	char *v[STORE_ARGS_MAX + 1];
	int n;
};

static void
store_add(struct store_args *a, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 4;
	char *arg = memory_get(size);

	snprintf(arg, size, "--%s=%s", name, value);
	a->v[a->n++] = arg;
}

static void
store_add_list(struct store_args *a, const char *name,
    const struct opt_list *list)
{
	int i;

	for (i = 0; i < list->n; i++)
		store_add(a, name, list->v[i]);
}

static void
store_add_time(struct store_args *a, const char *name, int64_t ns)
{
	char text[STAMP_TEXT + 1];

	text[0] = '@';
	text[1 + stamp_print(text + 1, (struct stamp){ ns })] = '\0';
	store_add(a, name, text);
}

static void
store_add_match(struct store_args *a, const struct match_texts *texts,
    const struct match *match)
{
	static const char *const names[MATCH_LABELS] = {
		"channel", "publisher", "protocol", "subtopic", "name",
	};
	int i;

	for (i = 0; i < MATCH_LABELS; i++)
		store_add_list(a, names[i], &texts->labels[i]);
	store_add_list(a, "unit", &texts->units);
	store_add_list(a, "value", &texts->values);
	if (match->from != INT64_MIN)
		store_add_time(a, "from", match->from);
	if (match->to != INT64_MAX)
		store_add_time(a, "to", match->to);
}

/* Splits "sqlite:messages.db". */
static void
store_split(struct plot_store *s, const char *store)
{
	size_t n = 0;

	while (islower((unsigned char)store[n]))
		n++;
	if (n == 0 || n > 32 || (store[n] != '\0' && store[n] != ':'))
		program_misuse("--store '%s': not a STORE:PLACE, such as "
		    "sqlite:messages.db", store);
	snprintf(s->name, sizeof(s->name), "mfx-read-%.*s", (int)n, store);
	if (store[n] == ':')
		setenv("MFX_STORE", store + n + 1, 1);
}

int
plot_store_open(struct plot_store *s, const char *store,
    const struct match_texts *texts, const struct match *match)
{
	struct store_args args = { { s->name }, 1 };
	struct fault fault;
	int r;

	store_split(s, store);
	store_add_match(&args, texts, match);
	args.v[args.n] = NULL;
	r = child_start(&s->child, args.v, CHILD_READ, &fault);
	while (args.n > 1)
		free(args.v[--args.n]);
	if (r == 0 && dup2(s->child.fd, STDIN_FILENO) < 0)
		r = fault_errno(&fault, 0, "stdin");
	if (r < 0)
		s->status = diag_fault(&fault);
	else
		close(s->child.fd);
	return r;
}

int
plot_store_close(struct plot_store *s)
{
	struct fault fault;
	int r;

	close(STDIN_FILENO);
	r = child_wait(&s->child, s->name, 1, &fault);
	return r < 0 ? diag_fault(&fault) : r;
}
