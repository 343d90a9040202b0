/* SPDX-License-Identifier: Apache-2.0 */
/* engines, which OpenSSL 3 has but would rather not */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "certs/token.h"

#include <ctype.h>
#include <limits.h>
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#endif
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "certs/error.h"

#define TOKEN_PIN_MAX 256

static pthread_mutex_t token_lock = PTHREAD_MUTEX_INITIALIZER;

/* what an engine is told apart from the PIN */
struct token_uri {
	char object[TOKEN_URI_MAX];	/* the URI without its query */
	char module[PATH_MAX];		/* ""; or the token's library */
	char pin_file[PATH_MAX];	/* "": none */
};

bool
token_is_uri(const char *s)
{
	return strncmp(s, TOKEN_SCHEME, strlen(TOKEN_SCHEME)) == 0;
}

/* ---- the URI ---- */

static int
token_hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' :
	    isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 :
	    -1;
}

/* false: it is too long, is empty, or has a NUL or a bad escape */
static bool
token_decode(struct str s, char *to, size_t room)
{
	size_t i, n = 0;
	int c;

	for (i = 0; i < s.n && n < room; i++) {
		c = (unsigned char)s.p[i];
		if (c == '%') {
			if (i + 2 >= s.n || token_hex(s.p[i + 1]) < 0 ||
			    token_hex(s.p[i + 2]) < 0)
				return false;
			c = token_hex(s.p[i + 1]) << 4 | token_hex(s.p[i + 2]);
			i += 2;
		}
		if (c == '\0')
			return false;
		to[n++] = (char)c;
	}
	if (n == 0 || n == room)
		return false;
	to[n] = '\0';
	return true;
}

static int
token_refuse(struct fault *fault, const char *why)
{
	return fault_set(fault, EX_USAGE, "not a PKCS #11 URI that names a "
	    "key: %s", why);
}

/* of file:/path, file:///path and /path the path */
static int
token_take_pin(struct token_uri *u, struct str value, struct fault *fault)
{
	if (str_starts(value, STR("file:")))
		value = str_from(value, strlen("file:"));
	if (str_starts(value, STR("///")))
		value = str_from(value, strlen("//"));
	return token_decode(value, u->pin_file, sizeof u->pin_file) &&
	    *u->pin_file == '/' ? 0 :
	    token_refuse(fault, "pin-source is not the absolute path of a "
	    "file");
}

static int
token_take(struct token_uri *u, struct str name, struct str value,
    bool in_query, struct fault *fault)
{
	char text[PATH_MAX];

	if (str_eq(name, STR("pin-value")))
		return token_refuse(fault, "pin-value would show the PIN: "
		    "give pin-source=file:PATH");
	if (!in_query)
		return token_decode(value, text, sizeof text) ? 0 :
		    token_refuse(fault, "the value of an attribute is empty, "
		    "too long or not well escaped");
	if (str_eq(name, STR("pin-source")))
		return token_take_pin(u, value, fault);
	if (!str_eq(name, STR("module-path")))
		return token_refuse(fault, "only pin-source and module-path "
		    "may follow '?'");
	return token_decode(value, u->module, sizeof u->module) &&
	    *u->module == '/' ? 0 :
	    token_refuse(fault, "module-path is not absolute");
}

static int
token_parse(struct token_uri *u, const char *uri, struct fault *fault)
{
	const char *p = uri + strlen(TOKEN_SCHEME), *equals;
	bool in_query = false;
	struct str part;

	*u = (struct token_uri){ .module = "" };
	if (strlen(uri) >= sizeof u->object)
		return token_refuse(fault, "it is too long");
	for (; *p != '\0'; p += part.n) {
		part = (struct str){ p, strcspn(p, in_query ? "&" : ";?") };
		equals = memchr(p, '=', part.n);
		if (equals == NULL)
			return token_refuse(fault, "an attribute has no '='");
		if (token_take(u, (struct str){ p, (size_t)(equals - p) },
		    str_from(part, (size_t)(equals - p) + 1), in_query,
		    fault) < 0)
			return -1;
		in_query |= p[part.n] == '?';
		part.n += p[part.n] != '\0';
	}
	snprintf(u->object, sizeof u->object, "%.*s",
	    (int)strcspn(uri, "?"), uri);
	return 0;
}

static int
token_put_pin_file(struct buf *b, const char *path, struct fault *fault)
{
	char *real = realpath(path, NULL);
	const char *p;

	if (real == NULL)
		return fault_input(fault, path);
	for (p = real; *p != '\0'; p++)
		buf_printf(b, isalnum((unsigned char)*p) ||
		    strchr("/._-~", *p) ? "%c" : "%%%02X", (unsigned char)*p);
	free(real);
	return 0;
}

int
token_put_uri(struct buf *b, const char *uri, const char *pin_file,
    struct fault *fault)
{
	struct token_uri u;

	if (token_parse(&u, uri, fault) < 0)
		return -1;
	buf_puts(b, uri);
	if (pin_file == NULL)
		return 0;
	if (*u.pin_file != '\0')
		return token_refuse(fault, "pin-source is given twice");
	buf_printf(b, "%cpin-source=file:", strchr(uri, '?') ? '&' : '?');
	return token_put_pin_file(b, pin_file, fault);
}

/* ---- the PIN ---- */

static int
token_read_pin_file(const char *path, struct buf *pin, struct fault *fault)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
		return fault_set(fault, EX_CONFIG, "%s: others may read it "
		    "(mode %03o): chmod 600 it", path,
		    (unsigned)st.st_mode & 0777);
	return secret_read(path, "PIN", pin, fault);
}

static int
token_read_pin(const struct token_uri *u, struct buf *pin,
    struct fault *fault)
{
	const char *given = getenv("MFX_PKCS11_PIN");

	if (given != NULL && *given != '\0')
		buf_puts(pin, given);
	else if (*u->pin_file == '\0')
		return fault_set(fault, EX_CONFIG, "%s: no PIN: give its file "
		    "with --pin-file, or MFX_PKCS11_PIN", u->object);
	else if (token_read_pin_file(u->pin_file, pin, fault) < 0)
		return -1;
	buf_putc(pin, '\0');
	return pin->n > 1 && !pin->full ? 0 : fault_set(fault, EX_CONFIG,
	    "%s: the PIN is empty or too long", u->object);
}

/* ---- the engine ---- */

#ifndef OPENSSL_NO_ENGINE
static ENGINE *token_engine;
static char token_module[PATH_MAX];	/* what it was loaded with */

static int
token_set_up(ENGINE *e, const char *module, struct fault *fault)
{
	/* what it would say on stderr is in the fault */
	ENGINE_ctrl_cmd(e, "QUIET", 0, NULL, NULL, 0);
	if ((*module == '\0' || ENGINE_ctrl_cmd_string(e, "MODULE_PATH",
	    module, 0) == 1) && ENGINE_init(e) == 1)
		return 0;
	return error_fault(fault, EX_CONFIG, "%s",
	    *module ? module : "the PKCS #11 module of p11-kit");
}

/* one for the whole process: it can't be given another module */
static int
token_load(const char *module, struct fault *fault)
{
	ENGINE *e;

	/* the loader would tell stderr of it */
	if (*module != '\0' && access(module, R_OK) < 0)
		return fault_errno(fault, EX_CONFIG, "module-path=%s", module);
	if (token_engine != NULL)
		return strcmp(module, token_module) == 0 ? 0 :
		    fault_set(fault, EX_CONFIG, "module-path=%s: all CAs have "
		    "to name the same module", module);
	ERR_clear_error();
	if ((e = ENGINE_by_id("pkcs11")) == NULL) {
		ERR_clear_error();
		return fault_set(fault, EX_UNAVAILABLE, "keys in a PKCS #11 "
		    "token need libp11's engine for OpenSSL: install "
		    "libengine-pkcs11-openssl");
	}
	if (token_set_up(e, module, fault) < 0) {
		ENGINE_free(e);
		return -1;
	}
	snprintf(token_module, sizeof token_module, "%s", module);
	token_engine = e;
	return 0;
}

/* the first error is the token's own; libp11 has one for all that is missing */
static void
token_say_why(const struct token_uri *u, struct fault *fault)
{
	const char *why = ERR_reason_error_string(ERR_peek_error());

	if (why == NULL || strcmp(why, "object not found") == 0)
		why = "no such token, or no such key in it";
	fault_set(fault, EX_CONFIG, "%s: %s", u->object, why);
}

static EVP_PKEY *
token_load_key(const struct token_uri *u, const char *pin,
    struct fault *fault)
{
	EVP_PKEY *key = NULL;

	if (token_load(u->module, fault) < 0)
		return NULL;
	ERR_clear_error();
	if (ENGINE_ctrl_cmd_string(token_engine, "PIN", pin, 0) == 1)
		key = ENGINE_load_private_key(token_engine, u->object, NULL,
		    NULL);
	if (key == NULL)
		token_say_why(u, fault);
	ERR_clear_error();
	return key;
}
#else
static EVP_PKEY *
token_load_key(const struct token_uri *u, const char *pin,
    struct fault *fault)
{
	(void)pin;
	fault_set(fault, EX_UNAVAILABLE, "%s: this OpenSSL has no engines, "
	    "which keys in a PKCS #11 token need", u->object);
	return NULL;
}
#endif

EVP_PKEY *
token_read_key(const char *uri, struct fault *fault)
{
	struct token_uri u;
	EVP_PKEY *key = NULL;
	struct buf pin;

	buf_init(&pin, TOKEN_PIN_MAX);
	/* a growing buffer would leave copies */
	buf_room(&pin, TOKEN_PIN_MAX);
	if (token_parse(&u, uri, fault) == 0 &&
	    token_read_pin(&u, &pin, fault) == 0) {
		pthread_mutex_lock(&token_lock);
		key = token_load_key(&u, pin.p, fault);
		pthread_mutex_unlock(&token_lock);
	}
	secret_release(&pin);
	return key;
}
