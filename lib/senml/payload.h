/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_PAYLOAD_H
#define MFX_SENML_PAYLOAD_H

#include "senml/pack.h"

/*
 * The SenML inside a data value: what message_wrap could not put into a
 * line as a pack.  All media types of RFC 8428 12 but EXI and etch; of an
 * open stream (sensml) all records, in the order they came; XML is to be
 * closed.
 *
 * NULL and the pack; payload_no_senml when its content format is another
 * one; else why it is not the SenML that it says.  Labels of ours in it
 * are unknown ones.  now.ns 0 is the clock.
 */
extern const char payload_no_senml[];

const char *payload_parse(struct pack *, const struct record *data,
    struct stamp now);

#endif
