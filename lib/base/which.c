/* SPDX-License-Identifier: Apache-2.0 */
#include "base/which.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"

static bool
which_runs(const char *path)
{
	struct stat st;

	return access(path, X_OK) == 0 && stat(path, &st) == 0 &&
	    S_ISREG(st.st_mode);
}

bool
which_in_path(const char *file, char path[PATH_MAX])
{
	const char *dirs = getenv("PATH");
	size_t n;

	for (; dirs != NULL; dirs = dirs[n] ? dirs + n + 1 : NULL) {
		n = strcspn(dirs, ":");
		if (n > 0 && snprintf(path, PATH_MAX, "%.*s/%s", (int)n,
		    dirs, file) < PATH_MAX && which_runs(path))
			return true;
	}
	return false;
}

bool
which(const char *argv0, const char *file, char path[PATH_MAX])
{
	size_t n = os_program_path(argv0, path, PATH_MAX);

	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n > 0 && n + strlen(file) < PATH_MAX) {
		memcpy(path + n, file, strlen(file) + 1);
		if (which_runs(path))
			return true;
	}
	return which_in_path(file, path);
}
