/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/xml_stream.h"

struct reader {
	struct resolver resolver;
	bool ended, labelled;
};

static const char *
take_record(void *arg, const struct fields *f)
{
	struct reader *r = arg;

	return r->ended ? "more behind the end" :
	    resolver_add(&r->resolver, f);
}

static const char *
take_end(void *arg)
{
	struct reader *r = arg;

	if (r->ended)
		return "more behind the end";
	r->ended = true;
	return NULL;
}

static void
take_ignored(void *arg, struct str label)
{
	struct reader *r = arg;
	struct pack *p = r->resolver.pack;

	r->labelled |= label_is_route(label);
	fields_ignore(p, label);
}

static const char *
parse(struct pack *p, struct str text, struct stamp now,
    const struct xml_events *events)
{
	struct reader r = { .ended = false };
	struct xml_stream x;

	resolver_begin(&r.resolver, p, now);
	resolver_bound(&r.resolver, text.n);
	xml_stream_init_in(&x, events, &r, &p->arena);
	xml_stream_feed(&x, text, true);
	if (x.why == NULL && !r.ended && !events->open) {
		x.why = "no SenML document";
		x.offset = 0;
	}
	if (x.why != NULL)
		p->n = 0;
	else if (!events->open)
		resolver_end(&r.resolver);
	p->at = x.offset;
	p->labelled = r.labelled;
	xml_stream_release(&x);
	return x.why;
}

const char *
pack_parse_xml(struct pack *p, struct str text, struct stamp now)
{
	static const struct xml_events events = {
		take_record, take_end, take_ignored, false
	};

	return parse(p, text, now, &events);
}

const char *
pack_parse_xml_stream(struct pack *p, struct str text, struct stamp now)
{
	static const struct xml_events events = {
		take_record, take_end, take_ignored, true
	};

	return parse(p, text, now, &events);
}
