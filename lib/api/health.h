/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_HEALTH_H
#define MFX_API_HEALTH_H

#include <stdbool.h>

struct api;

void health_begin(struct api *);
/* whoever waits is answered; after its thread has ended */
void health_end(struct api *);
/* does anybody still wait? */
bool health_turn(struct api *);

#endif
