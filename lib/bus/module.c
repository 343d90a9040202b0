/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/module.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/os.h"
#include "base/signal.h"

static const struct bus_host module_host = {
	.version = MFX_VERSION, .poll = signal_poll
};

/* beside the program or the libraries that belong to it */
static bool
module_near_program(char to[PATH_MAX], const char *file, const char *under)
{
	char program[PATH_MAX], *slash;
	size_t n = os_program_path("", program, sizeof program);
	int len;

	if (n == 0 || n >= sizeof program)
		return false;
	program[n] = '\0';
	if ((slash = strrchr(program, '/')) == NULL)
		return false;
	*slash = '\0';
	len = snprintf(to, PATH_MAX, "%s/%s%s", program, under, file);
	return len > 0 && len < PATH_MAX && access(to, F_OK) == 0;
}

static void
module_find(char to[PATH_MAX], const char *file)
{
	const char *dir = getenv("MFX_MODULES");

	if ((dir == NULL || *dir == '\0') &&
	    (module_near_program(to, file, "") ||
	    module_near_program(to, file, "../lib/mfx/")))
		return;
	snprintf(to, PATH_MAX, "%s/%s", dir && *dir ? dir : MODULE_DIR, file);
}

const struct bus_driver *
bus_module_load(const char *scheme, struct fault *fault)
{
	const struct bus_driver *driver;
	char path[PATH_MAX], file[64];
	bus_module_fn *start;
	void *module, *symbol;

	snprintf(file, sizeof file, "mfx_bus_%s.so", scheme);
	module_find(path, file);
	/* never closed: the library's threads run in it */
	if ((module = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL) {
		fault_set(fault, EX_CONFIG, "a bus '%s:' needs %s, which "
		    "can't be loaded: %s", scheme, file, dlerror());
		return NULL;
	}
	symbol = dlsym(module, BUS_MODULE_SYMBOL);
	memcpy(&start, &symbol, sizeof start);
	driver = symbol != NULL ? start(&module_host) : NULL;
	if (driver == NULL)
		fault_set(fault, EX_CONFIG, "%s is not of version %s", path,
		    MFX_VERSION);
	return driver;
}
