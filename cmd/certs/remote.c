/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/certs/remote.h"

#include <openssl/pem.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/out.h"
#include "base/signal.h"
#include "certs/pem.h"
#include "certs/request.h"
#include "client/client.h"
#include "cmd/certs/certs.h"
#include "cmd/certs/give.h"

struct remote_setup certs_remote = REMOTE_DEFAULTS;

static struct client client;

bool
certs_is_remote(void)
{
	return remote_url(&certs_remote) != NULL;
}

static int
remote_open(void)
{
	return client_open(&client, &certs_remote, CLIENT_WRITE,
	    &certs_fault) < 0 ? -1 : client.backend->act_as(&client,
	    certs_opt.user, &certs_fault);
}

static int
remote_end(int result)
{
	client_close(&client);
	return result < 0 ? diag_fault(&certs_fault) : result;
}

/* ---- issue ---- */

/* as --type has them */
static const struct {
	const char *type;
	int64_t bits;
} remote_keys[] = {
	[KEY_P256] = { "ec", 256 }, [KEY_P384] = { "ec", 384 },
	[KEY_ED25519] = { "ed25519", 256 }, [KEY_RSA2048] = { "rsa", 2048 },
	[KEY_RSA3072] = { "rsa", 3072 }, [KEY_RSA4096] = { "rsa", 4096 },
};

/* in PEM, as JSON has no bytes; what is wrong with it is said here */
static int
remote_read_request(const char *path, struct buf *pem)
{
	const char *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
	X509_REQ *request = NULL;
	unsigned char *der = NULL;
	struct buf text;
	int n = 0;

	buf_init(&text, REQUEST_MAX + 1);
	if (file_read(path, &text, &certs_fault) == 0)
		request = request_read(buf_str(&text), name, &certs_fault);
	if (request != NULL && (n = i2d_X509_REQ(request, &der)) > 0)
		pem_put(pem, "CERTIFICATE REQUEST", (struct str){ (char *)der,
		    (size_t)n });
	OPENSSL_free(der);
	X509_REQ_free(request);
	buf_release(&text);
	return n > 0 ? 0 : -1;
}

static struct client_cert
remote_cert(bool new_key)
{
	struct client_cert cert = { .valid = certs_opt.days * ISSUE_DAY,
	    .replace = certs_opt.replace };

	if (new_key) {
		cert.key_type = remote_keys[certs_opt.type].type;
		cert.key_bits = remote_keys[certs_opt.type].bits;
	}
	return cert;
}

/* what is printed, and what of it the server has sent */
struct remote_printer {
	struct out out;
	struct client_issued issued;
	bool lines;
};

static void
remote_begin(struct remote_printer *p, bool lines)
{
	const char *form = lines ? "json" : "pem";

	if (certs_opt.ca != NULL || certs_opt.ocsp != NULL ||
	    certs_opt.crl_url != NULL)
		program_misuse("--ca, --ocsp and --crl-url are the server's: "
		    "not with --url");
	if (certs_opt.out != NULL && strcmp(certs_opt.out, form) != 0)
		program_misuse("with --url there is --out %s alone%s", form,
		    lines ? " for -f" : "");
	*p = (struct remote_printer){ .lines = lines };
	out_init(&p->out, STDOUT_FILENO, "<stdout>", PEM_MAX);
	buf_init(&p->issued.certificate, PEM_MAX);
	buf_init(&p->issued.key, PEM_MAX);
}

static int
remote_print(struct remote_printer *p, const struct client_cert *cert)
{
	struct client_issued *i = &p->issued;

	if (client.backend->cert_issue(&client, cert, i, &certs_fault) < 0)
		return -1;
	if (p->lines) {
		give_line(&p->out.b, cert->thing, i->serial, i->expires,
		    buf_str(&i->certificate), buf_str(&i->key));
	} else {
		buf_put_str(&p->out.b, buf_str(&i->key));
		buf_put_str(&p->out.b, buf_str(&i->certificate));
	}
	buf_clear(&i->certificate);
	buf_clear(&i->key);
	return out_end(&p->out) == 0 ? 0 : fault_set(&certs_fault, EX_IOERR,
	    "<stdout>: can't be written");
}

static int
remote_finish(struct remote_printer *p, int result)
{
	int status;

	if (result < 0)
		out_cancel(&p->out);
	status = out_finish(&p->out, remote_end(result));
	secret_release(&p->out.b);
	secret_release(&p->issued.key);
	buf_release(&p->issued.certificate);
	return status;
}

int
certs_remote_issue(const char *thing, const char *request)
{
	struct client_cert cert = remote_cert(request == NULL);
	struct remote_printer p;
	struct buf csr;
	int result = 0;

	remote_begin(&p, false);
	cert.thing = str_z(thing);
	buf_init(&csr, PEM_MAX);
	if (request != NULL) {
		result = remote_read_request(request, &csr);
		cert.csr = buf_str(&csr);
	}
	if (result == 0 && (result = remote_open()) == 0)
		result = remote_print(&p, &cert);
	buf_release(&csr);
	return remote_finish(&p, result);
}

/* the line of it, and what was issued before */
static int
remote_stop(const struct changes *things, size_t i)
{
	const struct fault why = certs_fault;

	return fault_set(&certs_fault, why.status == 1 ? EX_DATAERR :
	    why.status, "%s:%llu: %s; %zu of %zu certificates were issued",
	    things->from, (unsigned long long)things->v[i].line, why.text, i,
	    things->n);
}

/* A request for each: those that are printed are issued, whatever comes of
 * those after them. */
static int
remote_issue_all(struct remote_printer *p, const struct changes *things)
{
	struct client_cert cert = remote_cert(true);
	size_t i;

	for (i = 0; i < things->n; i++) {
		if (signal_stop())
			return fault_set(&certs_fault, EX_TEMPFAIL, "stopped: "
			    "%zu of %zu certificates were issued", i,
			    things->n);
		cert.thing = things->v[i].id;
		if (remote_print(p, &cert) < 0)
			return remote_stop(things, i);
		diag_progress("%zu of %zu certificates", i + 1, things->n);
	}
	diag_progress_end();
	return 0;
}

int
certs_remote_issue_file(const char *file)
{
	struct changes things = { .verb = CHANGE_REMOVE, .kind = ITEM_THING };
	struct remote_printer p;
	int result;

	remote_begin(&p, true);
	changes_init(&things);
	result = certs_read_things(&things, file);
	if (result == 0 && (result = remote_open()) == 0)
		result = remote_issue_all(&p, &things);
	changes_release(&things);
	return remote_finish(&p, result);
}

/* ---- renew ---- */

/* the last one that is not revoked */
static int
remote_note_serial(void *arg, const struct issued *c, struct fault *fault)
{
	char *serial = arg;

	(void)fault;
	if (c->revoked == 0)
		snprintf(serial, SERIAL_TEXT + 1, "%.*s", STR_ARG(c->serial));
	return 0;
}

static int
remote_find_serial(const char *which, char serial[SERIAL_TEXT + 1])
{
	*serial = '\0';
	if (!uuid_valid(str_z(which)))
		snprintf(serial, SERIAL_TEXT + 1, "%s", which);
	else if (client.backend->cert_each(&client, which, remote_note_serial,
	    serial, &certs_fault) < 0)
		return -1;
	return *serial != '\0' ? 0 : fault_set(&certs_fault, 1,
	    "no certificate '%s' that is not revoked", which);
}

int
certs_remote_renew(const char *certificate)
{
	struct client_cert cert = remote_cert(certs_opt.new_key);
	char which[ID_TEXT + 1], serial[SERIAL_TEXT + 1];
	struct remote_printer p;
	int result;

	remote_begin(&p, false);
	result = certs_which(certificate, which, &certs_fault);
	cert.renews = serial;
	if (result == 0 && (result = remote_open()) == 0 &&
	    (result = remote_find_serial(which, serial)) == 0)
		result = remote_print(&p, &cert);
	return remote_finish(&p, result);
}

/* ---- revoke, list ---- */

int
certs_remote_revoke(char **operands, const char *reason)
{
	char which[ID_TEXT + 1];
	int result = remote_open();

	for (; result == 0 && *operands != NULL; operands++) {
		result = certs_which(*operands, which, &certs_fault);
		if (result == 0)
			result = client.backend->cert_revoke(&client, which,
			    reason, &certs_fault);
	}
	return remote_end(result);
}

int
certs_remote_list(char **operands, int (*show)(void *, const struct issued *,
    struct fault *), void *arg)
{
	char which[ID_TEXT + 1];
	int result;

	if (certs_opt.ca != NULL || certs_opt.expiring > 0)
		program_misuse("--ca and --expiring are not for --url");
	result = remote_open();
	if (result == 0 && *operands == NULL)
		result = client.backend->cert_each(&client, NULL, show, arg,
		    &certs_fault);
	for (; result == 0 && *operands != NULL; operands++) {
		result = certs_which(*operands, which, &certs_fault);
		if (result == 0)
			result = client.backend->cert_each(&client, which,
			    show, arg, &certs_fault);
	}
	return remote_end(result);
}
