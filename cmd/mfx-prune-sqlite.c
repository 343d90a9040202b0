/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/sqlite.h"

int
main(int argc, char **argv)
{
	return store_prune_main(&store_sqlite, argc, argv);
}
