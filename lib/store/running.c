/* SPDX-License-Identifier: Apache-2.0 */
#include "store/running.h"

#include <stdio.h>
#include <string.h>

#include "base/os_process.h"

bool
store_running(const struct run_process *p, char to[STORE_RUNNING_MAX])
{
	static const char sink[] = "mfx-write-";
	const char *place = strchr(p->place, ':');
	char directory[PATH_MAX] = "";

	if (strncmp(p->program, sink, sizeof sink - 1) != 0 || place == NULL ||
	    place[1] == '\0' ||
	    strlen(p->place) + 1 >= sizeof ((struct run_header *)0)->place)
		return false;
	place++;
	if (*place != '/' && !os_process_directory(p->pid, directory))
		return false;
	snprintf(to, STORE_RUNNING_MAX, "%.*s%s%s%s", (int)(place - p->place),
	    p->place, directory, *directory != '\0' ? "/" : "", place);
	return true;
}
