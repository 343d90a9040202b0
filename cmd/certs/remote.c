/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/certs/remote.h"

#include <openssl/pem.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/out.h"
#include "certs/pem.h"
#include "certs/request.h"
#include "client/client.h"
#include "cmd/certs/certs.h"

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

static int
remote_issue(const char *thing, const char *request, struct buf *pem)
{
	struct client_cert cert = { .thing = str_z(thing),
	    .valid = certs_opt.days * ISSUE_DAY };
	struct buf csr;
	int result = 0;

	buf_init(&csr, PEM_MAX);
	if (request != NULL) {
		result = remote_read_request(request, &csr);
		cert.csr = buf_str(&csr);
	} else {
		cert.key_type = remote_keys[certs_opt.type].type;
		cert.key_bits = remote_keys[certs_opt.type].bits;
	}
	if (result == 0 && (result = remote_open()) == 0)
		result = client.backend->cert_issue(&client, &cert, pem,
		    &certs_fault);
	buf_release(&csr);
	return result;
}

int
certs_remote_issue(const char *thing, const char *request)
{
	struct out out;
	int status;

	if (certs_opt.ca != NULL || certs_opt.ocsp != NULL ||
	    certs_opt.crl_url != NULL)
		program_misuse("--ca, --ocsp and --crl-url are the server's: "
		    "not with --url");
	if (certs_opt.out != NULL && strcmp(certs_opt.out, "pem") != 0)
		program_misuse("with --url there is --out pem alone");
	out_init(&out, STDOUT_FILENO, "<stdout>", PEM_MAX);
	status = remote_issue(thing, request, &out.b);
	if (status < 0)
		out_cancel(&out);
	else
		out_end(&out);
	status = out_finish(&out, remote_end(status));
	secret_release(&out.b);
	return status;
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

	if (*operands == NULL)
		program_misuse("with --url list wants a CERTIFICATE");
	if (certs_opt.ca != NULL || certs_opt.expiring > 0)
		program_misuse("--ca and --expiring are not for --url");
	result = remote_open();
	for (; result == 0 && *operands != NULL; operands++) {
		result = certs_which(*operands, which, &certs_fault);
		if (result == 0)
			result = client.backend->cert_each(&client, which,
			    show, arg, &certs_fault);
	}
	return remote_end(result);
}
