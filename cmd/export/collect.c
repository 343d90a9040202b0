/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/export/collect.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "registry/counts.h"
#include "registry/registry.h"
#include "store/reader.h"

#define LABELS_MAX 1024

static const struct family_kind
    collect_up = { "mfx_up", "1: this part of the site could be asked.",
    FAMILY_GAUGE };

/* ---- registry ---- */

static void
collect_count(struct families *f, const char *name, const char *help,
    int64_t n)
{
	const struct family_kind kind = { name, help, FAMILY_GAUGE };

	families_add_number(f, &kind, STR_NONE, n > 0 ? (uint64_t)n : 0);
}

static int
collect_registry(struct families *f, const struct collect_options *o,
    struct fault *fault)
{
	struct registry_counts n;
	char *home = home_path("");
	struct registry *r = NULL;
	/* a site may do without */
	int result = registry_exists(home, fault) ? registry_open(&r, home,
	    REGISTRY_READ, fault) : 0;

	(void)o;
	free(home);
	if (result < 0 || r == NULL)
		return result;
	registry_patience(r, 1000);
	result = registry_count(r, &n, fault);
	registry_close(r);
	if (result < 0)
		return -1;
	collect_count(f, "mfx_registry_users", "Users.", n.users);
	collect_count(f, "mfx_registry_things", "Things.", n.things);
	collect_count(f, "mfx_registry_channels", "Channels.", n.channels);
	collect_count(f, "mfx_registry_connections",
	    "Connections of things with channels.", n.connections);
	return 0;
}

/* ---- disk ---- */

static int
collect_disk(struct families *f, const struct collect_options *o,
    struct fault *fault)
{
	static const struct family_kind
	    size = { "mfx_disk_size_bytes",
	    "Size of the file system that MFX_HOME is on.", FAMILY_GAUGE },
	    free_bytes = { "mfx_disk_free_bytes",
	    "What is free on it for the site.", FAMILY_GAUGE };
	char *home = home_path("");
	struct statvfs v;
	int r = statvfs(home, &v);

	(void)o;
	if (r < 0)
		fault_errno(fault, 0, "%s", home);
	free(home);
	if (r < 0)
		return -1;
	families_add_number(f, &size, STR_NONE,
	    (uint64_t)v.f_blocks * v.f_frsize);
	families_add_number(f, &free_bytes, STR_NONE,
	    (uint64_t)v.f_bavail * v.f_frsize);
	return 0;
}

/* ---- stores ---- */

/* the NAME of NAME=PLACE */
static size_t
collect_store_name(const char *store)
{
	return strspn(store, "abcdefghijklmnopqrstuvwxyz0123456789_-");
}

bool
collect_check(const struct opt_list *stores, const char **what)
{
	int i;
	size_t n;

	for (i = 0; i < stores->n; i++) {
		n = collect_store_name(stores->v[i]);
		*what = stores->v[i];
		if (n == 0 || stores->v[i][n] != '=')
			return false;
	}
	return true;
}

static int
collect_store(struct families *f, const char *store, struct fault *fault)
{
	static const struct family_kind
	    up = { "mfx_store_up", "1: the store can be read.", FAMILY_GAUGE },
	    took = { "mfx_store_probe_seconds",
	    "How long it took to ask the store.", FAMILY_GAUGE };
	static const struct store_watch watch;
	const struct store_driver *driver;
	size_t n = collect_store_name(store);
	const char *place;
	char name[64];
	struct buf labels;
	int64_t since = clock_ns();
	int r;

	snprintf(name, sizeof name, "%.*s", (int)n, store);
	driver = store_find(store + n + 1, &place, fault);
	r = driver == NULL ? -1 : store_probe(driver, place, &watch, fault);
	buf_init(&labels, LABELS_MAX);
	labels_put(&labels, "store", name);
	families_add_number(f, &up, buf_str(&labels), r == 0);
	families_add_time(f, &took, buf_str(&labels), clock_ns() - since);
	buf_release(&labels);
	return r;
}

/* ---- all of it ---- */

/* a trouble that stays is told once */
static void
collect_tell(int i, bool up, const struct fault *fault)
{
	static bool told[8 + OPT_LIST_MAX];

	if (!up && !told[i])
		diag_warning("%s", fault->text);
	told[i] = !up;
}

static void
collect_stores(struct families *f, const struct opt_list *stores)
{
	struct fault fault;
	int i;

	for (i = 0; i < stores->n; i++)
		collect_tell(8 + i, collect_store(f, stores->v[i],
		    &fault) == 0, &fault);
}

void
collect(struct families *f, const struct collect_options *o)
{
	static const struct {
		const char *name;
		int (*ask)(struct families *, const struct collect_options *,
		    struct fault *);
	} parts[] = {
		{ "processes", collect_processes }, { "bus", collect_bus },
		{ "registry", collect_registry }, { "disk", collect_disk },
		{ "units", collect_units },
	};
	static const struct family_kind build = { "mfx_build_info",
	    "Version of mfx-export.", FAMILY_GAUGE };
	struct fault fault;
	struct buf labels;
	size_t i;
	bool up;

	buf_init(&labels, LABELS_MAX);
	labels_put(&labels, "version", MFX_VERSION);
	families_add_number(f, &build, buf_str(&labels), 1);
	for (i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (parts[i].ask == collect_units && o->units == NULL &&
		    !collect_units_known())
			continue;
		up = parts[i].ask(f, o, &fault) >= 0;
		collect_tell((int)i, up, &fault);
		buf_clear(&labels);
		labels_put(&labels, "part", parts[i].name);
		families_add_number(f, &collect_up, buf_str(&labels), up);
	}
	buf_release(&labels);
	collect_stores(f, &o->stores);
}
