/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_HANDLES_H
#define MFX_API_HANDLES_H

#include "base/fault.h"

struct api;
struct http_request;
struct job;
struct registry;

/* Handles that jobs read the registry through, each for one at a time. */
int handles_open(struct api *, struct fault *);
void handles_close(struct api *);

/*
 * In the thread of a job: calls `piece` with a handle on the registry that is
 * there now, which is the job's alone meanwhile.  All that it reads is of one
 * moment, and it gives up when the job is to stop.  Returns what `piece` did,
 * or -1 with job->fault.
 */
typedef int handles_piece_fn(struct job *, struct registry *, struct fault *);
int handles_read(struct job *, handles_piece_fn *piece);
/* The same for a piece that takes its time, and begins transactions itself. */
int handles_read_on(struct job *, handles_piece_fn *piece);

/* job->refuse: the fault as an answer */
void handles_refuse(struct job *, struct http_request *);

#endif
