/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/link.h"

#include <poll.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"

#define LINK_PASSWORD_MAX 1024

static int64_t link_timeout = 60 * CLOCK_SECOND;
static const char *link_password_file;

const struct opt link_options[] = {
	{ 0, "password-file", "FILE", "read the password from FILE",
	    OPT_STRING(&link_password_file) },
	{ 0, "timeout", "DURATION", "give up on a server that is silent this "
	    "long (default: 1m)",
	    OPT_TIMEOUT(&link_timeout, CLOCK_SECOND, 86400 * CLOCK_SECOND) },
	OPT_END
};

/* ---- errors ---- */

/* the first one that the SQLSTATE begins with */
static const struct link_error {
	const char *state;
	int status;
	enum store_result result;
} link_errors[] = {
	{ "25006", EX_TEMPFAIL, STORE_LATER },	/* a standby, read-only */
	{ "25P03", EX_TEMPFAIL, STORE_LATER },	/* idle in a transaction */
	{ "28", EX_NOPERM, STORE_FAILED },	/* who are you? */
	{ "42501", EX_NOPERM, STORE_FAILED },
	{ "42", EX_CONFIG, STORE_FAILED },	/* not these tables */
	{ "3D", EX_CONFIG, STORE_FAILED },	/* no such database, */
	{ "3F", EX_CONFIG, STORE_FAILED },	/* or schema */
	{ "22", EX_DATAERR, STORE_FAILED },
	{ "23", EX_DATAERR, STORE_FAILED },
	{ "54", EX_DATAERR, STORE_FAILED },
	{ "08", EX_UNAVAILABLE, STORE_LATER },
	{ "40", EX_TEMPFAIL, STORE_LATER },	/* deadlock and the like */
	{ "53", EX_TEMPFAIL, STORE_LATER },	/* full: disk, memory, slots */
	{ "55", EX_TEMPFAIL, STORE_LATER },	/* locked */
	{ "57", EX_TEMPFAIL, STORE_LATER },	/* shutting down, starting */
	{ "58", EX_TEMPFAIL, STORE_LATER },
	{ "", EX_IOERR, STORE_FAILED },
};

static enum store_result
link_judge(const struct link *l, const char *state, struct str text,
    struct fault *fault)
{
	const struct link_error *e = link_errors;

	while (strncmp(e->state, state, strlen(e->state)) != 0)
		e++;
	fault_set(fault, e->status, "%s: %.*s", l->name, (int)text.n, text.p);
	return e->result;
}

static struct str
link_first_line(const char *text)
{
	return (struct str){ text, strcspn(text, "\n") };
}

/* "… FATAL:  28P01: text": where the code of a message begins, or NULL */
static const char *
link_find_state(struct str line)
{
	static const char digits[] = "0123456789";
	static const char any[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *p = line.p, *end = line.p + line.n;

	while ((p = memchr(p, ':', (size_t)(end - p))) != NULL) {
		p++;
		p += strspn(p, " ");
		if (strspn(p, any) == 5 && p[5] == ':' &&
		    strcspn(p, digits) < 5)
			return p;
	}
	return NULL;
}

/*
 * What libpq itself says, for which it has no code.  While connecting it has
 * the server's as text.  A certificate that can't be trusted stays so,
 * and so does a server without TLS where it is asked for.
 */
static enum store_result
link_judge_text(const struct link *l, const char *text, struct fault *fault)
{
	struct str line = link_first_line(text);
	const char *state = link_find_state(line);

	if (state != NULL)
		return link_judge(l, state, str_from(line,
		    (size_t)(state - text) + 6 + strspn(state + 6, " ")),
		    fault);
	if (PQconnectionNeedsPassword(l->conn)) {
		fault_set(fault, EX_NOPERM, "%s: the server asks for a "
		    "password; give it with --password-file", l->name);
		return STORE_FAILED;
	}
	fault_set(fault, EX_UNAVAILABLE, "%s: %.*s", l->name, (int)line.n,
	    line.n > 0 ? line.p : "the connection was cut");
	if (strstr(text, "certificate") == NULL &&
	    strstr(text, "server does not support SSL") == NULL)
		return STORE_LATER;
	fault->status = EX_CONFIG;
	return STORE_FAILED;
}

enum store_result
link_fault(const struct link *l, const PGresult *result, struct fault *fault)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (state != NULL && text != NULL)
		return link_judge(l, state, link_first_line(text), fault);
	return link_judge_text(l, result != NULL ?
	    PQresultErrorMessage(result) : PQerrorMessage(l->conn), fault);
}

bool
link_blames_data(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state != NULL && (strncmp(state, "22", 2) == 0 ||
	    strncmp(state, "23", 2) == 0 || strncmp(state, "54", 2) == 0);
}

/* ---- connecting ---- */

bool
link_lost(const struct link *l)
{
	return l->conn == NULL || PQstatus(l->conn) == CONNECTION_BAD;
}

void
link_close(struct link *l)
{
	PQfinish(l->conn);
	l->conn = NULL;
}

/* Waits for the socket; what came of it is STORE_DONE. */
static enum store_result
link_wait(struct link *l, short events, struct fault *fault)
{
	int r = store_wait(l->watch, PQsocket(l->conn), events,
	    (int)(link_timeout / 1000000));

	if (r > 0)
		return STORE_DONE;
	if (r == 0)
		fault_set(fault, EX_UNAVAILABLE, "%s: no answer within %d s",
		    l->name, (int)(link_timeout / CLOCK_SECOND));
	else
		fault_set(fault, EX_TEMPFAIL, "%s: stopped", l->name);
	/* what is under way would be mistaken for an answer to another */
	link_close(l);
	return STORE_LATER;
}

static void
link_name(struct link *l)
{
	const char *host = PQhost(l->conn), *port = PQport(l->conn);
	const char *db = PQdb(l->conn);

	snprintf(l->name, sizeof l->name, "%s:%s/%s",
	    host != NULL && *host != '\0' ? host : "PostgreSQL",
	    port != NULL ? port : "", db != NULL ? db : "");
}

static enum store_result
link_connect(struct link *l, struct fault *fault)
{
	PostgresPollingStatusType s = PGRES_POLLING_WRITING;
	enum store_result r;

	while (s == PGRES_POLLING_WRITING || s == PGRES_POLLING_READING) {
		r = link_wait(l, s == PGRES_POLLING_WRITING ? POLLOUT : POLLIN,
		    fault);
		if (r != STORE_DONE)
			return r;
		s = PQconnectPoll(l->conn);
	}
	if (s == PGRES_POLLING_OK)
		return STORE_DONE;
	r = link_fault(l, NULL, fault);
	link_close(l);
	return r;
}

/* What the text of a place that can't be parsed is must not be shown: it may
 * hold a password. */
static int
link_check_place(const char *place, struct fault *fault)
{
	PQconninfoOption *parsed;

	if (strncmp(place, "postgres://", 11) != 0 &&
	    strncmp(place, "postgresql://", 13) != 0 &&
	    strchr(place, '=') == NULL)
		return fault_set(fault, EX_USAGE, "not the URL of a "
		    "PostgreSQL database: postgres://USER@HOST/DATABASE");
	parsed = PQconninfoParse(place, NULL);
	if (parsed == NULL)
		return fault_set(fault, EX_USAGE, "not a valid URL: "
		    "postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full");
	PQconninfoFree(parsed);
	return 0;
}

static int
link_start(struct link *l, const char *place, struct fault *fault)
{
	struct buf password;
	const char *names[] = { "dbname", "client_encoding",
	    "fallback_application_name", "password", NULL };
	const char *values[] = { place, "UTF8", "mfx", NULL, NULL };
	int r = link_check_place(place, fault);

	buf_init(&password, LINK_PASSWORD_MAX);
	if (r == 0 && link_password_file != NULL) {
		r = secret_read(link_password_file, "password", &password,
		    fault);
		buf_putc(&password, '\0');
		values[3] = password.p;
	}
	if (r == 0) {
		l->conn = PQconnectStartParams(names, values, 1);
		r = l->conn != NULL ? 0 :
		    fault_set(fault, EX_OSERR, "out of memory");
	}
	secret_release(&password);
	return r;
}

static void
link_ignore(void *arg, const PGresult *notice)
{
	(void)arg;
	(void)notice;
}

/* a setting of time that the URL or the server leaves out */
#define LINK_LIMIT(name) \
	"set_config('" name "', CASE current_setting('" name "')" \
	" WHEN '0' THEN '%d' ELSE current_setting('" name "') END, false)"

/*
 * What is answered has to be on disk, whatever the server's default.  The
 * server gives up waiting for a lock before we give up waiting for it: it
 * does not see that we are gone, and each try would leave a session there
 * that waits.  A transaction of ours ends when the server has not heard of us
 * for as long as we would wait for it: a machine that vanished has no more
 * locks then.
 */
static enum store_result
link_set_up(struct link *l, struct fault *fault)
{
	PGresult *result = NULL;
	int ms = (int)(link_timeout / 1000000);
	char sql[640];
	enum store_result r;

	snprintf(sql, sizeof sql, "SELECT set_config("
	    "'synchronous_commit', replace(current_setting("
	    "'synchronous_commit'), 'off', 'on'), false),"
	    " current_setting('server_encoding'), "
	    LINK_LIMIT("lock_timeout") ", "
	    LINK_LIMIT("idle_in_transaction_session_timeout"), ms / 2, ms);
	r = link_run(l, sql, NULL, &result, fault);
	if (r == STORE_DONE && strcmp(PQgetvalue(result, 0, 1), "UTF8") != 0) {
		fault_set(fault, EX_CONFIG, "%s: the encoding of the database "
		    "has to be UTF8, and is %s", l->name,
		    PQgetvalue(result, 0, 1));
		r = STORE_FAILED;
	}
	PQclear(result);
	return r;
}

enum store_result
link_open(struct link *l, const char *place, const struct store_watch *watch,
    struct fault *fault)
{
	enum store_result r;

	*l = (struct link){ .watch = watch };
	if (link_start(l, place, fault) < 0)
		return STORE_FAILED;
	link_name(l);
	PQsetErrorVerbosity(l->conn, PQERRORS_VERBOSE);
	PQsetNoticeReceiver(l->conn, link_ignore, NULL);
	r = PQstatus(l->conn) == CONNECTION_BAD ?
	    link_fault(l, NULL, fault) : link_connect(l, fault);
	if (r == STORE_DONE) {
		/* of several hosts, the one that answered */
		link_name(l);
		PQsetnonblocking(l->conn, 1);
		r = link_set_up(l, fault);
	}
	if (r != STORE_DONE)
		link_close(l);
	return r;
}

/* ---- asking ---- */

static enum store_result
link_read(struct link *l, struct fault *fault)
{
	enum store_result r = link_wait(l, POLLIN, fault);

	if (r != STORE_DONE)
		return r;
	if (PQconsumeInput(l->conn))
		return STORE_DONE;
	r = link_fault(l, NULL, fault);
	link_close(l);
	return r;
}

enum store_result
link_flush(struct link *l, struct fault *fault)
{
	enum store_result r;
	int left;

	while ((left = PQflush(l->conn)) > 0) {
		/* a server that has an error to tell reads no further */
		r = link_wait(l, POLLIN | POLLOUT, fault);
		if (r != STORE_DONE)
			return r;
		if (!PQconsumeInput(l->conn))
			break;
	}
	if (left == 0)
		return STORE_DONE;
	r = link_fault(l, NULL, fault);
	link_close(l);
	return r;
}

enum store_result
link_send(struct link *l, const char *sql, const struct link_params *p,
    struct fault *fault)
{
	enum store_result r;

	if (p == NULL ? PQsendQuery(l->conn, sql) :
	    PQsendQueryParams(l->conn, sql, p->n, NULL, p->values, p->lengths,
	    p->formats, 1))
		return link_flush(l, fault);
	r = link_fault(l, NULL, fault);
	link_close(l);
	return r;
}

enum store_result
link_answer(struct link *l, PGresult **result, struct fault *fault)
{
	enum store_result r;

	*result = NULL;
	while (PQisBusy(l->conn))
		if ((r = link_read(l, fault)) != STORE_DONE)
			return r;
	*result = PQgetResult(l->conn);
	return STORE_DONE;
}

static bool
link_succeeded(const PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_SINGLE_TUPLE:
	case PGRES_COPY_IN:
	case PGRES_EMPTY_QUERY:
		return true;
	default:
		return false;
	}
}

enum store_result
link_finish(struct link *l, PGresult **out, struct fault *fault)
{
	enum store_result r, failed = STORE_DONE;
	PGresult *result, *last = NULL;

	while ((r = link_answer(l, &result, fault)) == STORE_DONE &&
	    result != NULL) {
		if (!link_succeeded(result) && failed == STORE_DONE)
			failed = link_fault(l, result, fault);
		PQclear(last);
		last = result;
		/* it waits for us now */
		if (PQresultStatus(result) == PGRES_COPY_IN)
			break;
	}
	if (out != NULL)
		*out = last;
	else
		PQclear(last);
	return r != STORE_DONE ? r : failed;
}

enum store_result
link_run(struct link *l, const char *sql, const struct link_params *p,
    PGresult **out, struct fault *fault)
{
	enum store_result r = link_send(l, sql, p, fault);

	if (out != NULL)
		*out = NULL;
	return r == STORE_DONE ? link_finish(l, out, fault) : r;
}

/* ---- values ---- */

static void
link_param(struct link_params *p, const char *value, size_t n, bool binary)
{
	p->values[p->n] = value;
	p->lengths[p->n] = (int)n;
	p->formats[p->n++] = binary;
}

void
link_integer(struct link_params *p, int64_t v)
{
	char *to = p->numbers[p->n];
	int i;

	for (i = 0; i < 8; i++)
		to[i] = (char)((uint64_t)v >> (56 - 8 * i));
	link_param(p, to, 8, true);
}

void
link_real(struct link_params *p, double v)
{
	int64_t bits;

	memcpy(&bits, &v, sizeof bits);
	link_integer(p, bits);
}

/* as text, which is any type, and may not hold a NUL */
void
link_text(struct link_params *p, struct str text)
{
	link_param(p, text.n > 0 ? text.p : "", text.n, true);
}

uint64_t
link_get_bits(const PGresult *result, int row, int column)
{
	const unsigned char *p =
	    (const unsigned char *)PQgetvalue(result, row, column);
	int i, n = PQgetlength(result, row, column);
	uint64_t bits = 0;

	for (i = 0; i < n && i < 8; i++)
		bits = bits << 8 | p[i];
	return bits;
}

double
link_get_real(const PGresult *result, int row, int column)
{
	uint64_t bits = link_get_bits(result, row, column);
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

struct str
link_get_text(const PGresult *result, int row, int column)
{
	return (struct str){ PQgetvalue(result, row, column),
	    (size_t)PQgetlength(result, row, column) };
}
