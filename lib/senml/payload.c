/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/payload.h"

#include "senml/content_format.h"
#include "senml/fields.h"
#include "senml/frame.h"

const char payload_no_senml[] = "no SenML";

/* The records of a stream that has come as one piece. */
static const char *
parse_stream(struct pack *p, struct str bytes, struct stamp now,
    enum frame_kind kind)
{
	struct frame frame;
	struct resolver r;
	struct fields f;
	const char *why;

	frame_init(&frame, kind);
	resolver_begin(&r, p, now);
	resolver_bound(&r, bytes.n);
	while (bytes.n > 0) {
		struct str item = STR_NONE;
		size_t n = frame.cut.next(frame.cut.arg, bytes, true, &item);

		bytes = str_from(bytes, n);
		if (item.p == NULL)
			continue;
		why = frame.why;
		if (why == NULL)
			why = kind == FRAME_SENSML ?
			    fields_parse_json(p, item, &f) :
			    fields_parse_cbor(p, item, &f);
		if (why == NULL)
			why = resolver_add(&r, &f);
		if (why != NULL) {
			p->n = 0;
			return why;
		}
	}
	return NULL;
}

const char *
payload_parse(struct pack *p, const struct record *data, struct stamp now)
{
	if (data->kind != VALUE_DATA || data->ct.p == NULL)
		return payload_no_senml;
	switch (content_format_senml(data->ct)) {
	case SENML_JSON:
		return pack_parse_json(p, data->value, now);
	case SENML_CBOR:
		return pack_parse_cbor(p, data->value, now);
	case SENML_XML:
		return pack_parse_xml(p, data->value, now);
	case SENSML_XML:
		return pack_parse_xml_stream(p, data->value, now);
	case SENSML_JSON:
		return parse_stream(p, data->value, now, FRAME_SENSML);
	case SENSML_CBOR:
		return parse_stream(p, data->value, now, FRAME_SENSMLC);
	default:
		return payload_no_senml;
	}
}
