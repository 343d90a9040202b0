/* SPDX-License-Identifier: Apache-2.0 */
#include "ws/render.h"

#include <strings.h>

#include "base/utf8.h"
#include "senml/codec.h"

void
ws_render_init(struct ws_render *r)
{
	*r = (struct ws_render){ .delivery = NULL };
	buf_init(&r->text, PACK_OUT_MAX);
	pack_init(&r->pack);
}

void
ws_render_release(struct ws_render *r)
{
	buf_release(&r->text);
	pack_release(&r->pack);
}

void
ws_render_begin(struct ws_render *r, const struct delivery *d)
{
	r->delivery = d;
}

void
ws_render_end(struct ws_render *r)
{
	int i;

	for (i = 0; i < WS_FORMATS; i++) {
		ws_frame_drop(r->frames[i]);
		r->frames[i] = NULL;
	}
}

static bool
render_ends_with(struct str s, struct str end)
{
	return s.n >= end.n && strncasecmp(s.p + s.n - end.n, end.p,
	    end.n) == 0;
}

static bool
render_is(struct str s, struct str name)
{
	return s.n == name.n && render_ends_with(s, name);
}

/* by name, or by number where CoAP has one (RFC 7252 12.3) */
static bool
render_type_is_text(struct str type)
{
	const struct senml_codec *senml = codec_find(type);
	const char *end = type.n > 0 ? memchr(type.p, ';', type.n) : NULL;

	if (senml != NULL)
		return senml->text;
	if (end != NULL)
		type.n = (size_t)(end - type.p);
	while (type.n > 0 && type.p[type.n - 1] == ' ')
		type.n--;
	return (type.n > 5 && strncasecmp(type.p, "text/", 5) == 0) ||
	    render_is(type, STR("application/json")) ||
	    render_is(type, STR("application/xml")) ||
	    render_ends_with(type, STR("+json")) ||
	    render_ends_with(type, STR("+xml")) ||
	    render_is(type, STR("0")) || render_is(type, STR("41")) ||
	    render_is(type, STR("50"));
}

/* Is this for a text frame?  By its media type, and UTF-8 it must be. */
static bool
render_is_text(struct str payload, struct str type)
{
	return render_type_is_text(type) && utf8_valid(payload);
}

static struct ws_frame *
render(struct ws_render *r, enum ws_format format)
{
	const struct delivery *d = r->delivery;

	switch (format) {
	case WS_LINE:
		return ws_frame_new(d->line, true);
	case WS_SENML:
		buf_clear(&r->text);
		delivery_put_senml(&r->text, d, &r->pack);
		return ws_frame_new(buf_str(&r->text), true);
	default:
		return ws_frame_new(d->payload,
		    render_is_text(d->payload, d->type));
	}
}

struct ws_frame *
ws_rendered(struct ws_render *r, enum ws_format format)
{
	if (r->frames[format] == NULL)
		r->frames[format] = render(r, format);
	return r->frames[format];
}
