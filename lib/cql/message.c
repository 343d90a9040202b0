/* SPDX-License-Identifier: Apache-2.0 */
#include "cql/message.h"

#include <stdarg.h>
#include <sysexits.h>

/* flags of a query (v5 4.1.4) */
#define MESSAGE_VALUES 0x01
#define MESSAGE_PAGE_SIZE 0x04
#define MESSAGE_STATE 0x08
/* flags of metadata (v5 4.2.5.2) */
#define MESSAGE_GLOBAL 0x01
#define MESSAGE_MORE 0x02
#define MESSAGE_NO_METADATA 0x04
#define MESSAGE_CHANGED 0x08

/* types within types */
#define MESSAGE_DEPTH 16
/* a row has at least four bytes for each column */
#define MESSAGE_CELL_MIN 4

/* ---- requests ---- */

/* what follows the statement, but for the values: version 4 has a byte for
 * the flags, 5 an int */
static void
message_parameters(const struct cql_call *call, int version,
    enum cql_consistency consistency, struct buf *head, struct buf *tail)
{
	uint32_t flags = 0;

	if (call->opcode == FRAME_EXECUTE)
		flags |= MESSAGE_VALUES;
	if (call->page > 0)
		flags |= MESSAGE_PAGE_SIZE;
	if (call->state.n > 0)
		flags |= MESSAGE_STATE;
	body_put_short(head, (uint16_t)consistency);
	body_put_number(head, flags, version < 5 ? 1 : 4);
	if (call->opcode == FRAME_EXECUTE)
		body_put_short(head, (uint16_t)call->bound);
	if (call->page > 0)
		body_put_int(tail, call->page);
	if (call->state.n > 0)
		body_put_bytes(tail, call->state);
}

void
message_request(const struct cql_call *call, int version,
    enum cql_consistency consistency, struct buf *head, struct buf *tail,
    struct str pieces[MESSAGE_PIECES])
{
	const struct cql_statement *s = call->statement;

	buf_clear(head);
	buf_clear(tail);
	switch (call->opcode) {
	case FRAME_EXECUTE:
		body_put_string(head, (struct str){ (const char *)s->id,
		    s->id_n });
		if (version >= 5)
			body_put_string(head, (struct str){
			    (const char *)s->result_id, s->result_id_n });
		message_parameters(call, version, consistency, head, tail);
		break;
	case FRAME_BATCH:
		buf_putc(head, 1);	/* unlogged */
		body_put_short(head, (uint16_t)call->statements);
		body_put_short(tail, (uint16_t)consistency);
		body_put_number(tail, 0, version < 5 ? 1 : 4);
		break;
	case FRAME_QUERY:
		body_put_int(head, (int32_t)call->request.n);
		message_parameters(call, version, consistency, tail, tail);
		break;
	case FRAME_PREPARE:
		body_put_int(head, (int32_t)call->request.n);
		if (version >= 5)
			body_put_int(tail, 0);
		break;
	}
	pieces[0] = buf_str(head);
	pieces[1] = buf_str(&call->request);
	pieces[2] = buf_str(tail);
}

void
message_startup(struct buf *b)
{
	body_put_short(b, 1);
	body_put_string(b, STR("CQL_VERSION"));
	body_put_string(b, STR("3.0.0"));
}

void
message_plain(struct buf *b, const char *user, const char *password)
{
	size_t n = strlen(user), m = strlen(password);

	body_put_int(b, (int32_t)(n + m + 2));
	buf_putc(b, '\0');
	buf_put(b, user, n);
	buf_putc(b, '\0');
	buf_put(b, password, m);
}

/* the values of the first statement, in order */
static struct body
message_values(const struct cql_call *call, int *n)
{
	struct body b = { .left = buf_str(&call->request) };

	*n = call->bound;
	if (call->opcode == FRAME_BATCH) {
		body_byte(&b);
		body_string(&b);
		*n = body_short(&b);
	}
	return b;
}

static bool
message_value(const struct cql_call *call, int wanted, struct str *value)
{
	int n, i;
	struct body b = message_values(call, &n);

	if (wanted >= n)
		return false;
	for (i = 0; i <= wanted; i++)
		*value = body_bytes(&b);
	return !b.bad && value->p != NULL;
}

bool
message_key(const struct cql_call *call, struct buf *key)
{
	const struct cql_statement *s = call->statement;
	struct str value = STR_NONE;
	int i;

	buf_clear(key);
	if (s == NULL || s->key_n == 0)
		return false;
	for (i = 0; i < s->key_n; i++) {
		if (!message_value(call, s->key[i], &value) ||
		    value.n > UINT16_MAX)
			return false;
		if (s->key_n > 1)
			body_put_short(key, (uint16_t)value.n);
		buf_put_str(key, value);
		if (s->key_n > 1)
			buf_putc(key, '\0');
	}
	return !key->full;
}

/* ---- answers ---- */

struct body
message_body(const struct frame *f)
{
	struct body b = { .left = f->body };
	int n;

	b.bad = (f->flags & FRAME_COMPRESSED) != 0;
	if (f->flags & FRAME_TRACING)
		body_take(&b, 16);
	if (f->flags & FRAME_WARNINGS)
		for (n = body_short(&b); n > 0 && !b.bad; n--)
			body_string(&b);
	if (f->flags & FRAME_PAYLOAD)
		for (n = body_short(&b); n > 0 && !b.bad; n--) {
			body_string(&b);
			body_bytes(&b);
		}
	return b;
}

int
message_has_version(struct body b, int version)
{
	char name[4] = { (char)('0' + version), '/', 'v', '\0' };
	int n, m, has = -1;
	struct str key, value;

	for (n = body_short(&b); n > 0 && !b.bad; n--) {
		key = body_string(&b);
		for (m = body_short(&b); m > 0 && !b.bad; m--) {
			value = body_string(&b);
			if (!str_eq(key, STR("PROTOCOL_VERSIONS")))
				continue;
			/* "5/v5", and no "5/v5-beta" */
			has = has == 1 || (str_starts(value, str_z(name)) &&
			    value.n == 4);
		}
	}
	return has;
}

static int
message_status(enum cql_error e)
{
	switch (e) {
	case CQL_OK:
		return EX_OK;
	case CQL_AWAY:
	case CQL_LOST:
		return EX_UNAVAILABLE;
	case CQL_DENIED:
	case CQL_CREDENTIALS:
		return EX_NOPERM;
	case CQL_CONFIG:
		return EX_CONFIG;
	case CQL_PROTOCOL:
		return EX_PROTOCOL;
	default:
		return cql_later(e) ? EX_TEMPFAIL : EX_DATAERR;
	}
}

enum cql_error
message_fault(struct fault *fault, enum cql_error e, const char *node,
    const char *fmt, ...)
{
	char text[sizeof fault->text];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fault_set(fault, message_status(e), "%s: %s", node, text);
	return e;
}

static enum cql_error
message_error_of(int32_t code)
{
	static const struct {
		int32_t code;
		enum cql_error e;
	} map[] = {
		{ 0x0000, CQL_SERVER },
		{ 0x000a, CQL_PROTOCOL },
		{ 0x0100, CQL_CREDENTIALS },
		{ 0x1000, CQL_UNAVAILABLE },
		{ 0x1001, CQL_OVERLOADED },
		{ 0x1002, CQL_OVERLOADED },	/* bootstrapping */
		{ 0x1003, CQL_SERVER },		/* truncating failed */
		{ 0x1100, CQL_WRITE_TIMEOUT },
		{ 0x1200, CQL_READ_TIMEOUT },
		{ 0x1300, CQL_SERVER },		/* a read failed, */
		{ 0x1500, CQL_SERVER },		/* a write, */
		{ 0x1600, CQL_SERVER },		/* one for CDC */
		{ 0x1400, CQL_INVALID },	/* a function failed */
		{ 0x1700, CQL_WRITE_TIMEOUT },	/* unknown end of a CAS */
		{ 0x2000, CQL_INVALID },
		{ 0x2100, CQL_DENIED },
		{ 0x2200, CQL_INVALID },
		{ 0x2300, CQL_INVALID },
		{ 0x2400, CQL_EXISTS },
		{ 0x2500, CQL_SERVER },		/* unprepared */
	};
	size_t i;

	for (i = 0; i < sizeof map / sizeof map[0]; i++)
		if (map[i].code == code)
			return map[i].e;
	return CQL_PROTOCOL;
}

enum cql_error
message_error(struct body b, const char *node, struct fault *fault,
    char write_type[16], struct str *unprepared)
{
	int32_t code = body_int(&b);
	struct str text = body_string(&b), type;
	enum cql_error e = message_error_of(code);

	write_type[0] = '\0';
	*unprepared = STR_NONE;
	if (b.bad)
		return message_fault(fault, CQL_PROTOCOL, node,
		    "the server sent an error that is cut off");
	if (code == 0x1100) {
		body_take(&b, 2 + 4 + 4);
		type = body_string(&b);
		snprintf(write_type, 16, "%.*s", STR_ARG(type));
	}
	if (code == 0x2500)
		*unprepared = body_string(&b);
	/* the node can't read its own table of users */
	if (e == CQL_CREDENTIALS &&
	    str_starts(text, STR("Unable to perform authentication")))
		e = CQL_UNAVAILABLE;
	return message_fault(fault, e, node, "%.*s", STR_ARG(text));
}

int
message_kind(struct body *b)
{
	int32_t kind = body_int(b);

	return b->bad || kind < MESSAGE_VOID || kind > MESSAGE_SCHEMA ? -1 :
	    (int)kind;
}

static void message_skip_type(struct body *, uint16_t type, int depth);

static uint16_t
message_type(struct body *b, int depth)
{
	uint16_t type = body_short(b);

	message_skip_type(b, type, depth);
	return type;
}

static void
message_skip_type(struct body *b, uint16_t type, int depth)
{
	int n;

	if (depth > MESSAGE_DEPTH)
		b->bad = true;
	if (b->bad)
		return;
	switch (type) {
	case CQL_TYPE_CUSTOM:
		body_string(b);
		break;
	case CQL_TYPE_MAP:
		message_type(b, depth + 1);
		message_type(b, depth + 1);
		break;
	case CQL_TYPE_LIST:
	case CQL_TYPE_SET:
		message_type(b, depth + 1);
		break;
	case CQL_TYPE_UDT:
		body_string(b);
		body_string(b);
		for (n = body_short(b); n > 0 && !b->bad; n--) {
			body_string(b);
			message_type(b, depth + 1);
		}
		break;
	case CQL_TYPE_TUPLE:
		for (n = body_short(b); n > 0 && !b->bad; n--)
			message_type(b, depth + 1);
		break;
	}
}

/* types of `columns` columns, or NULL for `types`; the keyspace of the first
 * one */
static void
message_columns(struct body *b, int32_t flags, int columns, uint16_t *types,
    struct str *keyspace)
{
	int i;
	uint16_t type;

	*keyspace = STR_NONE;
	if (flags & MESSAGE_GLOBAL) {
		*keyspace = body_string(b);
		body_string(b);
	}
	for (i = 0; i < columns && !b->bad; i++) {
		if (!(flags & MESSAGE_GLOBAL)) {
			struct str name = body_string(b);

			if (i == 0)
				*keyspace = name;
			body_string(b);
		}
		body_string(b);
		type = message_type(b, 0);
		if (types != NULL)
			types[i] = type;
	}
}

static int
message_no_columns(struct body *b, int32_t columns)
{
	if (columns < 0 || columns > CQL_COLUMNS_MAX)
		b->bad = true;
	return b->bad ? -1 : 0;
}

int
message_rows(struct body b, struct cql_call *call)
{
	int32_t flags = body_int(&b), columns = body_int(&b), rows;
	struct cql_statement *s = call->statement;
	struct str keyspace, id;

	if (message_no_columns(&b, columns) < 0)
		return -1;
	call->more = (flags & MESSAGE_MORE) != 0;
	call->state = call->more ? body_bytes(&b) : STR_NONE;
	if (call->more && call->state.n == 0)
		return -1;
	if (flags & MESSAGE_CHANGED) {
		id = body_string(&b);
		if (s != NULL && id.n <= MESSAGE_ID_MAX) {
			memcpy(s->result_id, id.p, id.n);
			s->result_id_n = (uint8_t)id.n;
		}
	}
	memset(call->types, 0, sizeof call->types);
	if (!(flags & MESSAGE_NO_METADATA))
		message_columns(&b, flags, columns, call->types, &keyspace);
	rows = body_int(&b);
	if (b.bad || rows < 0 || (size_t)rows > b.left.n /
	    (size_t)(columns > 0 ? columns * MESSAGE_CELL_MIN : 1))
		return -1;
	call->rows = rows;
	call->columns = columns;
	call->left = b.left;
	return 0;
}

int
message_prepared(struct body b, int version, struct cql_statement *s)
{
	struct str id = body_string(&b), result = STR_NONE, keyspace;
	int32_t flags, columns, keys, i;

	if (version >= 5)
		result = body_string(&b);
	flags = body_int(&b);
	columns = body_int(&b);
	keys = body_int(&b);
	if (message_no_columns(&b, columns) < 0 || keys < 0 ||
	    keys > MESSAGE_KEY_MAX || id.n == 0 || id.n > MESSAGE_ID_MAX ||
	    result.n > MESSAGE_ID_MAX)
		return -1;
	for (i = 0; i < keys; i++)
		if ((s->key[i] = body_short(&b)) >= columns)
			return -1;
	message_columns(&b, flags, columns, NULL, &keyspace);
	if (b.bad)
		return -1;
	memcpy(s->id, id.p, id.n);
	s->id_n = (uint8_t)id.n;
	if (result.n > 0)
		memcpy(s->result_id, result.p, result.n);
	s->result_id_n = (uint8_t)result.n;
	s->bound = columns;
	s->key_n = keys;
	snprintf(s->keyspace, sizeof s->keyspace, "%.*s", STR_ARG(keyspace));
	return 0;
}
