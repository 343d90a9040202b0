/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_OCSP_H
#define MFX_API_OCSP_H

struct api;

/* Answers to OCSP that were signed, for requests that any may ask again. */
struct ocsp_cache;
struct ocsp_cache *ocsp_cache_open(void);
void ocsp_cache_close(struct ocsp_cache *);

#endif
