/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/influx.h"

int
main(int argc, char **argv)
{
	return store_prune_main(&store_influx, argc, argv);
}
