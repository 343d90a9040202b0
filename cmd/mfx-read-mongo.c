/* SPDX-License-Identifier: Apache-2.0 */
#include "store/mongo/mongo.h"

int
main(int argc, char **argv)
{
	return store_read_main(&store_mongo, argc, argv);
}
