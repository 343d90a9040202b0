/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/answer.h"

#include "json/json.h"
#include "json/object.h"

/* arrays of this depth are rows */
#define ANSWER_ROW_DEPTH 7
/* objects of this one are tags, of one that is less a series */
#define ANSWER_TAGS_DEPTH 6

void
answer_init(struct answer *a)
{
	*a = (struct answer){ 0 };
	buf_init(&a->frame, ANSWER_FRAME_MAX);
	buf_init(&a->tags, ANSWER_TAGS_MAX);
	arena_init(&a->arena, ANSWER_ROW_MAX);
}

void
answer_release(struct answer *a)
{
	buf_release(&a->frame);
	buf_release(&a->tags);
	arena_release(&a->arena);
}

static int
answer_fail(struct answer *a, const char *why)
{
	a->why = why;
	return -1;
}

/* {"error":…}, or {"results":[{"error":…}]} */
static int
answer_read_frame(struct answer *a)
{
	struct object_field whole[] = {
		{ .name = "error" },
		{ .name = "results", .type = OBJECT_TEXTS }
	};
	struct object_field one[] = { { .name = "error" } };
	struct object_array results;
	struct str element;
	int got;

	arena_reset(&a->arena);
	if (object_read(buf_str(&a->frame), whole, 2, &a->arena) != NULL)
		return answer_fail(a, "it is not valid JSON");
	a->error = whole[0].value;
	if (whole[1].value.p != NULL) {
		object_array_init(&results, whole[1].value, &a->arena);
		while ((got = object_array_next(&results, &element)) > 0)
			if (object_read(element, one, 1, &a->arena) == NULL &&
			    one[0].value.p != NULL)
				a->error = one[0].value;
		if (got < 0)
			return answer_fail(a, "it has no results");
	}
	if (a->error.p != NULL)
		return -1;
	buf_clear(&a->frame);
	return 0;
}

/* Outside of strings: what a bracket does.  -1: that can't be. */
static int
answer_bracket(struct answer *a, char c, bool *begins, bool *ends)
{
	switch (c) {
	case '"':
		a->quoted = true;
		break;
	case '{':
	case '[':
		*begins = ++a->depth == ANSWER_ROW_DEPTH;
		if ((*begins && c != '[') || a->depth > JSON_DEPTH_MAX)
			return answer_fail(a, "it is nested too deep");
		break;
	case '}':
	case ']':
		*ends = a->depth-- == ANSWER_ROW_DEPTH;
		if (a->depth < 0)
			return answer_fail(a, "it is not valid JSON");
		break;
	default:
		break;
	}
	return 0;
}

static void
answer_quoted(struct answer *a, char c)
{
	if (a->escaped)
		a->escaped = false;
	else if (c == '\\')
		a->escaped = true;
	else if (c == '"')
		a->quoted = false;
}

/* What is in an object of tags, its brackets too. */
static void
answer_tag(struct answer *a, char c, int depth_before)
{
	if (depth_before == ANSWER_TAGS_DEPTH - 2 &&
	    a->depth == ANSWER_TAGS_DEPTH - 1) {
		buf_clear(&a->tags);
		a->series++;
	}
	if (depth_before == ANSWER_TAGS_DEPTH - 1 &&
	    a->depth == ANSWER_TAGS_DEPTH)
		a->tagging = c == '{';
	if (a->tagging)
		buf_putc(&a->tags, c);
	if (a->depth < ANSWER_TAGS_DEPTH)
		a->tagging = false;
}

/* Rows, columns and tags are left out of the frame, their brackets kept. */
static int
answer_frame(struct answer *a, char c, int depth_before)
{
	if (a->depth == 0 && depth_before == 0 && (c == '\n' || c == ' ' ||
	    c == '\r' || c == '\t'))
		return 0;
	if (a->depth == 0 && depth_before == 0)
		return answer_fail(a, "it is not valid JSON");
	answer_tag(a, c, depth_before);
	if (depth_before < ANSWER_ROW_DEPTH - 1 ||
	    a->depth < ANSWER_ROW_DEPTH - 1)
		buf_putc(&a->frame, c);
	if (a->frame.full || a->tags.full)
		return answer_fail(a, "it is too long");
	return a->depth == 0 && depth_before > 0 ? answer_read_frame(a) : 0;
}

int
answer_take(struct answer *a, struct str *text, struct str *row)
{
	size_t i, start = 0;
	bool begins = false, ends = false;
	int depth;
	char c;

	for (i = a->seen; i < text->n; i++) {
		c = text->p[i];
		depth = a->depth;
		if (a->quoted)
			answer_quoted(a, c);
		else if (answer_bracket(a, c, &begins, &ends) < 0)
			return -1;
		if (begins)
			start = i;
		begins = false;
		if (ends) {
			*row = (struct str){ text->p + start, i + 1 - start };
			*text = str_from(*text, i + 1);
			a->seen = 0;
			return 1;
		}
		if (answer_frame(a, c, depth) < 0)
			return -1;
	}
	/* a row that has begun is kept from its start on */
	start = a->depth >= ANSWER_ROW_DEPTH ? start : text->n;
	*text = str_from(*text, start);
	a->seen = text->n;
	return 0;
}

bool
answer_is_whole(const struct answer *a)
{
	return a->depth == 0 && a->frame.n == 0;
}

static const char *
answer_cell(struct scan *j, const char *p, struct cell *cell)
{
	static const struct {
		const char *word;
		enum cell_kind kind;
	} words[] = {
		{ "null", CELL_NULL }, { "true", CELL_TRUE },
		{ "false", CELL_FALSE }
	};
	size_t i, n;

	*cell = (struct cell){ CELL_NULL, STR_NONE };
	p = scan_space(j, p);
	if (p < j->end && *p == '"') {
		cell->kind = CELL_TEXT;
		return scan_string(j, p + 1, &cell->text);
	}
	for (i = 0; i < sizeof words / sizeof *words; i++) {
		n = strlen(words[i].word);
		if ((size_t)(j->end - p) < n || memcmp(p, words[i].word, n) !=
		    0)
			continue;
		cell->kind = words[i].kind;
		return p + n;
	}
	cell->kind = CELL_NUMBER;
	return p < j->end && ((*p >= '0' && *p <= '9') || *p == '-') ?
	    scan_number(j, p, &cell->text) : NULL;
}

bool
answer_cells(struct answer *a, struct str row, struct cell *cells, int n)
{
	struct scan j = { .end = row.p + row.n, .arena = &a->arena };
	const char *p = scan_take(&j, row.p, '[');
	int i;

	arena_reset(&a->arena);
	for (i = 0; p != NULL && i < n; i++) {
		p = answer_cell(&j, p, &cells[i]);
		if (p != NULL)
			p = scan_take(&j, p, i + 1 < n ? ',' : ']');
	}
	return p != NULL && scan_end(&j, p) != NULL;
}

bool
answer_tags(const struct answer *a, struct arena *arena,
    struct cell cells[LAYOUT_TAGS])
{
	struct object_field fields[LAYOUT_TAGS];
	int i;

	for (i = 0; i < LAYOUT_TAGS; i++)
		fields[i] = (struct object_field){ .name = layout_tags[i] };
	if (object_read_strict(buf_str(&a->tags), fields, LAYOUT_TAGS,
	    arena) != NULL)
		return false;
	for (i = 0; i < LAYOUT_TAGS; i++)
		cells[i] = (struct cell){ fields[i].value.n > 0 ? CELL_TEXT :
		    CELL_NULL, fields[i].value };
	return true;
}
