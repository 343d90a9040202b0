/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_HEALTH_H
#define MFX_API_HEALTH_H

#include <stdbool.h>

struct api;

void health_begin(struct api *);
/* answers the requests that wait, once its thread has ended */
void health_end(struct api *);
/* true: a request still waits */
bool health_turn(struct api *);

#endif
