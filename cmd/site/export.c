/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/site/verbs.h"

#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/signal.h"
#include "cmd/site/secrets.h"
#include "cmd/site/source.h"

/* a record of the largest object */
#define EXPORT_MAX ((size_t)1 << 24)

static struct client client;
static struct source_export {
	struct site_source source;
	struct secrets secrets;
	struct out out;
} export;

static void
export_sealed(struct source_export *e, const struct site_row *row)
{
	kind_put_line(&e->out.b, row, row->kind->shown);
	if (!(row->given & SITE_SECRETS))
		return;
	/* before the end of the object and of the line */
	e->out.b.n -= 2;
	secrets_put(&e->secrets, row, &e->out.b);
	buf_puts(&e->out.b, "}\n");
}

static int
export_row(void *arg, struct site_row *row, struct fault *fault)
{
	struct source_export *e = arg;

	(void)fault;
	export_sealed(e, row);
	return out_end(&e->out);
}

static int
export_begin_seal(struct fault *fault)
{
	if (secrets_begin_seal(&export.secrets, site_opt.recipient,
	    client.registry != NULL ? registry_keyring(client.registry) :
	    NULL, fault) < 0)
		return -1;
	secrets_put_head(&export.secrets, &export.out.b);
	if (!export.secrets.ready)
		return fault_set(fault, EX_DATAERR, "%s: not a public key",
		    site_opt.recipient);
	return out_end(&export.out);
}

/* as of one moment */
static int
export_all(struct fault *fault)
{
	const struct site_give give = { export_row, &export };
	const struct client_backend *b = client.backend;
	const struct site_kind *k;
	bool sealed = site_opt.secrets != NULL;
	int result = b->begin(&client, CLIENT_READ, fault);

	if (result == 0 && sealed)
		result = export_begin_seal(fault);
	if (result == 0)
		result = source_open(&export.source, &client, site_opt.user,
		    sealed, fault);
	for (k = site_kinds; k < site_kinds + SITE_KINDS && result == 0; k++)
		result = source_each(&export.source, k, false, &give, fault);
	return result;
}

int
site_verb_export(char **operands)
{
	struct fault fault = { .status = 0 };
	int status = 0;

	(void)operands;
	if ((site_opt.secrets == NULL) != (site_opt.recipient == NULL))
		program_misuse("--secrets and --for go together");
	out_init(&export.out, STDOUT_FILENO, "<stdout>", EXPORT_MAX);
	client.out = &export.out;
	if (client_open(&client, &site_setup, CLIENT_READ, &fault) < 0 ||
	    export_all(&fault) < 0)
		/* a failed write ends it, and out_finish reports that */
		status = export.out.err ? 0 : diag_fault(&fault);
	source_close(&export.source);
	secrets_end(&export.secrets);
	client_close(&client);
	status = out_finish(&export.out, status);
	out_release(&export.out);
	return status;
}

int
site_verb_keygen(char **operands)
{
	struct fault fault;

	return secrets_make_pair(operands[0], &fault) < 0 ?
	    diag_fault(&fault) : 0;
}
