/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

extern const struct store_driver store_tsv;

int
main(int argc, char **argv)
{
	return store_prune_main(&store_tsv, argc, argv);
}
