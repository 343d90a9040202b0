/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_CONFIG_JSON_H
#define MFX_REGISTRY_CONFIG_JSON_H

#include "registry/bootstrap.h"

/*
 * A configuration of a device as Mainflux has it:
 *
 *	{"mainflux_id":…,"mainflux_key":…,"mainflux_channels":[{"id":…,
 *	 "name":…,"metadata":…}],"external_id":…,"external_key":…,"content":…,
 *	 "name":…,"state":…}
 *
 * and the certificates that it has.  A key that is not shown is "".
 */
enum config_json_part {
	CONFIG_KEYS = 1,	/* show them */
	CONFIG_CHANNELS = 2,	/* in lists Mainflux has none */
	CONFIG_DEVICE = 4,	/* as the device gets it: with its private key,
				 * and nothing that is for its owner alone */
};

int config_json_put(struct buf *, struct registry *, const struct bootstrap *,
    unsigned parts, struct fault *);

#endif
