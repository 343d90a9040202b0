/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/out.h"
#include "certs/crl.h"
#include "certs/pem.h"
#include "certs/verify.h"
#include "cmd/certs/certs.h"
#include "cmd/certs/remote.h"
#include "cmd/certs/show.h"

#define SHOW_LISTS_MAX ((size_t)256 << 20)
#define SHOW_CRL_DAYS 7

/* ---- revoke ---- */

/* in the order of the words of --reason */
static const enum revoked_reason show_reasons[] = {
	REVOKED_UNSPECIFIED, REVOKED_KEY, REVOKED_AFFILIATION,
	REVOKED_SUPERSEDED, REVOKED_CESSATION
};

static int
show_revoke(const char *operand, const struct user *owner)
{
	char which[ID_TEXT + 1];
	struct issued_query q = { .owner = owner, .now = certs_now() };
	uint64_t n;

	if (certs_which(operand, which, &certs_fault) < 0)
		return -1;
	q.which = str_z(which);
	if (issued_revoke(certs_registry, &q, show_reasons[certs_opt.reason],
	    &n, &certs_fault) < 0)
		return -1;
	return n > 0 ? 0 : fault_set(&certs_fault, 1,
	    "no valid certificate '%s'; nothing was done", operand);
}

int
certs_verb_revoke(char **operands)
{
	static const char *const reasons[] = { "unspecified", "key",
	    "affiliation", "superseded", "cessation" };
	const struct user *owner;

	if (certs_is_remote())
		return certs_remote_revoke(operands,
		    reasons[certs_opt.reason]);

	if (certs_open(true, &owner) < 0 ||
	    registry_begin(certs_registry, &certs_fault) < 0)
		return certs_end(-1);
	for (; *operands != NULL; operands++)
		if (show_revoke(*operands, owner) < 0)
			return certs_end(-1);
	return certs_end(registry_commit(certs_registry, &certs_fault));
}

/* ---- list ---- */

void
show_begin(struct show *s)
{
	static const char *const heads[] = { "serial", "thing", "name", "ca",
	    "issued", "expires", "status", "revoked", NULL };

	listing_begin(&s->listing, certs_opt.human, heads);
}

static const char *
show_status(const struct issued *c, int64_t now)
{
	return c->revoked != 0 ? "revoked" : c->expires <= now ? "expired" :
	    c->held ? "disabled" : "valid";
}

static void
show_text(struct listing *l, const char *name, struct str text)
{
	char z[ISSUED_NAME_MAX + 1];

	snprintf(z, sizeof z, "%.*s", STR_ARG(text));
	listing_text(l, name, z);
}

int
show_one(void *arg, const struct issued *c, struct fault *fault)
{
	struct show *s = arg;
	struct listing *l = &s->listing;

	(void)fault;
	show_text(l, "serial", c->serial);
	show_text(l, "thing", c->thing);
	show_text(l, "name", c->name);
	show_text(l, "ca", c->authority);
	listing_time(l, "issued", (struct stamp){ c->issued * STAMP_SECOND },
	    true);
	listing_time(l, "expires", (struct stamp){ c->expires *
	    STAMP_SECOND }, true);
	listing_text(l, "status", show_status(c, s->now));
	listing_time(l, "revoked", (struct stamp){ c->revoked *
	    STAMP_SECOND }, c->revoked != 0);
	listing_end(l);
	s->n++;
	return l->out.err != 0;
}

static int
show_list(struct show *s, char **operands)
{
	char which[ID_TEXT + 1];
	struct issued_query q = { .now = s->now };
	const struct user *owner;
	int result;

	if (certs_open(false, &owner) < 0)
		return -1;
	q.owner = owner;
	q.authority = str_z(certs_opt.ca);
	if (certs_opt.expiring > 0) {
		q.valid = true;
		q.expires = s->now + certs_opt.expiring / STAMP_SECOND;
	}
	if (*operands == NULL)
		return issued_each(certs_registry, &q, show_one, s,
		    &certs_fault);
	for (result = 0; *operands != NULL && result == 0; operands++) {
		if (certs_which(*operands, which, &certs_fault) < 0)
			return -1;
		q.which = str_z(which);
		result = issued_each(certs_registry, &q, show_one, s,
		    &certs_fault);
	}
	return result;
}

int
certs_verb_list(char **operands)
{
	struct show s = { .now = certs_now() };
	bool asked = *operands != NULL;
	int result, written;

	show_begin(&s);
	if (certs_is_remote())
		result = certs_remote_list(operands, show_one, &s);
	else
		result = certs_end(show_list(&s, operands) < 0 ? -1 : 0);
	written = listing_finish(&s.listing);
	return result ? result : written ? written : asked && s.n == 0;
}

/* ---- crl ---- */

static int
show_crl_one(struct buf *pem, const char *name)
{
	struct signer *s;
	uint64_t n;
	int result;

	if (signer_open(&s, certs_registry, name, true, &certs_fault) < 0)
		return -1;
	result = crl_make(certs_registry, s, certs_now(),
	    certs_opt.days ? certs_opt.days : SHOW_CRL_DAYS, pem, &n,
	    &certs_fault);
	signer_close(s);
	return result;
}

/* names are noted first: a list changes the table */
static int
show_note_signer(void *arg, const struct authority *a, struct fault *fault)
{
	struct buf *names = arg;
	struct signer *s;

	if (a->box.p == NULL && a->outside.n == 0)
		return 0;
	if ((s = signer_of(a, fault)) == NULL)
		return -1;
	/* the certificates of an expired one are of no use, either */
	if (s->until > certs_now())
		buf_put(names, s->name, strlen(s->name) + 1);
	signer_close(s);
	return 0;
}

static int
show_crl_all(struct buf *pem)
{
	struct buf names;
	const char *p;
	int result;

	buf_init(&names, PEM_MAX);
	result = authority_each(certs_registry, STR_NONE, show_note_signer,
	    &names, &certs_fault);
	if (result == 0 && names.n == 0)
		result = fault_set(&certs_fault, EX_CONFIG, "no CA with a key "
		    "here: make one with 'mfx-certs ca init'");
	for (p = names.p; result == 0 && p < names.p + names.n;
	    p += strlen(p) + 1)
		result = show_crl_one(pem, p);
	buf_release(&names);
	return result;
}

static int
show_crl(struct buf *pem)
{
	const struct user *nobody;

	if (certs_open(true, &nobody) < 0 ||
	    registry_begin(certs_registry, &certs_fault) < 0 ||
	    (certs_opt.ca != NULL ? show_crl_one(pem, certs_opt.ca) :
	    show_crl_all(pem)) < 0)
		return -1;
	if (pem->full)
		return fault_set(&certs_fault, EX_DATAERR, "too many "
		    "certificates are revoked");
	return registry_commit(certs_registry, &certs_fault);
}

int
certs_verb_crl(char **operands)
{
	struct out out;
	int status;

	(void)operands;
	out_init(&out, STDOUT_FILENO, "<stdout>", SHOW_LISTS_MAX);
	status = show_crl(&out.b);
	if (status == 0 && certs_opt.output != NULL) {
		status = file_replace(certs_opt.output, buf_str(&out.b), 0644,
		    true, &certs_fault);
		out_cancel(&out);
	}
	status = certs_end(status);
	if (status == 0)
		out_end(&out);
	status = out_finish(&out, status);
	out_release(&out);
	return status;
}

/* ---- verify ---- */

static void
show_put_result(struct buf *b, const struct verify_result *v)
{
	char until[STAMP_TEXT];
	size_t n = stamp_print_utc(until,
	    (struct stamp){ v->expires * STAMP_SECOND });

	if (!v->valid) {
		buf_printf(b, "not valid: serial %s: %s\n", v->serial,
		    v->why);
		return;
	}
	buf_printf(b, "valid until %.*s: serial %s", (int)n, until,
	    v->serial);
	if (*v->thing != '\0')
		buf_printf(b, ", thing %s", v->thing);
	buf_putc(b, '\n');
}

static int
show_verify(const char *path, struct verify_result *v)
{
	const char *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
	const struct user *nobody;
	struct buf text;
	int result;

	buf_init(&text, PEM_MAX);
	result = file_read(path, &text, &certs_fault);
	if (result == 0)
		result = certs_open(false, &nobody);
	if (result == 0)
		result = verify_certificate(certs_registry, buf_str(&text),
		    name, certs_now(), v, &certs_fault);
	buf_release(&text);
	return result;
}

int
certs_verb_verify(char **operands)
{
	struct verify_result v;
	struct out out;
	int result, status;

	out_init(&out, STDOUT_FILENO, "<stdout>", 4096);
	result = show_verify(operands[0], &v);
	if (result == 0) {
		show_put_result(&out.b, &v);
		out_end(&out);
	}
	status = out_finish(&out, certs_end(result < 0 ? -1 : !v.valid));
	out_release(&out);
	return status;
}
