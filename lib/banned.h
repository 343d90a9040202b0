/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BANNED_H
#define MFX_BANNED_H

/*
 * Functions that cannot be called safely, or that let the locale or the
 * length of somebody else's string decide what happens.  Included before
 * every source file by the build; the system headers that declare these
 * names come first so that only our own calls are caught.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* with _FORTIFY_SOURCE clang has macros for these */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok
#pragma GCC poison atoi atol atoll atof gets ctime asctime localtime gmtime
#pragma GCC poison setlocale tmpnam tempnam mktemp

#endif
