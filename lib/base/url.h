/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_URL_H
#define MFX_BASE_URL_H

#include <stdbool.h>

#include "base/str.h"

/* Parts of URLs, for those who read one. */

/* a copy without %XX, which the caller frees; NULL for a bad one, and for
 * %00 */
char *url_decode(struct str);

/* cuts s at the first c: what is before it, and *rest after it; false, and
 * all of s is before it, when there is no c */
bool url_cut(struct str s, char c, struct str *before, struct str *rest);

/* may it be the name or address of a host, maybe with a port? */
bool url_host_valid(struct str);

#endif
