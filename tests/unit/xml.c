/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/decode.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#define HEAD "<sensml xmlns=\"urn:ietf:params:xml:ns:senml\">"
#define DOC(records) HEAD records "</sensml>"
/* one record with these attributes */
#define ONE(attributes) DOC("<senml " attributes "/>")
#define NOW ((struct stamp){ 1700000000 * STAMP_SECOND })

#define ELEMENT_MAX ((size_t)1 << 20)

static struct pack pack;
static struct buf out;
static size_t documents;

static void
put_records(void)
{
	size_t i;

	for (i = 0; i < pack.n; i++) {
		record_put_json(&out, &pack.records[i]);
		buf_putc(&out, '\n');
	}
}

/* ---- documents one after the other, in pieces ---- */

/* The records in `out`; NULL or why not. */
static const char *
stream(struct str text, size_t piece, size_t *offset)
{
	struct decoder r;
	const char *why = NULL;
	size_t start = 0, have = piece < text.n ? piece : text.n, n;

	buf_clear(&out);
	documents = 0;
	decode_init(&r, &codec_xml, &pack);
	r.now = NOW;
	r.cut.begin(&r);
	while (start < text.n && why == NULL) {
		struct str item = STR_NONE;

		n = r.cut.next(&r, (struct str){ text.p + start,
		    have - start }, have == text.n, &item);
		if (item.p != NULL && (why = decode_next(&r, item)) == NULL) {
			put_records();
			documents++;
		}
		*offset = start + pack.at;
		start += n;
		if (n == 0)
			have = text.n - have > piece ? have + piece : text.n;
	}
	decode_release(&r);
	return why;
}

/* ---- whole documents ---- */

static bool
same(const char *what, struct str got, struct str want)
{
	if (str_eq(got, want))
		return true;
	printf("# %s: %.*s\n# not: %.*s\n", what, STR_ARG(got),
	    STR_ARG(want));
	return false;
}

static bool
gives_str(struct str doc, struct str want)
{
	const char *why = decode_pack(&codec_xml, &pack, doc, NOW);

	if (why != NULL) {
		printf("# %s at %zu\n", why, pack.at);
		return false;
	}
	buf_clear(&out);
	put_records();
	return same("gives", buf_str(&out), want);
}

static bool
gives(const char *doc, const char *want)
{
	return gives_str(str_z(doc), str_z(want));
}

/* in a pack, and whatever the pieces it comes in; where a document does not
 * end is seen before the rest */
static bool
refused_str(struct str doc, const char *want, size_t at)
{
	const char *why = decode_pack(&codec_xml, &pack, doc, NOW);
	size_t pieces[] = { 1, 7, 1 << 30 }, i, offset;

	if (!same("pack", str_z(why), str_z(want)) || pack.n != 0 ||
	    pack.at != at) {
		printf("# at %zu, not %zu\n", pack.at, at);
		return false;
	}
	for (i = 0; i < 3; i++) {
		why = stream(doc, pieces[i], &offset);
		if (why != NULL &&
		    strcmp(why, "the input ends inside of it") == 0)
			continue;
		if (!same("stream", str_z(why), str_z(want)) || offset != at)
			return false;
	}
	return true;
}

/* `place` is what stands where the error is */
static bool
refused(const char *doc, const char *why, const char *place)
{
	const char *at = strstr(doc, place);

	return refused_str(str_z(doc), why, at ? (size_t)(at - doc) : 0);
}

static void
test_numbers(void)
{
	CHECK(gives(ONE("n='a' v='21.50'"),
	    "{\"n\":\"a\",\"v\":21.50,\"t\":1700000000}\n"));
#define NUMBER(text, want) CHECK(gives(ONE("n='a' v='" text "'"), \
	    "{\"n\":\"a\",\"v\":" want ",\"t\":1700000000}\n"))
	NUMBER("+5.", "5");
	NUMBER(".5", "0.5");
	NUMBER("-.50", "-0.50");
	NUMBER("+1", "1");
	NUMBER("-0", "-0");
	NUMBER("007", "7");
	NUMBER("000", "0");
	NUMBER("00.10", "0.10");
	NUMBER("1E5", "1e5");
	NUMBER("1.e-05", "1e-05");
	NUMBER(".5e+3", "0.5e+3");
	NUMBER(" \t\r\n12 ", "12");
	NUMBER("&#10;12&#13;&#x9;", "12");
	NUMBER("18446744073709551615", "18446744073709551615");
	NUMBER("0.12345678901234567", "0.12345678901234567");
	NUMBER("4.9e-324", "4.9e-324");
#define NO_NUMBER(text) CHECK(refused(ONE("n='a' v='" text "'"), \
	    "not a number", "<senml"))
	NO_NUMBER("");
	NO_NUMBER(" ");
	NO_NUMBER(".");
	NO_NUMBER("-");
	NO_NUMBER("+-1");
	NO_NUMBER("1e");
	NO_NUMBER("1e+");
	NO_NUMBER("e5");
	NO_NUMBER("1 2");
	NO_NUMBER("1,5");
	NO_NUMBER("0x10");
	NO_NUMBER("INF");
	NO_NUMBER("-INF");
	NO_NUMBER("NaN");
	NO_NUMBER("1&#160;");
	CHECK(refused(ONE("n='a' v='1e400'"), "number out of range",
	    "<senml"));
	CHECK(refused(ONE("n='a' bv='1e308' v='1e308'"),
	    "number out of range", "<senml"));
}

static void
test_values(void)
{
#define VALUE(attributes, want) CHECK(gives(ONE("n='a' " attributes), \
	    "{\"n\":\"a\"," want ",\"t\":1700000000}\n"))
	VALUE("vb='true'", "\"vb\":true");
	VALUE("vb=' 1 '", "\"vb\":true");
	VALUE("vb='false'", "\"vb\":false");
	VALUE("vb='0'", "\"vb\":false");
	CHECK(refused(ONE("n='a' vb='TRUE'"), "vb is not true or false",
	    "<senml"));
	CHECK(refused(ONE("n='a' vb=''"), "vb is not true or false",
	    "<senml"));
	VALUE("vs=''", "\"vs\":\"\"");
	VALUE("vs=' a\nb\tc '", "\"vs\":\" a b c \"");
	VALUE("vs='a&#10;&#13;&#9;b'", "\"vs\":\"a\\n\\r\\tb\"");
	VALUE("vs='\\n\\u0041'", "\"vs\":\"\\\\n\\\\u0041\"");
	VALUE("vs='&lt;&gt;&amp;&quot;&apos;\"'",
	    "\"vs\":\"<>&\\\"'\\\"\"");
	VALUE("vs='&#176;\xc2\xb0&#x1F321;'",
	    "\"vs\":\"\xc2\xb0\xc2\xb0\xf0\x9f\x8c\xa1\"");
	VALUE("vd=''", "\"vd\":\"\"");
	VALUE("vd='aGkgCg=='", "\"vd\":\"aGkgCg\"");
	VALUE("vd='+/-_'", "\"vd\":\"-_-_\"");
	CHECK(refused(ONE("n='a' vd=' aGkg'"), "vd is not base64url",
	    "<senml"));
	CHECK(refused(ONE("n='a' vd='aGkgC'"), "vd is not base64url",
	    "<senml"));
	CHECK(refused(ONE("n='a' v='1' vs='b'"), "more than one value",
	    "<senml"));
	CHECK(refused(ONE("n='a'"), "no value", "<senml"));
	VALUE("s='3'", "\"s\":3");
	CHECK(gives(ONE("n='a' u='Cel' v='1' ut='5' ct='x'"),
	    "{\"n\":\"a\",\"u\":\"Cel\",\"v\":1,\"t\":1700000000,"
	    "\"ut\":5}\n"));
}

static void
test_bases(void)
{
	CHECK(gives(DOC("<senml bver=' +026 ' bn='d:'/>"
	    "<senml bt='1700000000.1' bv='0.2' bu='V' n='x' t='.2' v='.1'/>"
	    "<senml n='w' v='1'></senml>"),
	    "{\"bver\":26,\"n\":\"d:w\",\"u\":\"V\",\"v\":1.2,"
	    "\"t\":1700000000.1}\n"
	    "{\"bver\":26,\"n\":\"d:x\",\"u\":\"V\",\"v\":0.3,"
	    "\"t\":1700000000.3}\n"));
#define NO_VERSION(text) CHECK(refused(ONE("n='a' v='1' bver='" text "'"), \
	    "bver is not a positive integer", "<senml"))
	NO_VERSION("10.0");
	NO_VERSION("1e1");
	NO_VERSION("10.");
	NO_VERSION("");
	NO_VERSION("-10");
	NO_VERSION("0");
	CHECK(refused(ONE("n='a' v='1' bver='18446744073709551626'"),
	    "bver is not a positive integer", "<senml"));
	CHECK(refused(ONE("n='a' v='1' bver='11'"),
	    "bver is a version that is not known here", "<senml"));
	CHECK(refused(ONE("n='a b' v='1'"),
	    "name has a character not allowed in SenML", "<senml"));
	CHECK(refused(ONE("bn='a&#9;' n='b' v='1'"),
	    "name has a character not allowed in SenML", "<senml"));
	CHECK(refused(ONE("v='1'"), "no name", "<senml"));
	/* the second record is the one that is wrong */
	CHECK(refused(DOC("<senml n='a' v='1'/><senml n='-' v='1'/>"),
	    "name does not start with a letter or digit", "<senml n='-'"));
}

static void
test_labels(void)
{
	VALUE("v='1' N='b' vlo='c' _x='d' x_y='e'", "\"v\":1");
	CHECK(!pack.labelled);
	CHECK(refused(ONE("n='a' v='1' x_='b'"),
	    "a label that must be understood", "<senml"));
	CHECK(refused("<sensml x_='' xmlns='urn:ietf:params:xml:ns:senml'/>",
	    "a label that must be understood", "<sensml"));
	CHECK(refused("<sensml bn='' xmlns='urn:ietf:params:xml:ns:senml'/>",
	    "a field outside of a record", "<sensml"));
	VALUE("v='1' channel='C' received='now'", "\"v\":1");
	CHECK(pack.labelled);
	CHECK(gives("<sensml seq='1' xmlns='urn:ietf:params:xml:ns:senml'/>"
	    "<!-- behind -->", ""));
	CHECK(pack.labelled);
	CHECK(gives(ONE("n='a' v='1'"),
	    "{\"n\":\"a\",\"v\":1,\"t\":1700000000}\n"));
	CHECK(!pack.labelled);
	CHECK(refused(ONE("n='a' v='1' v='1'"),
	    "a label twice in one record", "v='1'/>"));
}

static void
test_namespaces(void)
{
	CHECK(gives("<s:sensml xmlns:s='urn:ietf:params:xml:ns:senml'>"
	    "<s:senml n='a' v='1'/></s:sensml>",
	    "{\"n\":\"a\",\"v\":1,\"t\":1700000000}\n"));
	VALUE("v='1' xml:lang='de' xmlns:p='q' p:v='2' p:x_='3'",
	    "\"v\":1");
	CHECK(refused(ONE("n='a' v='1' p:x='2'"), "unbound prefix",
	    "<senml"));
	CHECK(refused("<s:sensml xmlns:s='urn:ietf:params:xml:ns:senml'>"
	    "<s:senml s:n='a' v='1'/></s:sensml>",
	    "a label with the prefix of SenML", "<s:senml "));
#define NO_ROOT(doc) CHECK(refused(doc, \
	    "not <sensml> of urn:ietf:params:xml:ns:senml", "<"))
	NO_ROOT("<sensml><senml n='a' v='1'/></sensml>");
	NO_ROOT("<sensml xmlns='urn:ietf:params:xml:ns:senml2'/>");
	NO_ROOT("<sensml xmlns='urn:ietf:params:xml:ns:sen'/>");
	NO_ROOT("<sensml xmlns='URN:ietf:params:xml:ns:senml'/>");
	NO_ROOT("<senml xmlns='urn:ietf:params:xml:ns:senml'/>");
	NO_ROOT("<SENSML xmlns='urn:ietf:params:xml:ns:senml'/>");
	NO_ROOT("<html/>");
#define NO_RECORD(doc, place) CHECK(refused(doc, \
	    "not <senml> of urn:ietf:params:xml:ns:senml", place))
	NO_RECORD(DOC("<senml xmlns='' n='a' v='1'/>"), "<senml");
	NO_RECORD(DOC("<senml xmlns='urn:x' n='a' v='1'/>"), "<senml");
	NO_RECORD(DOC("<record n='a' v='1'/>"), "<record");
	NO_RECORD(DOC("<sensml/>"), "<sensml/>");
	CHECK(refused(DOC("<senml n='a' v='1'><senml n='b' v='1'/></senml>"),
	    "an element inside of a record", "<senml n='b'"));
	CHECK(refused(DOC("<senml n='a' v='1'><p:x xmlns:p='q'/></senml>"),
	    "an element inside of a record", "<p:x"));
}

static void
test_text(void)
{
	CHECK(gives("\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\r\n"
	    "<!-- <senml n=\"a> --><?x ' <?>\n" DOC("\n\t<!-- ' -->\r\n"
	    "<?y?><senml n='a' v='1'\n> <!-- - -> --> </senml >&#32;")
	    " <!-- -->\n<?z ?>\n",
	    "{\"n\":\"a\",\"v\":1,\"t\":1700000000}\n"));
#define NO_TEXT(doc, place) \
	    CHECK(refused(doc, "text between the records", place))
	NO_TEXT(DOC("x"), "x</");
	NO_TEXT(DOC(" 1 "), "1 ");
	NO_TEXT(DOC("&#160;"), "&#160;");
	NO_TEXT(DOC("&lt;"), "&lt;");
	NO_TEXT(DOC("<![CDATA[x]]>"), "x]]");
	NO_TEXT(DOC("<senml n='a' v='1'>2</senml>"), "2</");
	CHECK(gives(HEAD "</sensml>", ""));
	CHECK(gives("<sensml xmlns='urn:ietf:params:xml:ns:senml' />", ""));
}

static void
test_form(void)
{
#define NOT_FORMED(doc, place) \
	    CHECK(refused(doc, "not well-formed (invalid token)", place))
	NOT_FORMED(ONE("n='a' v='1' vs='<'"), "<'");
	NOT_FORMED(ONE("n='a' v='1' u='&'"), "'/>");
	NOT_FORMED(ONE("n='a' v=1"), "1/>");
	NOT_FORMED(ONE("n='a'v='1'"), "v='1'/>");
	NOT_FORMED(ONE("n='a' vs='\x01'"), "\x01");
	NOT_FORMED(ONE("n='a' vs='\xff'"), "\xff");
	NOT_FORMED(ONE("n='a' vs='\xc0\x80'"), "\xc0");
	NOT_FORMED(ONE("n='a' vs='\xed\xa0\x80'"), "\xed");
	NOT_FORMED(ONE("n='a' vs='\xef\xbf\xbf'"), "\xef");
	NOT_FORMED(DOC("<!-- a -- b -->"), " b -->");
	NOT_FORMED(DOC("\xff"), "\xff");
	CHECK(refused(ONE("n='a' vs='&#0;'"),
	    "reference to invalid character number", "&#0;"));
	CHECK(refused(ONE("n='a' vs='&#xD800;'"),
	    "reference to invalid character number", "&#xD800;"));
	CHECK(refused(ONE("n='a' vs='&nbsp;'"), "undefined entity",
	    "<senml"));
	CHECK(refused(HEAD "</senml>", "mismatched tag", "senml>"));
	CHECK(same("declaration", str_z(decode_pack(&codec_xml, &pack,
	    STR(" <?xml version='1.0'?>" HEAD "</sensml>"), NOW)),
	    STR("XML or text declaration not at start of entity")));
}

/* nothing but UTF-8, and no DTD */
static void
test_encodings(void)
{
	static const char utf16[] = "\xff\xfe<\0s\0e\0n\0s\0m\0l\0/\0>";
	static const char bare[] = "<\0s\0e\0n\0s\0m\0l\0/\0>\0";
#define OTHER "an encoding other than UTF-8"

	CHECK(refused("<?xml version='1.0' encoding='UTF-16'?>" HEAD
	    "</sensml>", OTHER, "<?xml"));
	CHECK(refused("<?xml version='1.0' encoding='ISO-8859-1'?>" HEAD
	    "</sensml>", OTHER, "<?xml"));
	CHECK(refused_str((struct str){ utf16, 2 }, OTHER, 0));
	CHECK(refused_str((struct str){ bare, 18 }, "a NUL byte", 1));
	CHECK(refused_str((struct str){ "\0<", 2 }, "a NUL byte", 0));
	CHECK(refused_str(STR("\xfe\xff"), OTHER, 0));
	CHECK(refused_str(STR(HEAD "<senml n='a' vs='\0'/></sensml>"),
	    "a NUL byte", sizeof HEAD - 1 + 17));
#define NO_DTD(doc, place) \
	    CHECK(refused(doc, "a document type declaration", place))
	NO_DTD("<!DOCTYPE sensml>" HEAD "</sensml>", ">");
	NO_DTD("<!DOCTYPE sensml SYSTEM 'http://localhost/x'>" HEAD
	    "</sensml>", ">");
	NO_DTD("<?xml version='1.0'?>\n<!DOCTYPE sensml [<!ENTITY a 'b'>]>"
	    HEAD "<senml n='&a;' v='1'/></sensml>", "[");
	NO_DTD("<!DOCTYPE s [<!ENTITY % a SYSTEM 'file:///etc/passwd'> %a;]>"
	    HEAD "</sensml>", "[");
	NO_DTD("<!DOCTYPE s [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>"
	    "<!ENTITY c '&b;&b;&b;&b;'>]>" HEAD "&c;</sensml>", "[");
}

/* ---- several documents, and streams ---- */

static bool
streams(const char *text, size_t piece, const char *why, size_t n,
    const char *want)
{
	size_t offset;
	const char *got = stream(str_z(text), piece, &offset);

	return same("why", str_z(got), str_z(why)) && documents == n &&
	    same("records", buf_str(&out), str_z(want));
}

static void
test_documents(void)
{
#define A "{\"n\":\"a\",\"v\":1,\"t\":1700000000}\n"
#define B "{\"n\":\"b\",\"v\":2,\"t\":1700000000}\n"
	static const char two[] = "<?xml version='1.0'?>"
	    ONE("bn='a' v='1'") "\n \r\n<?xml version='1.0'?>"
	    ONE("n='b' v='2'") "\xef\xbb\xbf" HEAD "</sensml><!-- -->\n";
	size_t piece;

	for (piece = 1; piece <= sizeof two; piece++)
		CHECK(streams(two, piece, NULL, 3, A B));
	CHECK(same("two", str_z(decode_pack(&codec_xml, &pack, str_z(two),
	    NOW)), STR("more after the end")));
	CHECK(pack.at == (size_t)(strstr(two, "\n<?xml") + 1 - two));
	CHECK(same("two", str_z(decode_pack(&codec_xml, &pack,
	    STR(DOC("") DOC("")), NOW)), STR("more after the end")));
	CHECK(pack.at == sizeof DOC("") - 1);
	CHECK(streams("", 9, NULL, 0, ""));
	CHECK(streams(" \n<!-- nothing -->", 9, NULL, 0, ""));
	CHECK(streams(ONE("n='a' v='1'") "x", 9, "syntax error", 1, A));
	CHECK(streams(ONE("n='a' v='1'") "<!-- x", 9,
	    "the input ends inside of it", 1, A));
}

static void
test_one_piece(void)
{
#define TWO "<senml n='b' t='-5' v='2'/><senml n='c' t='-6' v='3'/>"
	static const char *const whole[] = {
		DOC(TWO), HEAD TWO, " " HEAD TWO "\n<!-- -->",
	};
	size_t i;

	for (i = 0; i < 3; i++) {
		CHECK(decode_pack(&codec_sensmlx, &pack, str_z(whole[i]),
		    NOW) == NULL);
		CHECK(pack.n == 2 && pack.records[0].name.p[0] == 'b');
	}
	CHECK(decode_pack(&codec_sensmlx, &pack, STR(HEAD TWO "<senml"),
	    NOW) != NULL && pack.n == 0);
	CHECK(decode_pack(&codec_sensmlx, &pack, STR_NONE, NOW) == NULL);
	CHECK(decode_pack(&codec_xml, &pack, STR(DOC(TWO)), NOW) == NULL &&
	    pack.records[0].name.p[0] == 'c');
}

/* ---- the watch ---- */

static struct buf seen;

static void
watch_record(struct watch *w, const struct resolver *r,
    const struct fields *f, const struct record *record)
{
	(void)w;
	(void)r;
	buf_printf(&seen, "%s%s ", record ? "record" : "base",
	    f->bad & LABEL_BIT(LABEL_VD) ? " bad" : "");
}

static void
watch_ignored(struct watch *w, struct str label)
{
	(void)w;
	buf_put_str(&seen, label);
	buf_putc(&seen, ' ');
}

static void
test_watch(void)
{
	struct watch watch = { watch_record, watch_ignored };

	buf_init(&seen, 1 << 20);
	pack.watch = &watch;
	CHECK(decode_pack(&codec_xml, &pack, STR(DOC("<senml bn='a'/>"
	    "<senml vd='aGkgCg==' x='1' seq='2' xml:id='c'/>"
	    "<senml vd='aGkgCg'/>")), NOW) == NULL);
	pack.watch = NULL;
	CHECK(same("watch", buf_str(&seen),
	    STR("base x seq record bad record ")));
	CHECK(pack.labelled);
	buf_release(&seen);
}

/* Where may the input end? */
static void
test_truncated(void)
{
	static const char text[] = "<?xml version='1.0'?>" HEAD
	    "\n<senml n='a' v='1'/>\n<senml n='b' v='2'></senml></sensml>";
	size_t n, offset, head = sizeof "<?xml version='1.0'?>" HEAD - 1;
	size_t refusals = 0, between = 0;

	for (n = 0; n < sizeof text - 1; n++) {
		struct str cut = { text, n };
		bool whole;

		refusals += decode_pack(&codec_xml, &pack, cut, NOW) != NULL &&
		    pack.n == 0;
		refusals += n == 0 || stream(cut, 5, &offset) != NULL;
		whole = n == 0 || n == head - (sizeof HEAD - 1) ||
		    n == head || n == head + 1 || n == head + 21 ||
		    n == head + 22 || n == sizeof text - 1 - 9;
		between += (decode_pack(&codec_sensmlx, &pack, cut, NOW) ==
		    NULL) == whole;
	}
	CHECK(refusals == 2 * (sizeof text - 1));
	CHECK(between == sizeof text - 1);
	CHECK(decode_pack(&codec_xml, &pack, STR_NONE, NOW) != NULL);
	CHECK(pack.at == 0);
}

/* ---- sizes ---- */

static void
test_attributes(void)
{
	static struct buf b;
	unsigned i, n;

	buf_init(&b, 64 << 20);
	for (n = 1022; n <= 100000; n = n == 1022 ? 1023 : n * 98) {
		buf_clear(&b);
		buf_puts(&b, HEAD "<senml n='a' v='1'");
		for (i = 0; i < n; i++)
			buf_printf(&b, " x%u=''", i);
		buf_puts(&b, "/></sensml>");
		if (n == 1022) {
			CHECK(gives_str(buf_str(&b), STR(A)));
			continue;
		}
		CHECK(refused_str(buf_str(&b), b.n > ELEMENT_MAX ?
		    "an element over 1 MiB" : "too many attributes",
		    sizeof HEAD - 1));
	}
	buf_release(&b);
}

/* byte by byte, too, in no time: nothing is read twice */
static void
test_large(void)
{
	static struct buf b;
	size_t n = ELEMENT_MAX - 100, offset;
	const char *why;

	buf_init(&b, 64 << 20);
	buf_puts(&b, HEAD "<senml n='a' vs='");
	while (b.n < n)
		buf_putc(&b, '>');
	buf_puts(&b, "'/></sensml>");
	CHECK(decode_pack(&codec_xml, &pack, buf_str(&b), NOW) == NULL);
	CHECK(pack.n == 1);
	CHECK(stream(buf_str(&b), 1, &offset) == NULL);
	b.n = n;
	while (b.n < n + 200)
		buf_putc(&b, '>');
	buf_puts(&b, "'/></sensml>");
	why = decode_pack(&codec_xml, &pack, buf_str(&b), NOW);
	CHECK(same("large", str_z(why), STR("an element over 1 MiB")));
	why = stream(buf_str(&b), 4096, &offset);
	CHECK(same("large", str_z(why), STR("an element over 1 MiB")));
	buf_release(&b);
}

static void
test_deep(void)
{
	static struct buf b;
	size_t i;

	buf_init(&b, 64 << 20);
	for (i = 0; i < 100000; i++)
		buf_puts(&b, HEAD);
	CHECK(refused_str(buf_str(&b),
	    "not <senml> of urn:ietf:params:xml:ns:senml", sizeof HEAD - 1));
	buf_release(&b);
}

/* ---- the vectors ---- */

static bool
read_vector(struct buf *to, const char *name)
{
	char path[256];
	FILE *f;
	int c;

	snprintf(path, sizeof path, "tests/vectors/%s", name);
	buf_clear(to);
	if ((f = fopen(path, "r")) == NULL)
		return false;
	while ((c = fgetc(f)) != EOF)
		buf_putc(to, (char)c);
	fclose(f);
	return true;
}

static void
test_vectors(void)
{
	static struct buf text, want;
	char line[512], input[128], expected[128];
	FILE *cases = fopen("tests/vectors/CASES.tsv", "r");
	unsigned n = 0;

	buf_init(&text, 1 << 20);
	buf_init(&want, 1 << 20);
	CHECK(cases != NULL);
	while (cases != NULL && fgets(line, sizeof line, cases) != NULL) {
		if (sscanf(line, "%127[^\t]\tapplication/senml+xml\t%127[^\t]",
		    input, expected) != 2)
			continue;
		n++;
		CHECK(read_vector(&text, input));
		CHECK(read_vector(&want, expected));
		CHECK(gives_str(buf_str(&text), buf_str(&want)));
	}
	CHECK(n == 17);
	if (cases != NULL)
		fclose(cases);
	buf_release(&text);
	buf_release(&want);
}

int
main(void)
{
	pack_init(&pack);
	buf_init(&out, 64 << 20);
	TEST("numbers")
		test_numbers();
	TEST("values of each kind")
		test_values();
	TEST("base fields and versions")
		test_bases();
	TEST("labels that are unknown, routing, or to be understood")
		test_labels();
	TEST("namespaces and the elements in them")
		test_namespaces();
	TEST("blanks, comments and text between records")
		test_text();
	TEST("what is not well-formed")
		test_form();
	TEST("nothing but UTF-8, and no DTD")
		test_encodings();
	TEST("documents one after the other, in pieces of any size")
		test_documents();
	TEST("a whole text, open or closed")
		test_one_piece();
	TEST("a watch sees every record and what was ignored")
		test_watch();
	TEST("the input may end between records only")
		test_truncated();
	TEST("an element has a largest number of attributes")
		test_attributes();
	TEST("a value of 1 MiB, byte by byte")
		test_large();
	TEST("nesting is refused at its first level")
		test_deep();
	TEST("the vectors of tests/vectors")
		test_vectors();
	pack_release(&pack);
	buf_release(&out);
	return unit_end();
}
