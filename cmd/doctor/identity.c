/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/doctor/doctor.h"
#include "registry/issued.h"
#include "registry/schema.h"
#include "sqlite/db.h"

#define IDENTITY_RESTORE "mfx-site restore DIR"

static bool
identity_exists(const struct doctor *d, const char *name)
{
	char path[PATH_MAX];

	return (size_t)snprintf(path, sizeof path, "%s/%s", d->home, name) <
	    sizeof path && access(path, F_OK) == 0;
}

void
doctor_master_key(struct doctor *d)
{
	struct keyring keyring = { .mark = { 0 } };
	struct fault fault;

	if (!identity_exists(d, "registry.db"))
		return;
	if (!identity_exists(d, "master.key"))
		doctor_trouble(d, DOCTOR_CRITICAL, IDENTITY_RESTORE,
		    "%s/master.key: it is missing, and without it no key of "
		    "the registry can be read", d->home);
	else if (keyring_load(&keyring, d->home, false, &fault) < 0)
		doctor_trouble(d, DOCTOR_CRITICAL, IDENTITY_RESTORE, "%s",
		    fault.text);
	keyring_wipe(&keyring);
}

/* ---- the registry ---- */

/* what SQLite itself says of a file, or why it says nothing */
static void
identity_ask(const char *path, const char *pragma, char *said, size_t size)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	const char *text;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) ==
	    SQLITE_OK && sqlite3_busy_timeout(db, 2000) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, pragma, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(st, 0);
	else
		text = sqlite3_errmsg(db);
	snprintf(said, size, "%s", text != NULL ? text : "unreadable");
	sqlite3_finalize(st);
	sqlite3_close(db);
}

static void
identity_check_file(struct doctor *d, const char *name)
{
	char path[PATH_MAX], said[256];

	if (!identity_exists(d, name))
		return;
	snprintf(path, sizeof path, "%s/%s", d->home, name);
	identity_ask(path, "PRAGMA quick_check(1)", said, sizeof said);
	if (strcmp(said, "ok") != 0)
		doctor_trouble(d, DOCTOR_CRITICAL, IDENTITY_RESTORE,
		    "%s: damaged: %s", path, said);
}

/* One that a newer version has made is whole, and this is too old for it. */
static const char *
identity_mend(const struct doctor *d)
{
	char path[PATH_MAX], said[256];

	snprintf(path, sizeof path, "%s/registry.db", d->home);
	identity_ask(path, "PRAGMA user_version", said, sizeof said);
	return strtol(said, NULL, 10) > SCHEMA_VERSION ?
	    "make install (of the version that made it)" : IDENTITY_RESTORE;
}

static struct registry *
identity_open(struct doctor *d, struct fault *fault)
{
	struct registry *r;

	if (registry_open(&r, d->home, REGISTRY_READ, fault) < 0)
		return NULL;
	registry_patience(r, 2000);
	return r;
}

void
doctor_registry(struct doctor *d)
{
	struct keyring keyring = { .mark = { 0 } };
	struct fault fault;
	struct registry *r;

	identity_check_file(d, "registry.db");
	identity_check_file(d, "alarm.db");
	/* the check of the master key says what is wrong with that */
	if (!identity_exists(d, "registry.db") ||
	    keyring_load(&keyring, d->home, false, &fault) < 0)
		return;
	keyring_wipe(&keyring);
	if ((r = identity_open(d, &fault)) == NULL)
		doctor_trouble(d, DOCTOR_CRITICAL, identity_mend(d), "%s",
		    fault.text);
	registry_close(r);
}

/* ---- certificates ---- */

static void
identity_end(struct doctor *d, const char *mend, const char *what,
    int64_t left)
{
	if (left <= 0)
		doctor_trouble(d, DOCTOR_CRITICAL, mend,
		    "%s: expired %lld days ago", what,
		    (long long)(-left / 86400));
	else if (left < d->set->expires / STAMP_SECOND)
		doctor_trouble(d, DOCTOR_WARNING, mend,
		    "%s: expires in %lld days", what,
		    (long long)(left / 86400));
}

static int64_t
identity_left(const X509 *c)
{
	int days = 0, seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(c)) != 1)
		return 0;
	return (int64_t)days * 86400 + seconds;
}

void
doctor_certificate_file(struct doctor *d, const char *path)
{
	char mend[DOCTOR_MEND];
	FILE *f = fopen(path, "re");
	X509 *c = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (c == NULL)
		doctor_trouble(d, DOCTOR_CRITICAL,
		    doctor_mend(mend, "mfx-certs server NAME --out", path),
		    "%s: %s", path, f ? "not a certificate in PEM" :
		    "it can't be read");
	else
		identity_end(d, doctor_mend(mend, "mfx-certs renew --replace "
		    "NAME --out", path), path, identity_left(c));
	X509_free(c);
	if (f != NULL)
		fclose(f);
}

static int
identity_issued(void *arg, const struct issued *c, struct fault *fault)
{
	struct doctor *d = arg;
	char mend[DOCTOR_MEND], what[512];
	struct str whose = c->thing.n > 0 ? c->thing : c->name;

	(void)fault;
	snprintf(what, sizeof what, "certificate %.*s of %.*s",
	    STR_ARG(c->serial), STR_ARG(whose));
	snprintf(mend, sizeof mend, "mfx-certs renew %.*s", STR_ARG(whose));
	identity_end(d, mend, what, c->expires -
	    stamp_now().ns / STAMP_SECOND);
	return 0;
}

static int
identity_authority(void *arg, const struct authority *a, struct fault *fault)
{
	const unsigned char *der = (const unsigned char *)a->certificate.p;
	X509 *c = d2i_X509(NULL, &der, (long)a->certificate.n);
	char what[128];

	(void)fault;
	snprintf(what, sizeof what, "the CA %.*s", STR_ARG(a->name));
	if (c != NULL)
		identity_end(arg, "mfx-certs ca init", what,
		    identity_left(c));
	X509_free(c);
	return 0;
}

void
doctor_certificates(struct doctor *d)
{
	struct issued_query query = { .now = stamp_now().ns / STAMP_SECOND,
	    .valid = true, .limit = 100 };
	struct fault fault;
	struct registry *r;
	int i;

	for (i = 0; i < d->set->certificates.n; i++)
		doctor_certificate_file(d, d->set->certificates.v[i]);
	query.expires = query.now + d->set->expires / STAMP_SECOND;
	if (!identity_exists(d, "registry.db") ||
	    (r = identity_open(d, &fault)) == NULL)
		return;
	issued_each(r, &query, identity_issued, d, &fault);
	authority_each(r, STR(""), identity_authority, d, &fault);
	registry_close(r);
}
