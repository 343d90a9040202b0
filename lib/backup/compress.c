/* SPDX-License-Identifier: Apache-2.0 */
#include "backup/compress.h"

#include <stdlib.h>
#include <sysexits.h>
#include <zstd.h>

#include "base/memory.h"

/* of a decoder: what level 19 of zstd(1) needs, too */
#define COMPRESS_WINDOW_LOG 23

/* ---- writing ---- */

struct compress_out {
	ZSTD_CCtx *zstd;
	char *to;
	size_t size;
};

struct compress_out *
compress_out_new(struct fault *fault)
{
	struct compress_out *c = memory_zero(1, sizeof *c);

	c->size = ZSTD_CStreamOutSize();
	c->to = memory_get(c->size);
	c->zstd = ZSTD_createCCtx();
	if (c->zstd != NULL && !ZSTD_isError(ZSTD_CCtx_setParameter(c->zstd,
	    ZSTD_c_compressionLevel, 1)))
		return c;
	fault_set(fault, EX_OSERR, "libzstd won't start");
	compress_out_free(c);
	return NULL;
}

int
compress_out_put(struct compress_out *c, const void *p, size_t n, bool last,
    int (*give)(void *, const void *, size_t, struct fault *), void *arg,
    struct fault *fault)
{
	ZSTD_inBuffer in = { p, n, 0 };
	ZSTD_outBuffer out;
	size_t left;

	do {
		out = (ZSTD_outBuffer){ c->to, c->size, 0 };
		left = ZSTD_compressStream2(c->zstd, &out, &in,
		    last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return fault_set(fault, EX_OSERR, "libzstd: %s",
			    ZSTD_getErrorName(left));
		if (out.pos > 0 && give(arg, c->to, out.pos, fault) < 0)
			return -1;
	} while (last ? left > 0 : in.pos < in.size);
	return 0;
}

void
compress_out_free(struct compress_out *c)
{
	if (c == NULL)
		return;
	ZSTD_freeCCtx(c->zstd);
	free(c->to);
	free(c);
}

/* ---- reading ---- */

struct compress_in {
	ZSTD_DCtx *zstd;
	const char *name;
};

struct compress_in *
compress_in_new(const char *name, struct fault *fault)
{
	struct compress_in *c = memory_zero(1, sizeof *c);

	c->name = name;
	c->zstd = ZSTD_createDCtx();
	if (c->zstd != NULL && !ZSTD_isError(ZSTD_DCtx_setParameter(c->zstd,
	    ZSTD_d_windowLogMax, COMPRESS_WINDOW_LOG)))
		return c;
	fault_set(fault, EX_OSERR, "libzstd won't start");
	compress_in_free(c);
	return NULL;
}

int
compress_in_step(struct compress_in *c, struct str *in, struct buf *out,
    size_t most, struct fault *fault)
{
	ZSTD_inBuffer from = { in->p, in->n, 0 };
	ZSTD_outBuffer to = { buf_room(out, most), most, 0 };
	size_t left = to.dst == NULL ? 0 :
	    ZSTD_decompressStream(c->zstd, &to, &from);

	if (to.dst == NULL || ZSTD_isError(left))
		return fault_set(fault, EX_DATAERR, "%s: compressed, and "
		    "damaged: %s", c->name, to.dst == NULL ? "too long" :
		    ZSTD_getErrorName(left));
	*in = str_from(*in, from.pos);
	out->n += to.pos;
	return left == 0;
}

void
compress_in_free(struct compress_in *c)
{
	if (c == NULL)
		return;
	ZSTD_freeDCtx(c->zstd);
	free(c);
}
