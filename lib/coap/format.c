/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/format.h"

#include <ctype.h>

#include "base/digits.h"
#include "base/number.h"

/* The first entry of a number is what is written for it. */
static const struct {
	int number;
	struct str type;
} formats[] = {
#define T(n, lit) { n, { lit, sizeof(lit) - 1 } }
	T(0, "text/plain;charset=utf-8"),
	T(0, "text/plain"),
	T(21, "image/gif"),
	T(22, "image/jpeg"),
	T(23, "image/png"),
	T(40, "application/link-format"),
	T(41, "application/xml"),
	T(42, "application/octet-stream"),
	T(47, "application/exi"),
	T(50, "application/json"),
	T(51, "application/json-patch+json"),
	T(52, "application/merge-patch+json"),
	T(60, "application/cbor"),
	T(61, "application/cwt"),
	T(62, "application/multipart-core"),
	T(63, "application/cbor-seq"),
	T(101, "application/cose-key"),
	T(102, "application/cose-key-set"),
	T(114, "application/senml-exi"),
	T(115, "application/sensml-exi"),
	T(320, "application/senml-etch+json"),
	T(322, "application/senml-etch+cbor"),
	T(10000, "application/vnd.ocf+cbor"),
	T(11050, "application/json@deflate"),
	T(11060, "application/cbor@deflate"),
	T(11542, "application/vnd.oma.lwm2m+tlv"),
	T(11543, "application/vnd.oma.lwm2m+json"),
	T(11544, "application/vnd.oma.lwm2m+cbor"),
	T(20000, "text/css"),
	T(30000, "image/svg+xml"),
#undef T
};
#define N (sizeof formats / sizeof *formats)

static int
format_number_of_digits(struct str s)
{
	uint64_t v;

	return number_digits(s, UINT16_MAX, &v) ? (int)v : FORMAT_NONE;
}

/* the row of SenML that has the number, or NULL */
static const struct senml_codec *
format_row(int number)
{
	const struct senml_codec *const *c = codecs;

	while (*c != NULL && (number == FORMAT_NONE ||
	    format_number_of_digits((*c)->number) != number))
		c++;
	return *c;
}

const struct senml_codec *
format_codec(int number)
{
	const struct senml_codec *c = format_row(number);

	return c != NULL && !c->stream ? c : NULL;
}

struct str
format_type(int number, char text[FORMAT_TEXT])
{
	const struct senml_codec *c = format_row(number);
	size_t i;

	if (number < 0)
		return STR("");
	if (c != NULL)
		return c->type;
	for (i = 0; i < N; i++)
		if (formats[i].number == number)
			return formats[i].type;
	return (struct str){ text, digits_print(text, (uint64_t)number) };
}

/* Letters in any case, white space and quotes as one likes. */
static bool
format_same_type(struct str given, struct str type)
{
	size_t i, j = 0;

	for (i = 0; i < given.n; i++) {
		if (strchr(" \t\"", given.p[i]) != NULL)
			continue;
		if (j == type.n ||
		    tolower((unsigned char)given.p[i]) != type.p[j])
			return false;
		j++;
	}
	return j == type.n;
}

int
format_number(struct str type)
{
	const struct senml_codec *const *c;
	size_t i;

	for (c = codecs; *c != NULL; c++)
		if (format_same_type(type, (*c)->type))
			return format_number_of_digits((*c)->number);

	for (i = 0; i < N; i++)
		if (format_same_type(type, formats[i].type))
			return formats[i].number;
	return format_number_of_digits(type);
}
