/* SPDX-License-Identifier: Apache-2.0 */
/* compress.h where there is no libzstd. */
#ifndef HAVE_ZSTD
#include "backup/compress.h"

#include <sysexits.h>

struct compress_out *
compress_out_new(struct fault *fault)
{
	fault_set(fault, EX_UNAVAILABLE, "--compress: this mfx-site was built "
	    "without libzstd");
	return NULL;
}

int
compress_out_put(struct compress_out *c, const void *p, size_t n, bool last,
    int (*give)(void *, const void *, size_t, struct fault *), void *arg,
    struct fault *fault)
{
	(void)c, (void)p, (void)n, (void)last, (void)give, (void)arg;
	return fault_set(fault, EX_UNAVAILABLE, "built without libzstd");
}

void
compress_out_free(struct compress_out *c)
{
	(void)c;
}

struct compress_in *
compress_in_new(const char *name, struct fault *fault)
{
	fault_set(fault, EX_UNAVAILABLE, "%s: it is compressed, and this "
	    "mfx-site was built without libzstd: give it through zstd -dc",
	    name);
	return NULL;
}

int
compress_in_step(struct compress_in *c, struct str *in, struct buf *out,
    size_t most, struct fault *fault)
{
	(void)c, (void)in, (void)out, (void)most;
	return fault_set(fault, EX_UNAVAILABLE, "built without libzstd");
}

void
compress_in_free(struct compress_in *c)
{
	(void)c;
}
#endif
