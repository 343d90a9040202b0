/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_CONTENT_FORMAT_H
#define MFX_SENML_CONTENT_FORMAT_H

#include <stdbool.h>

#include "base/str.h"

/* A content format (RFC 9193 3): a CoAP number, "110", or a media type
 * with parameters and codings, "text/csv;header=present@gzip". */
bool content_format_valid(struct str);

#endif
