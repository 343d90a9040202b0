/* SPDX-License-Identifier: Apache-2.0 */
#include "client/setup.h"

#include <stdlib.h>

const char *
setup_value(const char *option, const char *variable)
{
	const char *value = option != NULL ? option : getenv(variable);

	return value != NULL && *value != '\0' ? value : NULL;
}

const char *
remote_url(const struct remote_setup *setup)
{
	return setup_value(setup->url, "MFX_URL");
}
