/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of things and servers, from a CA of the site's own to the list
 * of what was revoked.  What they are made of is in lib/certs; who has which,
 * and which are revoked, is in the registry, where all adapters look.
 */
#include "cmd/certs/certs.h"
#include "cmd/certs/remote.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/stamp.h"

struct certs_options certs_opt;
struct registry *certs_registry;
struct fault certs_fault;

static struct user certs_user;

/* ---- what verbs share ---- */

int
certs_open(bool write, const struct user **owner)
{
	const char *email = certs_opt.user ? certs_opt.user :
	    getenv("MFX_USER");

	*owner = NULL;
	if (registry_open(&certs_registry, NULL, write ? REGISTRY_WRITE :
	    REGISTRY_READ, &certs_fault) < 0)
		return -1;
	if (email == NULL || *email == '\0')
		return 0;
	*owner = &certs_user;
	return user_find(certs_registry, str_z(email), &certs_user,
	    &certs_fault);
}

int
certs_end(int result)
{
	if (certs_registry != NULL)
		registry_rollback(certs_registry);
	registry_close(certs_registry);
	certs_registry = NULL;
	return result < 0 ? diag_fault(&certs_fault) : result;
}

int64_t
certs_now(void)
{
	return stamp_now().ns / STAMP_SECOND;
}

int
certs_which(const char *operand, char to[ID_TEXT + 1], struct fault *fault)
{
	struct str s = str_z(operand);

	if (uuid_valid(s)) {
		memcpy(to, s.p, ID_TEXT + 1);
		return 0;
	}
	return serial_parse(s, to) ? 0 : fault_set(fault, EX_USAGE,
	    "'%s': not the id of a thing and not a serial", operand);
}

static void
certs_check_url(const char *option, const char *url)
{
	const char *why = url != NULL ? build_url_fault(url) : NULL;

	if (why != NULL)
		program_misuse("%s '%s': %s", option, url, why);
}

void
certs_check_urls(void)
{
	certs_check_url("--ocsp", certs_opt.ocsp);
	certs_check_url("--crl-url", certs_opt.crl_url);
}

/* ---- the tables ---- */

#define CA(text) { 0, "ca", "NAME", text, OPT_STRING(&certs_opt.ca) }
#define ISSUER CA("CA that issues (default: the one made last)")
#define USER { 0, "user", "EMAIL", "only things of this user (default: " \
	"$MFX_USER, or any user)", OPT_STRING(&certs_opt.user) }
#define DAYS(text) { 0, "days", "N", text, \
	OPT_INT(&certs_opt.days, 1, ISSUE_DAYS_MAX) }
#define TYPE { 't', "type", KEY_TYPES, "type of the new key (default: p256)", \
	OPT_ENUM(&certs_opt.type) }
#define OUT { 0, "out", "DIR|p12|pem|tar|json", "write files to a directory, " \
	"or this to stdout (default: pem; with -f json)",		\
	OPT_STRING(&certs_opt.out) }
#define URLS								\
	{ 0, "ocsp", "URL", "name URL in the certificate as the place of " \
	    "OCSP", OPT_STRING(&certs_opt.ocsp) },			\
	{ 0, "crl-url", "URL", "name URL in the certificate as the place of " \
	    "the CRL", OPT_STRING(&certs_opt.crl_url) }
/* the last list that names one that was revoked has been replaced by then */
#define PRUNE_LEAST (INT64_C(86400) * STAMP_SECOND)
#define PASSWORD { 0, "password-file", "FILE", "with --out p12: read its " \
	"password from FILE (default: ask)",				\
	OPT_STRING(&certs_opt.password_file) }

static const struct opt ca_options[] = {
	{ 0, "parent", "NAME", "init: a CA below this one",
	    OPT_STRING(&certs_opt.parent) },
	{ 0, "subject", "TEXT", "init: its common name",
	    OPT_STRING(&certs_opt.subject) },
	DAYS("init: valid for this long (default: 3650; with --parent 1825)"),
	TYPE,
	{ 0, "cert", "FILE", "import: its certificate and those above it",
	    OPT_STRING(&certs_opt.cert) },
	{ 0, "key-file", "FILE", "import: read its private key from FILE and "
	    "seal it in the registry", OPT_STRING(&certs_opt.key_file) },
	{ 0, "outside", "FILE|URI", "leave its private key in FILE, which init "
	    "makes if need be, or in a PKCS #11 token",
	    OPT_STRING(&certs_opt.outside) },
	{ 0, "pin-file", "FILE", "read the token's PIN from FILE whenever "
	    "the key is used",
	    OPT_STRING(&certs_opt.pin_file) },
	URLS,
	OPT_ROW_HUMAN(&certs_opt.human),
	OPT_END
};

static const struct opt issue_options[] = {
	ISSUER, USER, DAYS("valid for this long (default: 365)"), TYPE, OUT,
	PASSWORD, URLS, REMOTE_OPTIONS(certs_remote),
	{ 'f', "file", "FILE", "issue one for each line of NDJSON with an id; "
	    "'-' is stdin", OPT_STRING(&certs_opt.file) },
	OPT_END
};

static const struct opt sign_options[] = {
	ISSUER, USER, DAYS("valid for this long (default: 365)"), OUT, URLS,
	REMOTE_OPTIONS(certs_remote), OPT_END
};

static const struct opt server_options[] = {
	ISSUER, DAYS("valid for this long (default: 365)"), TYPE, OUT,
	PASSWORD, URLS, OPT_END
};

static const struct opt ocsp_options[] = {
	ISSUER, DAYS("valid for this long (default: 365)"), TYPE, OUT,
	PASSWORD, OPT_END
};

static const struct opt renew_options[] = {
	ISSUER, USER, DAYS("valid for this long (default: 365)"),
	{ 0, "new-key", NULL, "make a new key instead of keeping it",
	    OPT_FLAG(&certs_opt.new_key) },
	{ 0, "replace", NULL, "revoke the old certificate",
	    OPT_FLAG(&certs_opt.replace) },
	TYPE, OUT, PASSWORD, URLS, REMOTE_OPTIONS(certs_remote), OPT_END
};

/* in the order of certs_reasons of show.c */
#define REASONS "unspecified|key|affiliation|superseded|cessation"
static const struct opt revoke_options[] = {
	USER,
	{ 0, "reason", REASONS, "why, for the CRL (default: unspecified)",
	    OPT_ENUM(&certs_opt.reason) },
	REMOTE_OPTIONS(certs_remote),
	OPT_END
};

static const struct opt list_options[] = {
	CA("only those that this CA has issued"), USER,
	{ 0, "expiring", "DURATION", "only valid ones that end within this "
	    "time", OPT_DURATION(&certs_opt.expiring, 1, INT64_MAX) },
	REMOTE_OPTIONS(certs_remote),
	OPT_ROW_HUMAN(&certs_opt.human),
	OPT_END
};

static const struct opt expiring_options[] = {
	USER,
	{ 0, "within", "DURATION", "that end within this time (default: 30d)",
	    OPT_DURATION(&certs_opt.expiring, STAMP_SECOND, INT64_MAX) },
	{ 0, "event", NULL, "tell of each once, by an event "
	    "certificate.expiring, and print those",
	    OPT_FLAG(&certs_opt.event) },
	OPT_ROW_HUMAN(&certs_opt.human),
	OPT_END
};

static const struct opt prune_options[] = {
	CA("only those that this CA has issued"), USER,
	{ 0, "keep-age", "DURATION", "remove certificates that ended longer "
	    "ago than this",
	    OPT_DURATION(&certs_opt.keep_age, PRUNE_LEAST, INT64_MAX) },
	OPT_ROW_DRY_RUN(&certs_opt.dry_run),
	OPT_ROW_HUMAN(&certs_opt.human),
	OPT_END
};

static const struct opt crl_options[] = {
	CA("only the list of this CA (default: of all that have a key here)"),
	DAYS("when the next list comes (default: 7)"),
	{ 'o', "output", "FILE", "write to FILE, which is replaced as a whole",
	    OPT_STRING(&certs_opt.output) },
	OPT_END
};

static const struct verb verbs[] = {
	{ "ca", "init|import|list|show [NAME]", "make, import or show a CA",
	    ca_options, certs_verb_ca },
	{ "issue", "THING\n-f FILE", "issue a certificate with a new key to a "
	    "thing", issue_options, certs_verb_issue },
	{ "sign", "THING [FILE]", "issue a certificate for a request (CSR) of "
	    "a thing", sign_options, certs_verb_sign },
	{ "server", "NAME ...", "issue a certificate for a server",
	    server_options, certs_verb_server },
	{ "ocsp", "[NAME]", "issue a certificate that answers OCSP in the name "
	    "of its CA", ocsp_options, certs_verb_ocsp },
	{ "renew", "CERTIFICATE", "issue a certificate like this one again",
	    renew_options, certs_verb_renew },
	{ "revoke", "CERTIFICATE ...", "revoke certificates",
	    revoke_options, certs_verb_revoke },
	{ "list", "[CERTIFICATE ...]", "list certificates",
	    list_options, certs_verb_list },
	{ "expiring", NULL, "list certificates that end soon, and tell of them",
	    expiring_options, certs_verb_expiring },
	{ "prune", NULL, "remove certificates that ended long ago",
	    prune_options, certs_verb_prune },
	{ "crl", NULL, "write the lists of revoked certificates (CRLs)",
	    crl_options, certs_verb_crl },
	{ "verify", "FILE", "check a certificate: exit 0 if it is valid, 1 if "
	    "not", NULL, certs_verb_verify },
	VERB_END
};

static const struct program program = {
	.name = "mfx-certs",
	.summary = "issue and revoke certificates of things and servers",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	program_holds_secrets();
	return program_verb(&program, argc, argv);
}
