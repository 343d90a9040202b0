/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_CONTENT_FORMAT_H
#define MFX_SENML_CONTENT_FORMAT_H

#include <stdbool.h>

#include "base/str.h"

/* A content format (RFC 9193 3): a CoAP number, "110", or a media type
 * with parameters and codings, "text/csv;header=present@gzip". */
bool content_format_valid(struct str);

/* the SenML media types (RFC 8428 12), by name in upper or lower case or by
 * CoAP number; EXI and etch count as SENML_NONE */
enum senml_format {
	SENML_NONE, SENML_JSON, SENML_CBOR, SENML_XML,
	SENSML_JSON, SENSML_CBOR, SENSML_XML,
};

enum senml_format content_format_senml(struct str);

#endif
