/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/memory.h"
#include "bus/bus.h"
#include "certs/pem.h"
#include "certs/request.h"
#include "cmd/certs/certs.h"
#include "cmd/certs/many.h"
#include "cmd/certs/remote.h"
#include "registry/item.h"

#define ISSUE_DAYS 365
#define ISSUE_NAMES 64

static struct order order;
static struct issue issue;
static struct signer *signer;
static struct give give;
static bool giving;

/* the registry, the CA, and what is the same in all orders */
static int
issue_begin(enum build_kind kind)
{
	const struct user *owner;

	certs_check_urls();

	order = (struct order){
		.kind = kind,
		.now = certs_now(),
		.valid = (certs_opt.days ? certs_opt.days : ISSUE_DAYS) *
		    ISSUE_DAY,
		.ocsp = certs_opt.ocsp,
		.crl = certs_opt.crl_url,
		.type = certs_opt.type,
	};
	issue_init(&issue);
	if (certs_open(true, &owner) < 0)
		return -1;
	order.owner = owner;
	return signer_open(&signer, certs_registry, certs_opt.ca, true,
	    &certs_fault) < 0 ? -1 :
	    signer_check(signer, order.now, &certs_fault);
}

static int
issue_open(bool many)
{
	giving = true;
	return give_open(&give, certs_opt.out, certs_opt.password_file, many,
	    order.key == NULL, signer, &certs_fault);
}

static int
issue_end(int result)
{
	int status = certs_end(result);

	if (giving)
		status = give_close(&give, status);
	EVP_PKEY_free(order.key);
	issue_release(&issue);
	signer_close(signer);
	return status;
}

/* does it exist, with the owner that is wanted? */
static int
issue_check_thing(struct str id)
{
	struct item item;
	bool disabled;
	void *found;
	int got;

	if (order.owner == NULL) {
		got = item_exists(certs_registry, ITEM_THING, id, &disabled,
		    &certs_fault);
		return got > 0 ? 0 : got < 0 ? -1 : fault_set(&certs_fault, 1,
		    "no thing '%.*s'", STR_ARG(id));
	}
	if (item_find(certs_registry, ITEM_THING, order.owner, id, &item,
	    &found, &certs_fault) < 0)
		return -1;
	item_found_end(found);
	return 0;
}

/* `replaced`, when its n is not 0, is the serial of one to revoke */
static int
issue_commit(struct str replaced)
{
	const struct issued_query old = { .which = replaced,
	    .now = order.now };
	uint64_t n;

	if (registry_begin(certs_registry, &certs_fault) < 0 ||
	    issue_add(&issue, certs_registry, signer, &order, &certs_fault) <
	    0 || (replaced.n > 0 && issued_revoke(certs_registry, &old,
	    REVOKED_SUPERSEDED, &n, &certs_fault) < 0))
		return -1;
	return registry_commit(certs_registry, &certs_fault);
}

static int
issue_one(struct str replaced)
{
	if (issue_open(false) < 0 ||
	    issue_make(&issue, signer, &order, &certs_fault) < 0 ||
	    issue_commit(replaced) < 0)
		return -1;
	return give_one(&give, &order, &issue, &certs_fault);
}

/* ---- things ---- */

static int
issue_check_all(const struct changes *c)
{
	int result = registry_read_begin(certs_registry, &certs_fault);
	size_t i;

	for (i = 0; i < c->n && result == 0; i++)
		if (issue_check_thing(c->v[i].id) < 0)
			result = changes_fault(c, &c->v[i], &certs_fault);
	registry_read_end(certs_registry);
	return result;
}

int
certs_read_things(struct changes *c, const char *file)
{
	return changes_read(c, file, MEMBER_ID | MEMBER_NAME |
	    MEMBER_METADATA | MEMBER_TAGS | MEMBER_STATUS | MEMBER_KEY,
	    MEMBER_ID, &certs_fault);
}

static int
issue_file(void)
{
	struct changes c = { .verb = CHANGE_REMOVE, .kind = ITEM_THING };
	int result = issue_begin(BUILD_THING);

	changes_init(&c);
	if (result == 0)
		result = certs_read_things(&c, certs_opt.file);
	if (result == 0)
		result = issue_check_all(&c);
	if (result == 0)
		result = issue_open(true);
	if (result == 0)
		result = many_issue(certs_registry, signer, &order, &c, &give,
		    &certs_fault);
	changes_release(&c);
	return issue_end(result);
}

int
certs_verb_issue(char **operands)
{
	if (certs_is_remote())
		return certs_opt.file != NULL ?
		    certs_remote_issue_file(certs_opt.file) :
		    certs_remote_issue(operands[0], NULL);
	if (certs_opt.file != NULL)
		return issue_file();
	if (issue_begin(BUILD_THING) < 0)
		return issue_end(-1);
	order.thing = str_z(operands[0]);
	return issue_end(issue_check_thing(order.thing) < 0 ? -1 :
	    issue_one(STR_NONE));
}

static int
issue_take_request(const char *path)
{
	const char *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
	X509_REQ *request = NULL;
	struct buf text;
	int result;

	/* room to see that it is too long */
	buf_init(&text, REQUEST_MAX + 1);
	result = file_read(path, &text, &certs_fault);
	if (result == 0 && (request = request_read(buf_str(&text), name,
	    &certs_fault)) == NULL)
		result = -1;
	if (result == 0)
		result = request_is_for(request, order.thing, &certs_fault);
	if (result == 0)
		order.key = X509_REQ_get_pubkey(request);
	X509_REQ_free(request);
	buf_release(&text);
	return result;
}

int
certs_verb_sign(char **operands)
{
	if (certs_is_remote())
		return certs_remote_issue(operands[0],
		    operands[1] ? operands[1] : "-");
	if (issue_begin(BUILD_THING) < 0)
		return issue_end(-1);
	order.thing = str_z(operands[0]);
	if (issue_check_thing(order.thing) < 0 ||
	    issue_take_request(operands[1] ? operands[1] : "-") < 0)
		return issue_end(-1);
	return issue_end(issue_one(STR_NONE));
}

/* ---- servers ---- */

/* what the list shows: the names with commas between */
static int
issue_take_names(char **names, struct buf *joined)
{
	const char *why;
	int i;

	for (i = 0; names[i] != NULL; i++) {
		if ((why = build_name_fault(names[i])) != NULL)
			return fault_set(&certs_fault, EX_USAGE, "'%s': %s",
			    names[i], why);
		buf_printf(joined, "%s%s", i ? "," : "", names[i]);
	}
	if (joined->full || i > ISSUE_NAMES)
		return fault_set(&certs_fault, EX_USAGE, "too many names");
	order.names = (const char *const *)names;
	order.name = buf_str(joined);
	return 0;
}

int
certs_verb_server(char **operands)
{
	struct buf joined;
	int status;

	buf_init(&joined, ISSUED_NAME_MAX);
	status = issue_end(issue_begin(BUILD_SERVER) < 0 ||
	    issue_take_names(operands, &joined) < 0 ? -1 :
	    issue_one(STR_NONE));
	buf_release(&joined);
	return status;
}

/* ---- what answers OCSP ---- */

int
certs_verb_ocsp(char **operands)
{
	if (issue_begin(BUILD_OCSP) < 0)
		return issue_end(-1);
	order.name = str_z(operands[0] ? operands[0] : "ocsp");
	if (!bus_name_valid(order.name))
		program_misuse("invalid name '%s': letters, digits, '.', '_' "
		    "and '-', at most %d", operands[0], BUS_NAME_MAX);
	return issue_end(issue_one(STR_NONE));
}

/* ---- renew ---- */

/* the one to renew: the last of those that the query selects */
struct renewal {
	char serial[SERIAL_TEXT + 1], thing[ID_TEXT + 1];
	char names[ISSUED_NAME_MAX + 1];	/* of a server */
	char *name[ISSUE_NAMES + 1];
	bool ca, ocsp, found;
	EVP_PKEY *key;
};

static int
renewal_take(void *arg, const struct issued *c, struct fault *fault)
{
	struct renewal *r = arg;
	X509 *x;

	if (c->revoked != 0)
		return 0;
	if ((x = der_read_certificate(c->certificate, fault)) == NULL)
		return -1;
	EVP_PKEY_free(r->key);
	r->key = X509_get_pubkey(x);
	r->ca = X509_check_ca(x) == 1;
	r->ocsp = X509_get_extended_key_usage(x) == XKU_OCSP_SIGN;
	r->found = true;
	X509_free(x);
	ERR_clear_error();
	snprintf(r->serial, sizeof r->serial, "%.*s", STR_ARG(c->serial));
	snprintf(r->thing, sizeof r->thing, "%.*s", STR_ARG(c->thing));
	snprintf(r->names, sizeof r->names, "%.*s", STR_ARG(c->name));
	return 0;
}

static void
renewal_split(struct renewal *r)
{
	char *p = r->names;
	int n = 0;

	while (p != NULL && n < ISSUE_NAMES) {
		r->name[n++] = p;
		if ((p = strchr(p, ',')) != NULL)
			*p++ = '\0';
	}
}

static int
renewal_find(struct renewal *r, const char *operand)
{
	char which[ID_TEXT + 1];
	struct issued_query q = { .which = { which, 0 } };

	if (certs_which(operand, which, &certs_fault) < 0)
		return -1;
	q.which.n = strlen(which);
	q.owner = order.owner;
	if (issued_each(certs_registry, &q, renewal_take, r, &certs_fault) < 0)
		return -1;
	if (!r->found)
		return fault_set(&certs_fault, 1, "no certificate '%s' that "
		    "is not revoked", operand);
	if (r->ca)
		return fault_set(&certs_fault, EX_DATAERR, "'%s' is a CA: "
		    "make another one with 'mfx-certs ca init'", operand);
	return !r->ocsp ? 0 : fault_set(&certs_fault, EX_DATAERR, "'%s' "
	    "answers OCSP: make another one with 'mfx-certs ocsp'", operand);
}

static int
renewal_make(struct renewal *r, const char *operand, struct buf *joined)
{
	if (renewal_find(r, operand) < 0)
		return -1;
	if (*r->thing != '\0') {
		order.thing = str_z(r->thing);
	} else {
		order.kind = BUILD_SERVER;
		renewal_split(r);
		if (issue_take_names(r->name, joined) < 0)
			return -1;
	}
	if (!certs_opt.new_key) {
		order.key = r->key;
		r->key = NULL;
	}
	return issue_one(certs_opt.replace ? str_z(r->serial) : STR_NONE);
}

int
certs_verb_renew(char **operands)
{
	struct renewal *r;
	struct buf joined;
	int status;

	if (certs_is_remote())
		return certs_remote_renew(operands[0]);
	r = memory_zero(1, sizeof *r);
	buf_init(&joined, ISSUED_NAME_MAX);
	status = issue_end(issue_begin(BUILD_THING) < 0 ? -1 :
	    renewal_make(r, operands[0], &joined));
	buf_release(&joined);
	EVP_PKEY_free(r->key);
	free(r);
	return status;
}
