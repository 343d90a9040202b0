/* SPDX-License-Identifier: Apache-2.0 */
#include "api/state.h"

void
state_complain(struct api *api, const struct fault *fault)
{
	if (!api->failing && api->options.complain != NULL)
		api->options.complain(fault);
	api->failing = true;
}

void
state_complain_store(struct api *api, struct api_store *store,
    const struct fault *fault)
{
	if (!store->failing && api->options.complain != NULL)
		api->options.complain(fault);
	store->failing = true;
}

void
state_recovered(struct api *api)
{
	api->failing = false;
}
