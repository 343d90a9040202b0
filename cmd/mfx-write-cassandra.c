/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cassandra/cassandra.h"

int
main(int argc, char **argv)
{
	return store_write_main(&store_cassandra, argc, argv);
}
