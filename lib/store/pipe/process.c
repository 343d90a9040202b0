/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pipe/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/spawn.h"
#include "base/which.h"
#include "store/watch.h"

#define PROCESS_IDLE_MAX 8
#define PROCESS_IDLE (60 * CLOCK_SECOND)
#define PROCESS_WAIT_MS 20	/* for another's to end */
#define PROCESS_PLACE "MFX_STORE="

extern char **environ;

static struct {
	pthread_mutex_t lock;
	struct process *idle;
	size_t n, n_idle;	/* in all, and of those that wait */
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- one ---- */

/* schemes of URLs that are not the name of a store */
static const struct {
	const char *scheme, *name;
} process_schemes[] = {
	{ "mongodb", "mongo" }, { "postgresql", "postgres" },
};

bool
process_program(const char *place, char *path, char *name, size_t n)
{
	struct str store = { place, strcspn(place, ":") };
	size_t i;

	for (i = 0; i < sizeof process_schemes / sizeof *process_schemes; i++)
		if (str_eq(store, str_z(process_schemes[i].scheme)))
			store = str_z(process_schemes[i].name);
	snprintf(name, n, "mfx-read-%.*s", (int)store.n, store.p);
	return which("", name, path);
}

/* of NAME:PLACE the place, of NAME://… all */
static const char *
process_place(const char *place)
{
	const char *rest = strchr(place, ':') + 1;

	return strncmp(rest, "//", 2) == 0 ? place : rest;
}

/* our environment, with the place */
static char **
process_environment(const char *place)
{
	size_t n = 0, i, to = 0, size = strlen(place) + sizeof PROCESS_PLACE;
	char **env, *text = memory_get(size);

	while (environ[n] != NULL)
		n++;
	env = memory_get((n + 2) * sizeof *env);
	snprintf(text, size, "%s%s", PROCESS_PLACE, place);
	env[to++] = text;
	for (i = 0; i < n; i++)
		if (strncmp(environ[i], PROCESS_PLACE,
		    sizeof PROCESS_PLACE - 1) != 0)
			env[to++] = environ[i];
	env[to] = NULL;
	return env;
}

static int
process_spawn(struct process *p, const char *path, char *name, int in, int out)
{
	char batch[] = "--batch", *argv[] = { name, batch, NULL };
	char **env = process_environment(process_place(p->place));
	int e = spawn_program(&(struct spawn){ .path = path, .argv = argv,
	    .env = env, .in = in, .out = out }, &p->pid);

	free(env[0]);
	free(env);
	return e;
}

/* The lock is held: else another's process would be born with these. */
static int
process_pipes(int fds[4])
{
	int i;

	if (pipe(fds) < 0)
		return -1;
	if (pipe(fds + 2) < 0) {
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	for (i = 0; i < 4; i++)
		fcntl(fds[i], F_SETFD, FD_CLOEXEC);
	return 0;
}

static int
process_start(struct process *p, struct fault *fault)
{
	char path[PATH_MAX], name[64];
	int fds[4], e;

	if (!process_program(p->place, path, name, sizeof name))
		return fault_set(fault, EX_CONFIG, "no program %s", name);
	if (process_pipes(fds) < 0)
		return fault_errno(fault, EX_TEMPFAIL, "%s", name);
	e = process_spawn(p, path, name, fds[0], fds[3]);
	close(fds[0]);
	close(fds[3]);
	p->in = fds[1];
	p->out = fds[2];
	if (e == 0)
		return 0;
	close(p->in);
	close(p->out);
	errno = e;
	return fault_errno(fault, EX_TEMPFAIL, "%s", name);
}

static void
process_end(struct process *p)
{
	close(p->in);
	close(p->out);
	kill(p->pid, SIGKILL);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(p->place);
	free(p);
}

/* ---- all of them ---- */

/* With the lock: one that waits, for this place, or with NULL for any that
 * has waited for long; or NULL. */
static struct process *
process_find(const char *place)
{
	int64_t old = clock_ns() - PROCESS_IDLE;
	struct process **at = &pool.idle, *p;

	while ((p = *at) != NULL && (place != NULL ?
	    strcmp(p->place, place) != 0 : p->since > old))
		at = &p->next;
	if (p == NULL)
		return NULL;
	*at = p->next;
	pool.n_idle--;
	return p;
}

static void
process_end_old(void)
{
	struct process *p;

	do {
		pthread_mutex_lock(&pool.lock);
		p = process_find(NULL);
		pool.n -= p != NULL;
		pthread_mutex_unlock(&pool.lock);
		if (p != NULL)
			process_end(p);
	} while (p != NULL);
}

/* 1: one that waits, or a new one; 0: there are too many; -1 */
static int
process_get(struct process **out, const char *place, bool fresh,
    struct fault *fault)
{
	struct process *p = fresh ? NULL : process_find(place);

	if (p == NULL && pool.n >= PROCESS_MAX) {
		/* another place's makes room */
		if ((*out = pool.idle) == NULL)
			return 0;
		pool.idle = (*out)->next;
		pool.n_idle--;
		pool.n--;
		process_end(*out);
	}
	if (p == NULL) {
		p = memory_zero(1, sizeof *p);
		p->place = memory_strdup(place);
		if (process_start(p, fault) < 0) {
			free(p->place);
			free(p);
			return -1;
		}
		pool.n++;
	}
	*out = p;
	return 1;
}

struct process *
process_take(const char *place, bool fresh, const struct store_watch *watch,
    struct fault *fault)
{
	struct process *p = NULL;
	int got;

	process_end_old();
	do {
		pthread_mutex_lock(&pool.lock);
		got = process_get(&p, place, fresh, fault);
		pthread_mutex_unlock(&pool.lock);
		if (got == 0 && store_wait(watch, -1, 0, PROCESS_WAIT_MS) < 0)
			got = fault_set(fault, EX_TEMPFAIL, "stopped");
	} while (got == 0);
	return got > 0 ? p : NULL;
}

void
process_give(struct process *p, bool sound)
{
	pthread_mutex_lock(&pool.lock);
	sound = sound && pool.n_idle < PROCESS_IDLE_MAX;
	if (sound) {
		p->used = true;
		p->since = clock_ns();
		p->next = pool.idle;
		pool.idle = p;
		pool.n_idle++;
	} else {
		pool.n--;
	}
	pthread_mutex_unlock(&pool.lock);
	if (!sound)
		process_end(p);
}
