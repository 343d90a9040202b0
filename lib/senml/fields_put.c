/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/fields_put.h"

#include <float.h>
#include <math.h>

#include "base/base64.h"
#include "json/json.h"
#include "json/number.h"
#include "senml/cbor.h"
#include "senml/xml_write.h"

#define TAG_DECIMAL 4
/* so many digits always come back from a double, within its range */
#define DOUBLE_KEEPS UINT64_C(1000000000000000)
#define DOUBLE_EXPONENT 290
/* RFC 8428 has no key for ct and bct */
#define TEXT_KEY 100

#define NAMES(name) { "\"" name "\":", sizeof name + 2 }, \
	{ " " name "=\"", sizeof name + 2 }, name

static const struct {
	struct str json, xml;
	const char *name;
	int cbor;
} keys[LABEL_SENML] = {
	[LABEL_BVER] = { NAMES("bver"), -1 }, [LABEL_BN] = { NAMES("bn"), -2 },
	[LABEL_BT] = { NAMES("bt"), -3 }, [LABEL_BU] = { NAMES("bu"), -4 },
	[LABEL_BV] = { NAMES("bv"), -5 }, [LABEL_BS] = { NAMES("bs"), -6 },
	[LABEL_BCT] = { NAMES("bct"), TEXT_KEY }, [LABEL_N] = { NAMES("n"), 0 },
	[LABEL_U] = { NAMES("u"), 1 }, [LABEL_V] = { NAMES("v"), 2 },
	[LABEL_VS] = { NAMES("vs"), 3 }, [LABEL_VB] = { NAMES("vb"), 4 },
	[LABEL_VD] = { NAMES("vd"), 8 }, [LABEL_S] = { NAMES("s"), 5 },
	[LABEL_T] = { NAMES("t"), 6 }, [LABEL_UT] = { NAMES("ut"), 7 },
	[LABEL_CT] = { NAMES("ct"), TEXT_KEY },
};

/* The digits as they came; but an exponent is written small. */
static void
put_digits(struct buf *b, struct str number)
{
	char *e;

	if (buf_room(b, number.n) == NULL)
		return;
	buf_put_str(b, number);
	e = memchr(b->p + b->n - number.n, 'E', number.n);
	if (e != NULL)
		*e = 'e';
}

static inline struct str
truth_text(const struct fields *f)
{
	return f->truth ? STR("true") : STR("false");
}

static void
put_json_value(struct buf *b, const struct fields *f, enum label l)
{
	if (LABEL_BIT(l) & LABEL_NUMBERS) {
		put_digits(b, f->text[l]);
	} else if (l == LABEL_VB) {
		buf_put_str(b, truth_text(f));
	} else if (l == LABEL_VD) {
		buf_putc(b, '"');
		base64_put(b, f->text[l]);
		buf_putc(b, '"');
	} else {
		json_put_string(b, f->text[l]);
	}
}

void
fields_put_json(struct buf *b, struct str labels, const struct fields *f)
{
	unsigned left;

	buf_putc(b, '{');
	buf_put_str(b, labels);
	for (left = f->have; left != 0; left &= left - 1) {
		enum label l = (enum label)__builtin_ctz(left);

		buf_put_str(b, keys[l].json);
		put_json_value(b, f, l);
		buf_putc(b, ',');
	}
	if (!b->full)
		b->p[b->n - 1] = '}';
}

/* Does the nearest double still say m * 10^e?  Where doubles end nobody
 * can expect more. */
static bool
double_keeps(double v, uint64_t m, int e)
{
	char text[NUMBER_TEXT];
	bool negative;
	uint64_t m2;
	int e2;

	if ((m < DOUBLE_KEEPS && e > -DOUBLE_EXPONENT &&
	    e < DOUBLE_EXPONENT) || fabs(v) < DBL_MIN)
		return true;
	return number_decimal((struct str){ text, number_print(text, v) },
	    &negative, &m2, &e2) && m2 == m && (e2 == e || m == 0);
}

/* m * 10^e when an integer can hold it */
static bool
whole(uint64_t *m, int e)
{
	uint64_t v = *m;

	if (e < 0)
		return false;
	if (v == 0)
		return true;
	for (; e > 0; e--)
		if (__builtin_mul_overflow(v, 10, &v))
			return false;
	*m = v;
	return true;
}

static void
put_integer(struct buf *b, bool negative, uint64_t m)
{
	if (negative && m > 0)
		cbor_put_head(b, CBOR_NEGATIVE, m - 1);
	else
		cbor_put_head(b, CBOR_UINT, m);
}

static void
put_cbor_number(struct buf *b, struct str number)
{
	double v;
	uint64_t m;
	bool negative;
	int e;

	if (!number_decimal(number, &negative, &m, &e)) {
		cbor_put_double(b, number_value(number));
	} else if (whole(&m, e)) {
		put_integer(b, negative, m);
	} else if (double_keeps(v = number_value(number), m, e)) {
		cbor_put_double(b, v);
	} else {
		cbor_put_head(b, CBOR_TAG, TAG_DECIMAL);
		cbor_put_head(b, CBOR_ARRAY, 2);
		put_integer(b, e < 0, (uint64_t)(e < 0 ? -e : e));
		put_integer(b, negative, m);
	}
}

static void
put_cbor_string(struct buf *b, enum cbor_major major, struct str s)
{
	cbor_put_head(b, major, s.n);
	buf_put_str(b, s);
}

void
fields_put_cbor(struct buf *b, const struct fields *f)
{
	unsigned left;

	cbor_put_head(b, CBOR_MAP, (uint64_t)__builtin_popcount(f->have));
	for (left = f->have; left != 0; left &= left - 1) {
		enum label l = (enum label)__builtin_ctz(left);
		int key = keys[l].cbor;

		if (key == TEXT_KEY)
			put_cbor_string(b, CBOR_TEXT, str_z(keys[l].name));
		else
			put_integer(b, key < 0, (uint64_t)(key < 0 ? -key :
			    key));
		if (LABEL_BIT(l) & LABEL_NUMBERS)
			put_cbor_number(b, f->text[l]);
		else if (l == LABEL_VB)
			cbor_put_head(b, CBOR_SIMPLE,
			    f->truth ? CBOR_TRUE : CBOR_FALSE);
		else
			put_cbor_string(b, l == LABEL_VD ? CBOR_BYTES :
			    CBOR_TEXT, f->text[l]);
	}
}

bool
fields_put_xml(struct buf *b, const struct fields *f)
{
	size_t start = b->n;
	unsigned left;

	buf_put_str(b, STR("<senml"));
	for (left = f->have; left != 0; left &= left - 1) {
		enum label l = (enum label)__builtin_ctz(left);

		buf_put_str(b, keys[l].xml);
		if (LABEL_BIT(l) & LABEL_NUMBERS) {
			put_digits(b, f->text[l]);
		} else if (l == LABEL_VB) {
			buf_put_str(b, truth_text(f));
		} else if (l == LABEL_VD) {
			base64_put(b, f->text[l]);
		} else if (!xml_put_escaped(b, f->text[l])) {
			b->n = start;
			return false;
		}
		buf_putc(b, '"');
	}
	buf_put_str(b, STR("/>"));
	return true;
}
