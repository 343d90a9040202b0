/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_STATUS_H
#define MFX_API_STATUS_H

struct api;

/* Puts what is counted into the file of base/run.h, from time to time; once a
 * turn. */
void status_run(struct api *);

#endif
