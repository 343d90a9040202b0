/* SPDX-License-Identifier: Apache-2.0 */
#include "client/setup.h"

#include <stdlib.h>

const char *
remote_url(const struct remote_setup *setup)
{
	const char *url = setup->url ? setup->url : getenv("MFX_URL");

	return url != NULL && *url != '\0' ? url : NULL;
}

const char *
remote_cacert(const struct remote_setup *setup)
{
	const char *file = setup->cacert ? setup->cacert :
	    getenv("MFX_CACERT");

	return file != NULL && *file != '\0' ? file : NULL;
}
