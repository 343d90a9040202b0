/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/postgres.h"

int
main(int argc, char **argv)
{
	return store_prune_main(&store_postgres, argc, argv);
}
