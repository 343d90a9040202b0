/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_MODULE_H
#define MFX_BUS_MODULE_H

#include <poll.h>

struct bus_driver;
struct fault;

/*
 * A driver in a shared object, mfx_bus_SCHEME.so, which is loaded when a bus of
 * that scheme is opened: no other program needs its libraries.  It has the
 * functions of lib/ once more; what has state comes from the program.
 */
struct bus_host {
	const char *version;	/* must be the module's own */
	int (*poll)(struct pollfd *, nfds_t, int timeout);
};

typedef const struct bus_driver *bus_module_fn(const struct bus_host *);
/* the one symbol of the object; it gives NULL for another version */
#define BUS_MODULE_SYMBOL "mfx_bus_driver"
const struct bus_driver *mfx_bus_driver(const struct bus_host *);

/* EX_CONFIG when it is not there or can't be loaded; NULL then */
const struct bus_driver *bus_module_load(const char *scheme, struct fault *);

#endif
