/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_PAYLOAD_H
#define MFX_SENML_PAYLOAD_H

#include "senml/pack.h"

/*
 * The SenML inside a data value, which message_wrap could not put into a line
 * as a pack.  All media types of RFC 8428 12 except EXI and etch; of an open
 * stream (sensml) all records, in their order; XML must be closed.
 *
 * NULL and the pack; payload_no_senml when its content format is not SenML;
 * or why it is not valid.  Routing labels in it are unknown labels.  now.ns 0
 * is the clock.
 */
extern const char payload_no_senml[];

const char *payload_parse(struct pack *, const struct record *data,
    struct stamp now);

#endif
