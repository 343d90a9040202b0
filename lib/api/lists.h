/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_LISTS_H
#define MFX_API_LISTS_H

#include "base/fault.h"

struct api;
struct http_request;
struct job;
struct registry;

int lists_open(struct api *, struct fault *);
void lists_close(struct api *);

/*
 * In the thread of a job: calls `piece` with a handle on the registry that is
 * there now, which is the job's alone meanwhile.  All that it reads is of one
 * moment, and it gives up when the job is to stop.  Returns what `piece` did,
 * or -1 with job->fault.
 */
typedef int lists_piece_fn(struct job *, struct registry *, struct fault *);
int lists_read(struct job *, lists_piece_fn *piece);

/* job->refuse: the fault as an answer */
void lists_refuse(struct job *, struct http_request *);

#endif
