/* SPDX-License-Identifier: Apache-2.0 */
#include "client/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static const char *
token_file_given(const struct remote_setup *setup)
{
	return setup_value(setup->token_file, "MFX_TOKEN_FILE");
}

char *
token_file_path(const struct remote_setup *setup)
{
	const char *path = token_file_given(setup);
	const char *dir = setup_value(NULL, "XDG_CONFIG_HOME");
	const char *under = dir ? "mfx/token" : ".config/mfx/token";
	char *text;
	size_t n;

	if (path != NULL)
		return memory_strdup(path);
	if (dir == NULL && (dir = getenv("HOME")) == NULL)
		dir = ".";
	n = strlen(dir) + strlen(under) + 2;
	text = memory_get(n);
	snprintf(text, n, "%s/%s", dir, under);
	return text;
}

int
token_file_writable(const struct remote_setup *setup, struct fault *fault)
{
	const char *path = token_file_given(setup);

	return path == NULL || strcmp(path, "-") != 0 ? 0 : fault_set(fault,
	    EX_USAGE, "--token-file must be a file that can be rewritten, "
	    "not '-'");
}

/* as ssh(1) does with keys */
static int
token_file_check_mode(const char *path, struct fault *fault)
{
	struct stat st;

	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 &&
	    S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
		return fault_set(fault, EX_CONFIG,
		    "%s: others may read it: chmod 600", path);
	return 0;
}

bool
token_is_valid(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return s.n > 0 && s.n <= JWT_MAX;
}

static struct str
token_file_line(struct str *rest)
{
	const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) :
	    NULL;
	struct str line = { rest->p, end ? (size_t)(end - rest->p) :
	    rest->n };

	*rest = str_from(*rest, line.n + (end != NULL));
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static int
token_file_parse(struct buf *token, const char *path, const char *url,
    struct fault *fault)
{
	struct str rest = buf_str(token), first = token_file_line(&rest);
	struct str bound = token_file_line(&rest);

	if (!token_is_valid(first) || rest.n > 0)
		return fault_set(fault, EX_CONFIG, "%s: not a token file",
		    path);
	if (bound.n > 0 && !str_eq(bound, str_z(url)))
		return fault_set(fault, EX_NOPERM,
		    "%s: this token is for %.*s, not for %s", path,
		    STR_ARG(bound), url);
	token->n = first.n;
	return 0;
}

int
token_file_read(const struct remote_setup *setup, const char *url,
    struct buf *token, struct fault *fault)
{
	char *path = token_file_path(setup);
	int result;

	result = token_file_check_mode(path, fault);
	if (result == 0 && (result = file_read(path, token, fault)) < 0 &&
	    access(path, F_OK) < 0 && errno == ENOENT &&
	    token_file_given(setup) == NULL && strcmp(path, "-") != 0)
		fault_set(fault, EX_NOPERM, "no token for %s: "
		    "'mfx-token login' gets one", url);
	if (result == 0)
		result = token_file_parse(token, path, url, fault);
	free(path);
	if (result < 0)
		buf_clear(token);
	return result;
}

int
token_file_write(const char *path, struct str token, const char *url,
    struct fault *fault)
{
	char *dir = memory_strdup(path), *slash = strrchr(dir, '/');
	struct buf b;
	int result = 0;

	if (slash != NULL && slash != dir) {
		*slash = '\0';
		result = dir_make(dir, fault);
	}
	free(dir);
	buf_init(&b, TOKEN_FILE_MAX);
	buf_room(&b, b.max);
	buf_put_str(&b, token);
	buf_putc(&b, '\n');
	if (url != NULL)
		buf_printf(&b, "%s\n", url);
	if (result == 0)
		result = file_replace(path, buf_str(&b), 0600, true, fault);
	secret_release(&b);
	return result;
}
