/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_NDJSON_H
#define MFX_REGISTRY_NDJSON_H

#include <stdint.h>

#include "base/fault.h"
#include "base/str.h"

/*
 * The lines of a file ("-": stdin) that a user gives to a command, which does
 * all that they say or nothing.  `take` is given each, with its number from 1,
 * and returns NULL, or why it is wrong.  The first wrong one is the fault,
 * EX_DATAERR, with its place; a signal meanwhile is EX_TEMPFAIL.  *from
 * becomes the name of the file in messages.
 */
int ndjson_read(const char *path, const char **from,
    const char *(*take)(void *arg, struct str line, uint64_t number),
    void *arg, struct fault *);

/* puts the place of a line before the text of a fault; with the number 0,
 * which is of no line, nothing; -1 */
int ndjson_fault(const char *from, uint64_t number, struct fault *);

#endif
