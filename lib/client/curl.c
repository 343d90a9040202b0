/* SPDX-License-Identifier: Apache-2.0 */
#include "client/curl.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>
#include <sysexits.h>

/* its name since 2006 */
#define LIBRARY "libcurl.so.4"

static const struct {
	const char *name;
	size_t at;
} functions[] = {
#define CURL_ROW(function) { "curl_" #function,				\
	offsetof(struct curl_functions, function) },
	CURL_FUNCTIONS(CURL_ROW)
#undef CURL_ROW
};

int
curl_load(struct curl_functions *to, struct fault *fault)
{
	void *library = dlopen(LIBRARY, RTLD_NOW), *function;
	size_t i;

	if (library == NULL)
		return fault_set(fault, EX_UNAVAILABLE,
		    LIBRARY " is needed: %.200s", dlerror());
	for (i = 0; i < sizeof functions / sizeof *functions; i++) {
		function = dlsym(library, functions[i].name);
		if (function == NULL)
			return fault_set(fault, EX_UNAVAILABLE,
			    LIBRARY " is too old: it has no %s",
			    functions[i].name);
		memcpy((char *)to + functions[i].at, &function,
		    sizeof function);
	}
	if (to->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return fault_set(fault, EX_OSERR, "libcurl won't start");
	return 0;
}

size_t
curl_to_buf(char *bytes, size_t one, size_t n, void *buf)
{
	struct buf *b = buf;

	buf_put(b, bytes, one * n);
	return b->full ? 0 : one * n;
}
