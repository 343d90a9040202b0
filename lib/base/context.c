/* SPDX-License-Identifier: Apache-2.0 */
#include "base/context.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/nearest.h"

#define CONTEXT_FILE_MAX 65536

const struct context_variable context_variables[] = {
	{ .name = "MFX_SITE" },
	{ .name = "MFX_HOME", .site = true },
	{ .name = "MFX_BUS", .site = true },
	{ .name = "MFX_URL", .site = true },
	{ .name = "MFX_USER", .site = true },
	{ .name = "MFX_TOKEN_FILE", .site = true },
	{ .name = "MFX_CACERT", .site = true },
	{ .name = "MFX_STORE", .site = true },
	{ .name = "MFX_GROUP" },
	{ .name = "MFX_LOG" },
	{ .name = "MFX_RUN" },
	{ .name = "MFX_MODULES" },
	{ .name = "MFX_SENDMAIL" },
	{ .name = "MFX_EXTERNAL_KEY", .secret = true },
	{ .name = "MFX_PKCS11_PIN", .secret = true },
	{ .name = "CASSANDRA_PASSWORD", .secret = true },
	{ .name = "INFLUX_PASSWORD", .secret = true },
	{ .name = "INFLUX_TOKEN", .secret = true },
	{ .name = "PGPASSWORD", .secret = true },
	{ .name = "REDISCLI_AUTH", .secret = true },
	{ .name = NULL }
};

/* what the site in use has given, by the index of the variable */
static char *context_values[sizeof context_variables /
    sizeof *context_variables];

static bool
context_name_valid(const char *z)
{
	size_t n = strlen(z);

	return n > 0 && n < CONTEXT_NAME_MAX && *z != '-' && *z != '.' &&
	    z[strspn(z, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789._-")] == '\0';
}

static int
context_path(char to[PATH_MAX], const char *name, struct fault *fault)
{
	const char *dir = getenv("XDG_CONFIG_HOME"), *under = "";

	if (dir == NULL || *dir == '\0') {
		dir = getenv("HOME");
		under = "/.config";
	}
	if (snprintf(to, PATH_MAX, "%s%s/mfx/sites%s%s", dir ? dir : ".",
	    under, *name != '\0' ? "/" : "", name) >= PATH_MAX)
		return fault_set(fault, EX_CONFIG, "the directory of sites "
		    "has too long a name");
	return 0;
}

struct context_names {
	char names[CONTEXT_SITES_MAX][CONTEXT_NAME_MAX];
	int n;
};

static int
context_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
context_names(struct context_names *to, struct fault *fault)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir;

	to->n = 0;
	if (context_path(path, "", fault) < 0)
		return -1;
	if ((dir = opendir(path)) == NULL)
		return errno == ENOENT ? 0 : fault_input(fault, path);
	while (to->n < CONTEXT_SITES_MAX && (e = readdir(dir)) != NULL)
		if (context_name_valid(e->d_name))
			memcpy(to->names[to->n++], e->d_name,
			    strlen(e->d_name) + 1);
	closedir(dir);
	qsort(to->names, (size_t)to->n, sizeof to->names[0], context_compare);
	return to->n;
}

int
context_each(context_fn *fn, void *arg, struct fault *fault)
{
	static struct context_names names;
	int i, n = context_names(&names, fault);

	for (i = 0; i < n; i++)
		fn(arg, names.names[i]);
	return n;
}

static int
context_unknown(const char *name, const char *path, struct fault *fault)
{
	static struct context_names names;
	char hint[NEAREST_HINT];
	struct nearest near;
	int i;

	nearest_start(&near, str_z(name));
	if (context_names(&names, fault) < 0)
		return -1;
	for (i = 0; i < names.n; i++)
		nearest_try(&near, names.names[i]);
	return fault_set(fault, EX_NOINPUT, "no site '%s'%s; it would be in %s",
	    name, nearest_hint(&near, "", hint), path);
}

/* the variable of a line, or what is wrong with it; -1: a fault */
static int
context_line(char *line, const char *path, int number, struct fault *fault)
{
	const struct context_variable *v;
	char hint[NEAREST_HINT], *value = strchr(line, '=');
	struct nearest near;
	int i;

	if (value == NULL)
		return fault_set(fault, EX_CONFIG, "%s:%d: not "
		    "VARIABLE=VALUE", path, number);
	*value++ = '\0';
	nearest_start(&near, str_z(line));
	for (i = 0; (v = &context_variables[i])->name != NULL; i++) {
		if (!v->site)
			continue;
		if (strcmp(v->name, line) == 0)
			break;
		nearest_try(&near, v->name);
	}
	if (v->name == NULL)
		return fault_set(fault, EX_CONFIG, "%s:%d: unknown variable "
		    "'%s'%s", path, number, line,
		    nearest_hint(&near, "", hint));
	free(context_values[i]);
	if ((context_values[i] = strdup(value)) == NULL)
		return fault_errno(fault, EX_OSERR, "%s", path);
	return 0;
}

static int
context_read(const char *path, struct fault *fault)
{
	struct buf b;
	char *line, *end;
	int r, number = 0;

	buf_init(&b, CONTEXT_FILE_MAX);
	r = file_read(path, &b, fault);
	buf_putc(&b, '\0');
	if (r == 0 && (b.full || strlen(b.p) + 1 != b.n))
		r = fault_set(fault, EX_CONFIG, "%s: too long, or no text",
		    path);
	for (line = b.p; r == 0 && *line != '\0'; line = end) {
		number++;
		end = line + strcspn(line, "\n");
		if (*end != '\0')
			*end++ = '\0';
		if (*line != '\0' && *line != '#')
			r = context_line(line, path, number, fault);
	}
	buf_release(&b);
	return r;
}

int
context_use(const char *name, bool instead, struct fault *fault)
{
	const struct context_variable *v;
	char path[PATH_MAX];
	int i, r = 0;

	if (!context_name_valid(name))
		return fault_set(fault, EX_USAGE, "'%s' is not the name of a "
		    "site: letters, digits, '.', '_' and '-'", name);
	if (context_path(path, name, fault) < 0)
		return -1;
	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return context_unknown(name, path, fault);
	if (context_read(path, fault) < 0)
		return -1;
	if (instead)
		r = setenv("MFX_SITE", name, 1);
	for (i = 0; (v = &context_variables[i])->name != NULL; i++) {
		const char *is = getenv(v->name);

		if (!v->site)
			continue;
		if (context_values[i] == NULL)
			r |= instead ? unsetenv(v->name) : 0;
		else if (instead || is == NULL || *is == '\0')
			r |= setenv(v->name, context_values[i], 1);
	}
	return r == 0 ? 0 : fault_errno(fault, EX_OSERR, "site %s", name);
}

int
context_start(struct fault *fault)
{
	const char *name = getenv("MFX_SITE");

	return name == NULL || *name == '\0' ? 0 :
	    context_use(name, false, fault);
}

bool
context_gave(const char *variable)
{
	const char *is = getenv(variable);
	int i;

	for (i = 0; context_variables[i].name != NULL; i++)
		if (strcmp(context_variables[i].name, variable) == 0)
			return is != NULL && context_values[i] != NULL &&
			    strcmp(is, context_values[i]) == 0;
	return false;
}
