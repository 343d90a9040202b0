/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_FIELDS_PUT_H
#define MFX_SENML_FIELDS_PUT_H

#include "senml/fields.h"

/*
 * One record as it is to be written, in each encoding: what stands in
 * `have`, in the order of enum label.  Only labels of SenML; at least one.
 * Texts have to be what the resolver gives: valid UTF-8, numbers as in
 * json/number.h, vd as bytes.
 *
 * Numbers keep their digits in JSON and XML.  In CBOR they become the
 * shortest of an integer and a float that give the same number; where a
 * double would lose digits, a decimal fraction; and the nearest double when
 * the digits take more than 64 bits or the number is next to nothing.
 */

/* {labels"bn":…,…}; `labels` as route_put() puts them, or nothing */
void fields_put_json(struct buf *, struct str labels, const struct fields *);
/* a map */
void fields_put_cbor(struct buf *, const struct fields *);
/* <senml bn="…" …/>; false, with nothing appended, for text that XML can't
 * carry */
bool fields_put_xml(struct buf *, const struct fields *);

#endif
