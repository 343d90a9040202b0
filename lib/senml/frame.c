/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/frame.h"

void
frame_begin_item(struct frame *f)
{
	f->at = 0;
	f->depth = 0;
	f->place = 0;
	f->in_string = f->escaped = false;
	f->walk.depth = 0;
	f->walk.begun = false;
}

static void
frame_begin(void *arg)
{
	struct frame *f = arg;

	f->why = NULL;
	f->items = 0;
	f->state = 0;
	f->dead = false;
	frame_begin_item(f);
}

size_t
frame_give_up(struct frame *f, struct str unread, struct str *item,
    const char *why)
{
	f->why = why;
	f->dead = true;
	*item = unread;
	return unread.n;
}

size_t
frame_need_more(struct frame *f, struct str unread, bool end,
    struct str *item)
{
	if (!end || unread.n == 0)
		return 0;
	return frame_give_up(f, unread, item, "the input ends inside of it");
}

size_t
frame_space(struct str s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t' ||
	    s.p[n] == '\n' || s.p[n] == '\r'))
		n++;
	return n;
}

static size_t
frame_next(void *arg, struct str unread, bool end, struct str *item)
{
	struct frame *f = arg;
	size_t n;

	if (f->dead)
		return unread.n;
	n = f->codec->cut(f, unread, end, item);
	f->items += item->p != NULL;
	return n;
}

void
frame_init(struct frame *f, const struct senml_codec *codec)
{
	*f = (struct frame){
		.codec = codec,
		.cut = {
			.next = frame_next, .begin = frame_begin, .arg = f,
			.limit = FRAME_LIMIT, .by_line = codec->by_line,
		},
	};
	frame_begin(f);
}
