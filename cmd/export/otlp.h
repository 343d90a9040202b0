/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_EXPORT_OTLP_H
#define MFX_CMD_EXPORT_OTLP_H

#include "base/fault.h"
#include "base/stamp.h"
#include "cmd/export/families.h"

/*
 * OpenTelemetry's protocol over HTTP with JSON: an ExportMetricsServiceRequest
 * of opentelemetry-proto 1.  Its integers of 64 bits are strings, as in
 * protobuf's JSON.
 */
void otlp_put(const struct families *, struct buf *, struct stamp now);

/*
 * Posts it; 0, or -1: EX_TEMPFAIL when the collector may take it later, which
 * are 429 and 502 to 504 too, else EX_UNAVAILABLE.  `headers` are lines
 * "Name: value"; they may hold a token.
 */
int otlp_post(const char *url, struct str headers, struct str body,
    struct fault *);

#endif
