/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_FIELDS_PUT_H
#define MFX_SENML_FIELDS_PUT_H

#include "senml/fields.h"

/*
 * Writes one record in each encoding: the labels in `have`, in the order of
 * enum label.  Only labels of SenML; at least one.  Texts have to be in the
 * form that the resolver returns: valid UTF-8, numbers as in json/number.h,
 * vd as bytes.
 *
 * Numbers keep their digits in JSON and XML.  In CBOR they become the
 * shortest integer or float of the same value; where a double would lose
 * digits, a decimal fraction; and the nearest double when the digits need
 * more than 64 bits or the number is extremely small.
 */

/* {labels"bn":…,…}; `labels` as written by route_put(), or empty */
void fields_put_json(struct buf *, struct str labels, const struct fields *);
/* a map */
void fields_put_cbor(struct buf *, const struct fields *);
/* <senml bn="…" …/>; false, with nothing appended, for text that XML can't
 * carry */
bool fields_put_xml(struct buf *, const struct fields *);

#endif
