/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/certs/give.h"

#include <fcntl.h>
#include <limits.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/opt.h"
#include "base/os.h"
#include "base/stamp.h"
#include "certs/bundle.h"
#include "certs/pem.h"
#include "json/json.h"

#define GIVE_PASSWORD_MAX 1024

static int
give_open_dir(struct give *g, const char *path, struct fault *fault)
{
	if (dir_make(path, fault) < 0)
		return -1;
	g->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return g->fd >= 0 ? 0 : fault_errno(fault, 0, "%s", path);
}

static int
give_take_form(struct give *g, const char *form, struct fault *fault)
{
	static const char words[] = "pem|p12|tar|json";
	int i = form != NULL ? opt_choice(words, form) : -1;

	g->form = form == NULL ? g->many ? GIVE_JSON : GIVE_PEM :
	    i >= 0 ? (enum give_form)i : GIVE_DIR;
	g->dir = form;
	if (g->form == GIVE_P12 && g->many)
		return fault_set(fault, EX_USAGE,
		    "--out p12 holds one certificate: not with -f");
	if (g->form == GIVE_DIR)
		return give_open_dir(g, form, fault);
	if ((g->form == GIVE_P12 || g->form == GIVE_TAR) &&
	    isatty(STDOUT_FILENO))
		return fault_set(fault, EX_USAGE,
		    "--out %s is not for a terminal: redirect stdout", form);
	return 0;
}

static int
give_take_password(struct give *g, const char *file, bool key,
    struct fault *fault)
{
	if (g->form != GIVE_P12)
		return 0;
	if (!key)
		return fault_set(fault, EX_USAGE,
		    "--out p12 needs a new key, which is not made here");
	if (secret_read(file, "password of the PKCS #12 file", &g->password,
	    fault) < 0)
		return -1;
	if (g->password.n == 0)
		return fault_set(fault, EX_DATAERR,
		    "the password of the PKCS #12 file is empty");
	buf_putc(&g->password, '\0');
	return 0;
}

int
give_open(struct give *g, const char *form, const char *password_file,
    bool many, bool key, const struct signer *signer, struct fault *fault)
{
	*g = (struct give){ .signer = signer, .many = many, .fd = -1,
	    .durable = !many };
	out_init(&g->out, STDOUT_FILENO, "<stdout>", PEM_MAX);
	buf_init(&g->password, GIVE_PASSWORD_MAX);
	buf_init(&g->between, PEM_MAX);
	buf_init(&g->root, PEM_MAX);
	buf_init(&g->certificate, PEM_MAX);
	buf_init(&g->key, PEM_MAX);
	signer_put_between(&g->between, signer);
	signer_put_root(&g->root, signer);
	return give_take_form(g, form, fault) < 0 ? -1 :
	    give_take_password(g, password_file, key, fault);
}

/* ---- files ---- */

static int
give_file(struct give *g, const char *name, const char *suffix,
    struct str text, unsigned mode, struct fault *fault)
{
	char file[NAME_MAX + sizeof ".crt"];

	if ((size_t)snprintf(file, sizeof file, g->form == GIVE_TAR ?
	    "%.90s%s" : "%s%s", name, suffix) >= sizeof file)
		return fault_set(fault, EX_DATAERR, "%s: name too long", name);
	if (g->form == GIVE_TAR)
		bundle_put_file(&g->out.b, file, mode,
		    stamp_now().ns / STAMP_SECOND, text);
	else if (file_replace_at(g->fd, file, text, mode, g->durable) < 0)
		return fault_errno(fault, 0, "%s/%s", g->dir, file);
	return 0;
}

/* that of a file: no wildcard */
static void
give_name(const struct order *o, char name[NAME_MAX])
{
	struct str s = o->kind == BUILD_SERVER ? str_z(o->names[0]) :
	    o->kind == BUILD_OCSP ? o->name : o->thing;
	char *p;

	snprintf(name, NAME_MAX, "%.*s", STR_ARG(s));
	for (p = name; *p != '\0'; p++)
		if (*p == '*')
			*p = '_';
}

static int
give_files(struct give *g, const struct order *o, struct fault *fault)
{
	char name[NAME_MAX];

	give_name(o, name);
	/* the root is the same for all */
	if (g->root.n > 0 && give_file(g, "ca", ".crt", buf_str(&g->root),
	    0644, fault) < 0)
		return -1;
	buf_clear(&g->root);
	if ((g->key.n > 0 && give_file(g, name, ".key", buf_str(&g->key),
	    0600, fault) < 0) || give_file(g, name, ".crt",
	    buf_str(&g->certificate), 0644, fault) < 0)
		return -1;
	return g->form == GIVE_DIR && g->durable && fsync(g->fd) < 0 ?
	    fault_errno(fault, 0, "%s", g->dir) : 0;
}

/* ---- one piece ---- */

static void
give_put_line(struct buf *b, const char *of, struct str name,
    const char *serial, int64_t expires, struct str certificate,
    struct str key)
{
	buf_printf(b, "{\"%s\":", of);
	json_put_string(b, name);
	buf_printf(b, ",\"serial\":\"%s\",\"expires\":%lld,\"certificate\":",
	    serial, (long long)expires);
	json_put_string(b, certificate);
	if (key.n > 0) {
		buf_puts(b, ",\"key\":");
		json_put_string(b, key);
	}
	buf_puts(b, "}\n");
}

void
give_line(struct buf *b, struct str thing, const char *serial,
    int64_t expires, struct str certificate, struct str key)
{
	give_put_line(b, "thing", thing, serial, expires, certificate, key);
}

static void
give_json(struct give *g, const struct order *o, const struct issue *i)
{
	bool thing = o->kind == BUILD_THING;

	give_put_line(&g->out.b, thing ? "thing" : "name",
	    thing ? o->thing : o->name, i->serial, i->expires,
	    buf_str(&g->certificate), buf_str(&g->key));
}

static int
give_put(struct give *g, const struct order *o, const struct issue *i,
    struct fault *fault)
{
	char name[NAME_MAX];

	switch (g->form) {
	case GIVE_PEM:
		buf_put_str(&g->out.b, buf_str(&g->key));
		buf_put_str(&g->out.b, buf_str(&g->certificate));
		return 0;
	case GIVE_P12:
		give_name(o, name);
		return bundle_put_p12(&g->out.b, i, g->signer, name,
		    g->password.p, fault);
	case GIVE_JSON:
		give_json(g, o, i);
		return 0;
	default:
		return give_files(g, o, fault);
	}
}

int
give_one(struct give *g, const struct order *o, const struct issue *i,
    struct fault *fault)
{
	int result;

	buf_clear(&g->certificate);
	buf_clear(&g->key);
	pem_put(&g->certificate, "CERTIFICATE", buf_str(&i->certificate));
	buf_put_str(&g->certificate, buf_str(&g->between));
	if (i->key.n > 0)
		pem_put(&g->key, "PRIVATE KEY", buf_str(&i->key));
	result = give_put(g, o, i, fault);
	if (result < 0)
		out_cancel(&g->out);
	else if (out_end(&g->out) < 0)
		result = fault_set(fault, EX_IOERR, "<stdout>: can't be "
		    "written");
	return result;
}

int
give_close(struct give *g, int status)
{
	struct fault fault;

	if (status == 0 && g->form == GIVE_TAR) {
		bundle_end(&g->out.b);
		out_end(&g->out);
	}
	status = out_finish(&g->out, status);
	/* what was written one by one has come to the disk already */
	if (g->form == GIVE_DIR && !g->durable && g->fd >= 0 &&
	    os_sync_all(g->fd) < 0 && status == 0) {
		fault_errno(&fault, EX_IOERR, "%s", g->dir);
		status = diag_fault(&fault);
	}
	if (g->fd >= 0)
		close(g->fd);
	secret_release(&g->out.b);
	secret_release(&g->password);
	secret_release(&g->key);
	buf_release(&g->certificate);
	buf_release(&g->between);
	buf_release(&g->root);
	return status;
}
