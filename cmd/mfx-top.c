/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a site does right now: its processes as chains from stream to store,
 * with the slowest of each, and the busiest tenants.  On a screen, or as text
 * or JSON again and again.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/out.h"
#include "base/program.h"
#include "base/signal.h"
#include "cmd/top/screen.h"
#include "cmd/top/view.h"
#include "registry/registry.h"

#define TOP_WIDTH_MIN 40
#define TOP_WIDTH_MAX 1000
#define TOP_OUT_MAX ((size_t)64 << 20)
#define TOP_SHORTEST (CLOCK_SECOND / 10)
#define TOP_LONGEST (3600 * CLOCK_SECOND)
#define TOP_PAGE 10		/* chains that a page of keys goes */

static struct {
	bool batch;
	enum { TEXT, JSON } type;
	enum chains_order order;
	int64_t count, width, every;
} opt = { .every = CLOCK_SECOND, .width = 80 };

static const struct opt options[] = {
	{ 'b', "batch", NULL, "write text, without a screen",
	    OPT_FLAG(&opt.batch) },
	{ 't', "type", "text|json", "what -b writes; json implies -b",
	    OPT_ENUM(&opt.type) },
	{ 'n', "count", "N", "look at most N times",
	    OPT_INT(&opt.count, 1, INT64_MAX) },
	{ 0, "every", "DURATION", "look so often (default: 1s)",
	    OPT_DURATION(&opt.every, TOP_SHORTEST, TOP_LONGEST) },
	{ 0, "sort", CHAINS_ORDER_WORDS, "order of the chains (default: name)",
	    OPT_ENUM(&opt.order) },
	{ 'w', "width", "N", "columns of what -b writes (default: 80)",
	    OPT_INT(&opt.width, TOP_WIDTH_MIN, TOP_WIDTH_MAX) },
	OPT_END
};

static const struct program program = {
	.name = "mfx-top",
	.summary = "show live what the programs of a site do",
	.options = options,
};

static struct {
	struct registry *registry;	/* NULL: there is none */
	struct site now, before;
	struct chains chains;
	struct view view;
	struct buf text;
	/* of the selected chain: what it is called in the next look */
	uint64_t pid;
	char group[RUN_TEXT];
	int64_t due;			/* of clock.h: when to look again */
	int64_t looks;
} top;

/* ---- looking ---- */

/* names are missing without it, which is no reason to show nothing */
static void
top_open_registry(void)
{
	char *home = home_path("");
	struct fault fault;

	if (registry_exists(home, &fault) && registry_open(&top.registry, home,
	    REGISTRY_READ, &fault) < 0)
		diag_warning("%s", fault.text);
	if (top.registry != NULL)
		registry_patience(top.registry, 100);
	free(home);
}

static void
top_remember(void)
{
	const struct chain *c;

	if (top.view.selected >= top.chains.n)
		return;
	c = &top.chains.v[top.view.selected];
	top.pid = c->n > 0 ? c->stages[0]->pid : 0;
	snprintf(top.group, sizeof top.group, "%s/%s", c->stream,
	    c->group_name);
}

/* The selected chain stays so wherever it comes to be. */
static void
top_order(void)
{
	char group[RUN_TEXT];
	size_t i;

	top_remember();
	chains_release(&top.chains);
	chains_make(&top.chains, &top.now, top.view.order);
	for (i = 0; i < top.chains.n; i++) {
		const struct chain *c = &top.chains.v[i];

		snprintf(group, sizeof group, "%s/%s", c->stream,
		    c->group_name);
		if (top.pid == (c->n > 0 ? c->stages[0]->pid : 0) &&
		    strcmp(group, top.group) == 0)
			break;
	}
	if (i < top.chains.n)
		top.view.selected = i;
	else if (top.view.selected >= top.chains.n)
		top.view.selected = top.chains.n > 0 ? top.chains.n - 1 : 0;
}

static void
top_look(void)
{
	top_remember();
	chains_release(&top.chains);
	site_release(&top.before);
	top.before = top.now;
	site_look(&top.now, top.looks++ > 0 ? &top.before : NULL,
	    top.registry);
	top_order();
	top.due = clock_ns() + opt.every;
}

/* ---- text and JSON ---- */

static void
top_put(struct out *out)
{
	if (opt.type == JSON) {
		view_put_json(&out->b, &top.now, &top.before, &top.chains);
	} else {
		view_put(&out->b, &top.view, &top.now, &top.chains);
		view_put_tenants(&out->b, &top.view, &top.now);
		buf_putc(&out->b, '\n');
	}
	if (out->b.full)
		out_cancel(out);
	out_end(out);
	out_flush(out);
}

/* What happens in a second is known after one. */
static int
top_batch(void)
{
	struct out out;
	int64_t n = 0;
	int status;

	out_init(&out, STDOUT_FILENO, "stdout", TOP_OUT_MAX);
	top.view.width = (int)opt.width;
	top.view.selected = SIZE_MAX;
	top_look();
	while (!signal_stop() && (opt.count == 0 || n < opt.count)) {
		if (signal_wait_input(-1, STDOUT_FILENO,
		    (int)((top.due - clock_ns()) / 1000000) + 1) < 0)
			break;
		if (clock_ns() < top.due)
			continue;
		top_look();
		top.view.selected = SIZE_MAX;
		top_put(&out);
		if (out.err != 0)
			break;
		n++;
	}
	status = out_finish(&out, 0);
	out_release(&out);
	return status;
}

/* ---- the screen ---- */

static void
top_draw(void)
{
	int rows;

	screen_size(&top.view.width, &rows);
	buf_clear(&top.text);
	view_put(&top.text, &top.view, &top.now, &top.chains);
	screen_draw(buf_str(&top.text), top.view.heads, top.view.at);
}

static void
top_move(long by)
{
	long at = (long)top.view.selected + by, n = (long)top.chains.n;

	at = at >= n ? n - 1 : at;
	top.view.selected = (size_t)(at < 0 ? 0 : at);
}

static void
top_switch_page(enum view_page page)
{
	top.view.page = top.view.page == page ? VIEW_CHAINS : page;
}

static void
top_change_interval(bool longer)
{
	int64_t every = longer ? opt.every * 2 : opt.every / 2;

	if (every < TOP_SHORTEST || every > TOP_LONGEST)
		return;
	opt.every = every;
	top.due = clock_ns() + every;
}

/* false: the end */
static bool
top_press(int key)
{
	switch (key) {
	case 'q': case SCREEN_GONE: return false;
	case 'p': case ' ': top.view.paused = !top.view.paused; break;
	case 's':
		top.view.order = (top.view.order + 1) % CHAINS_ORDERS;
		top_order();
		break;
	case 'j': case SCREEN_DOWN: top_move(1); break;
	case 'k': case SCREEN_UP: top_move(-1); break;
	case SCREEN_PAGE_DOWN: top_move(TOP_PAGE); break;
	case SCREEN_PAGE_UP: top_move(-TOP_PAGE); break;
	case SCREEN_HOME: case 'g': top_move(-RUN_PROCESSES_MAX * 2); break;
	case SCREEN_END: case 'G': top_move(RUN_PROCESSES_MAX * 2); break;
	case '\r': case '\n': top_switch_page(VIEW_CHAIN); break;
	case '\033': top.view.page = VIEW_CHAINS; break;
	case 't': top_switch_page(VIEW_TENANTS); break;
	case 'h': case '?': top_switch_page(VIEW_HELP); break;
	case '+': case '-': top_change_interval(key == '+'); break;
	}
	return true;
}

static int
top_wait(void)
{
	int64_t left = top.due - clock_ns();

	return left <= 0 ? 0 : (int)(left / 1000000) + 1;
}

static int
top_screen(void)
{
	struct fault fault;
	int key;

	if (screen_open(&fault) < 0)
		return diag_fault(&fault);
	buf_init(&top.text, TOP_OUT_MAX);
	do {
		if (clock_ns() >= top.due) {
			if (opt.count != 0 && top.looks > opt.count)
				break;
			if (!top.view.paused)
				top_look();
			else
				top.due = clock_ns() + opt.every;
		}
		top_draw();
		key = screen_key(top_wait());
	} while (top_press(key));
	screen_close();
	buf_release(&top.text);
	return 0;
}

int
main(int argc, char **argv)
{
	int status;

	program_start(&program, argc, argv);
	top.view.order = opt.order;
	top_open_registry();
	status = opt.batch || opt.type == JSON ? top_batch() : top_screen();
	chains_release(&top.chains);
	site_release(&top.now);
	site_release(&top.before);
	registry_close(top.registry);
	return status;
}
