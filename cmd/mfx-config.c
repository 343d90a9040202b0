/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs will use where no option says otherwise, and from where: the
 * environment, the file of a site, or a default.
 */
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/program.h"
#include "json/json.h"

static bool human, sites;

static const struct opt options[] = {
	{ 0, "sites", NULL, "list the sites that have a name, and which is in "
	    "use", OPT_FLAG(&sites) },
	OPT_ROW_HUMAN(&human),
	OPT_END
};

static const struct program program = {
	.name = "mfx-config",
	.summary = "show what programs will use, and from where",
	.options = options,
};

static struct listing listing;

static void
config_text(const char *name, const char *text)
{
	struct buf b;

	buf_init(&b, 65536);
	json_put_string(&b, str_z(text));
	listing_raw(&listing, name, buf_str(&b), str_z(text));
	buf_release(&b);
}

/* what is used when the variable is not set; the caller frees */
static char *
config_default(const char *name)
{
	if (strcmp(name, "MFX_HOME") == 0)
		return home_path("");
	if (strcmp(name, "MFX_BUS") == 0)
		return home_path("bus");
	return NULL;
}

/* has the URL a password, as in nats://user:secret@host? */
static bool
config_has_password(const char *value)
{
	const char *user = strstr(value, "://"), *at, *colon;

	if (user == NULL || (at = strrchr(user, '@')) == NULL)
		return false;
	colon = strchr(user + 3, ':');
	return colon != NULL && colon < at;
}

/* as it is shown: nothing that opens a door */
static const char *
config_shown(const struct context_variable *v, const char *value)
{
	return v->secret ? "(set)" : config_has_password(value) ?
	    "(set, with a password)" : value;
}

static void
config_row(const struct context_variable *v)
{
	const char *value = getenv(v->name);
	char *other = NULL;

	if (value != NULL && *value == '\0')
		value = NULL;
	listing_text(&listing, "name", v->name);
	if (value == NULL)
		other = config_default(v->name);
	config_text("value", value != NULL ? config_shown(v, value) :
	    other != NULL ? other : "(not set)");
	listing_text(&listing, "from", value == NULL ? "default" :
	    context_gave(v->name) ? "site" : "environment");
	listing_end(&listing);
	free(other);
}

static void
config_site(void *arg, const char *name)
{
	const char *used = getenv("MFX_SITE");

	(void)arg;
	listing_text(&listing, "site", name);
	listing_text(&listing, "used", used != NULL &&
	    strcmp(used, name) == 0 ? "yes" : "no");
	listing_end(&listing);
}

int
main(int argc, char **argv)
{
	static const char *const heads[] = { "name", "value", "from", NULL },
	    *const site_heads[] = { "site", "used", NULL };
	const struct context_variable *v;
	struct fault fault;

	program_start(&program, argc, argv);
	listing_begin(&listing, human, sites ? site_heads : heads);
	if (sites && context_each(config_site, NULL, &fault) < 0)
		return diag_fault(&fault);
	for (v = context_variables; !sites && v->name != NULL; v++)
		config_row(v);
	return listing_finish(&listing);
}
