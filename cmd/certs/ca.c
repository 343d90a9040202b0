/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/listing.h"
#include "base/out.h"
#include "bus/bus.h"
#include "certs/pem.h"
#include "certs/token.h"
#include "cmd/certs/certs.h"
#include "json/json.h"

#define CA_NAME "ca"
#define CA_DAYS 3650
#define CA_DAYS_BELOW 1825

/* a CA that is about to be made */
struct ca {
	const char *name;
	char subject[128];
	struct buf outside;		/* with a NUL; empty: inside */
	struct issue issue;
	struct buf above;		/* DER */
	EVP_PKEY *key;			/* of a file; NULL: a new one */
	struct signer *parent;
};

/* ---- init ---- */

/* the path of --outside, which has to mean the same to every program */
static int
ca_outside_path(struct ca *ca)
{
	char here[PATH_MAX];

	if (*certs_opt.outside != '/') {
		if (getcwd(here, sizeof here) == NULL)
			return fault_errno(&certs_fault, 0, "--outside");
		buf_printf(&ca->outside, "%s/", here);
	}
	buf_puts(&ca->outside, certs_opt.outside);
	return 0;
}

static int
ca_outside(struct ca *ca)
{
	if ((token_is_uri(certs_opt.outside) ? token_put_uri(&ca->outside,
	    certs_opt.outside, certs_opt.pin_file, &certs_fault) :
	    ca_outside_path(ca)) < 0)
		return -1;
	buf_putc(&ca->outside, '\0');
	return !ca->outside.full ? 0 : fault_set(&certs_fault, EX_USAGE,
	    "--outside: too long");
}

/* its new key, in PEM, for nobody else */
static int
ca_write_key(const struct ca *ca)
{
	struct buf pem;
	int result;

	buf_init(&pem, PEM_MAX);
	pem_put(&pem, "PRIVATE KEY", buf_str(&ca->issue.key));
	result = file_replace(ca->outside.p, buf_str(&pem), 0600, true,
	    &certs_fault);
	secret_release(&pem);
	return result;
}

/* the key there, if there is one; in a token there has to be */
static int
ca_take_outside(struct ca *ca)
{
	const char *path;
	struct stat st;

	if (ca_outside(ca) < 0)
		return -1;
	path = ca->outside.p;
	if (!token_is_uri(path)) {
		if (stat(path, &st) < 0)
			return 0;
		if (st.st_mode & 077)
			return fault_set(&certs_fault, EX_CONFIG, "%s: others "
			    "may read it (mode %03o): chmod 600 it", path,
			    (unsigned)st.st_mode & 0777);
	}
	ca->key = signer_read_key(path, &certs_fault);
	return ca->key != NULL ? 0 : -1;
}

static int
ca_take_parent(struct ca *ca)
{
	const struct signer *p;
	int i;

	if (signer_open(&ca->parent, certs_registry, certs_opt.parent, true,
	    &certs_fault) < 0 || signer_check(ca->parent, certs_now(),
	    &certs_fault) < 0)
		return -1;
	p = ca->parent;
	if (X509_get_pathlen(p->certificate) == 0)
		return fault_set(&certs_fault, EX_DATAERR,
		    "the CA '%s' may have no CA below it", p->name);
	der_put_certificate(&ca->above, p->certificate);
	for (i = 0; i < sk_X509_num(p->above); i++)
		der_put_certificate(&ca->above, sk_X509_value(p->above, i));
	return 0;
}

/* its own, unless it is given: two CAs with the same name and other keys
 * would be hard to tell apart */
static void
ca_set_subject(struct ca *ca)
{
	if (certs_opt.subject != NULL)
		snprintf(ca->subject, sizeof ca->subject, "%s",
		    certs_opt.subject);
	else
		snprintf(ca->subject, sizeof ca->subject, "mfx %.40s %08x",
		    ca->name, (unsigned)randombytes_random());
}

/* between begin and commit */
static int
ca_add(struct ca *ca, const struct order *order)
{
	const struct authority row = {
		.name = str_z(ca->name),
		.certificate = buf_str(&ca->issue.certificate),
		.above = buf_str(&ca->above),
		.key = certs_opt.outside ? STR_NONE : buf_str(&ca->issue.key),
		.outside = str_z(ca->outside.p),
	};

	if (authority_create(certs_registry, &row, &certs_fault) < 0)
		return -1;
	return ca->parent == NULL ? 0 : issue_add(&ca->issue, certs_registry,
	    ca->parent, order, &certs_fault);
}

static int
ca_make(struct ca *ca)
{
	struct order order = {
		.kind = BUILD_CA,
		.depth = certs_opt.parent == NULL,
		.now = certs_now(),
		.valid = (certs_opt.days ? certs_opt.days :
		    certs_opt.parent ? CA_DAYS_BELOW : CA_DAYS) * ISSUE_DAY,
		.ocsp = certs_opt.ocsp,
		.crl = certs_opt.crl_url,
		.type = certs_opt.type,
	};

	if (certs_opt.parent != NULL && ca_take_parent(ca) < 0)
		return -1;
	if (certs_opt.outside != NULL && ca_take_outside(ca) < 0)
		return -1;
	ca_set_subject(ca);
	order.name = str_z(ca->subject);
	order.key = ca->key;
	if (issue_make(&ca->issue, ca->parent, &order, &certs_fault) < 0 ||
	    registry_begin(certs_registry, &certs_fault) < 0 ||
	    ca_add(ca, &order) < 0)
		return -1;
	/* a key that is nowhere is of no use, so it comes first */
	if (certs_opt.outside != NULL && ca->key == NULL &&
	    ca_write_key(ca) < 0)
		return -1;
	return registry_commit(certs_registry, &certs_fault);
}

/* ---- import ---- */

static int
ca_check_import(const struct ca *ca, STACK_OF(X509) *all)
{
	X509 *x = sk_X509_value(all, 0);
	const char *why = key_weakness(X509_get0_pubkey(x));
	int i;

	if (X509_check_ca(x) != 1)
		why = "the first certificate is not that of a CA";
	else if (build_until(x) <= certs_now())
		why = "the CA has expired";
	for (i = 1; i < sk_X509_num(all) && why == NULL; i++)
		if (X509_check_issued(sk_X509_value(all, i),
		    sk_X509_value(all, i - 1)) != X509_V_OK)
			why = "a certificate is not issued by the one "
			    "after it";
	if (why == NULL && ca->key != NULL &&
	    X509_check_private_key(x, ca->key) != 1)
		why = "the private key is not that of the certificate";
	ERR_clear_error();
	return why == NULL ? 0 : fault_set(&certs_fault, EX_DATAERR, "%s: %s",
	    certs_opt.cert, why);
}

static int
ca_take_key_file(struct ca *ca)
{
	ca->key = signer_read_key(certs_opt.key_file, &certs_fault);
	if (ca->key == NULL)
		return -1;
	return key_put(&ca->issue.key, ca->key) ? 0 : fault_set(&certs_fault,
	    EX_DATAERR, "%s: can't be sealed", certs_opt.key_file);
}

static int
ca_take_certificates(struct ca *ca, STACK_OF(X509) *all)
{
	int i;

	if (ca_check_import(ca, all) < 0)
		return -1;
	der_put_certificate(&ca->issue.certificate, sk_X509_value(all, 0));
	for (i = 1; i < sk_X509_num(all); i++)
		der_put_certificate(&ca->above, sk_X509_value(all, i));
	return 0;
}

static int
ca_import(struct ca *ca)
{
	STACK_OF(X509) *all = NULL;
	struct buf text;
	int result;

	if (certs_opt.cert == NULL)
		program_misuse("import needs --cert FILE");
	if (certs_opt.key_file != NULL && certs_opt.outside != NULL)
		program_misuse("give --key-file or --outside, not both");
	if ((certs_opt.key_file != NULL && ca_take_key_file(ca) < 0) ||
	    (certs_opt.outside != NULL && ca_take_outside(ca) < 0))
		return -1;
	if (certs_opt.outside != NULL && ca->key == NULL)
		return fault_set(&certs_fault, EX_NOINPUT, "%s: no such file",
		    ca->outside.p);
	buf_init(&text, PEM_MAX);
	result = file_read(certs_opt.cert, &text, &certs_fault);
	if (result == 0 && (all = pem_read_certificates(buf_str(&text),
	    certs_opt.cert, &certs_fault)) == NULL)
		result = -1;
	buf_release(&text);
	if (result == 0)
		result = ca_take_certificates(ca, all);
	certificates_free(all);
	if (result < 0 || registry_begin(certs_registry, &certs_fault) < 0 ||
	    ca_add(ca, NULL) < 0)
		return -1;
	return registry_commit(certs_registry, &certs_fault);
}

static int
ca_new(const char *name, int (*make)(struct ca *))
{
	const struct user *nobody;
	struct ca ca = { .name = name };
	int result;

	certs_check_urls();
	if (!bus_name_valid(str_z(name)))
		program_misuse("invalid name '%s' of a CA: letters, digits, "
		    "'.', '_' and '-', at most %d", name, BUS_NAME_MAX);
	if (certs_opt.pin_file != NULL && (certs_opt.outside == NULL ||
	    !token_is_uri(certs_opt.outside)))
		program_misuse("--pin-file: only with --outside pkcs11:URI");
	issue_init(&ca.issue);
	buf_init(&ca.above, PEM_MAX);
	buf_init(&ca.outside, TOKEN_URI_MAX);
	result = certs_open(true, &nobody);
	if (result == 0)
		result = make(&ca);
	issue_release(&ca.issue);
	buf_release(&ca.above);
	buf_release(&ca.outside);
	EVP_PKEY_free(ca.key);
	signer_close(ca.parent);
	return certs_end(result);
}

/* ---- list, show ---- */

static void
ca_list_subject(struct listing *l, X509 *x)
{
	char *text = X509_NAME_oneline(X509_get_subject_name(x), NULL, 0);
	struct str s = str_z(text);
	struct buf json;

	buf_init(&json, PEM_MAX);
	json_put_string(&json, s);
	listing_raw(l, "subject", buf_str(&json), s);
	buf_release(&json);
	OPENSSL_free(text);
}

static int
ca_list_one(void *arg, const struct authority *a, struct fault *fault)
{
	struct signer *s = signer_of(a, fault);
	struct listing *l = arg;

	if (s == NULL)
		return -1;
	listing_text(l, "name", s->name);
	ca_list_subject(l, s->certificate);
	listing_text(l, "key", a->box.p != NULL ? "sealed" :
	    str_starts(a->outside, STR(TOKEN_SCHEME)) ? "token" :
	    a->outside.n > 0 ? "outside" : "elsewhere");
	listing_number(l, "above", (uint64_t)sk_X509_num(s->above));
	listing_time(l, "expires", (struct stamp){ s->until * STAMP_SECOND },
	    true);
	listing_end(l);
	signer_close(s);
	return l->out.err != 0;
}

static int
ca_list(const char *name)
{
	static const char *const heads[] = { "name", "subject", "key", "above",
	    "expires", NULL };
	const struct user *nobody;
	struct listing l;
	int result, written;

	listing_begin(&l, certs_opt.human, heads);
	result = certs_open(false, &nobody);
	if (result == 0)
		result = authority_each(certs_registry, str_z(name),
		    ca_list_one, &l, &certs_fault);
	written = listing_finish(&l);
	result = certs_end(result);
	return result ? result : written;
}

static int
ca_show(const char *name)
{
	const struct user *nobody;
	struct signer *s = NULL;
	struct out out;
	int result, status;

	out_init(&out, STDOUT_FILENO, "<stdout>", PEM_MAX);
	result = certs_open(false, &nobody);
	if (result == 0)
		result = signer_open(&s, certs_registry, name, false,
		    &certs_fault);
	if (result == 0)
		signer_put_chain(&out.b, s);
	out_end(&out);
	signer_close(s);
	status = out_finish(&out, certs_end(result));
	out_release(&out);
	return status;
}

int
certs_verb_ca(char **operands)
{
	const char *verb = operands[0], *name = operands[1];

	if (strcmp(verb, "list") == 0)
		return ca_list(name);
	if (strcmp(verb, "show") == 0)
		return ca_show(name);
	return ca_new(name ? name : CA_NAME,
	    strcmp(verb, "init") == 0 ? ca_make : ca_import);
}
