/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_WORK_H
#define MFX_API_WORK_H

/* what mfx-api leaves to its pool of threads, the most urgent first */
enum pool_kind {
	POOL_PASSWORDS,		/* 40 ms of a processor each */
	POOL_STORES,		/* are they there? */
	POOL_SIGNATURES,	/* less than 1 ms each */
	POOL_KEYS,		/* of RSA: up to seconds */
	POOL_FORWARDS,		/* another machine is waited for */
	POOL_PAGES,		/* a person waits for it */
	POOL_EXPORTS,
	POOL_KINDS
};

#endif
