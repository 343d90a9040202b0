/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

/* of one portion: at most so many bytes */
#define PORTION_MAX ((size_t)1 << 20)
#define RETRY_NS (INT64_C(10) * 1000000000)

/* for us alone; -1 with errno */
static int
journal_open_file(const char *path, int flags)
{
	int fd = file_open(path, O_RDWR | flags);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool
journal_is_no_room(int err)
{
	return err == ENOSPC || err == EDQUOT || err == EROFS;
}

/* ---- opening ---- */

static int
journal_read(struct journal *j, struct buf *text, struct fault *fault)
{
	const char *end;
	size_t i;

	if (file_read(j->path, text, fault) < 0)
		return -1;
	/* a torn last line is written over */
	end = text->n > 0 ? memrchr(text->p, '\n', text->n) : NULL;
	text->n = end != NULL ? (size_t)(end + 1 - text->p) : 0;
	j->size = text->n;
	for (i = 0; i < text->n; i++)
		j->lines += text->p[i] == '\n';
	return 0;
}

int
journal_open(struct journal *j, const char *path, struct buf *text,
    struct fault *fault)
{
	size_t n = strlen(path) + sizeof ".new";

	*j = (struct journal){ .fd = -1, .next = -1 };
	j->path = memory_strdup(path);
	j->new_path = memory_get(n);
	snprintf(j->new_path, n, "%s.new", path);
	j->fd = journal_open_file(path, 0);
	if (j->fd >= 0)
		return journal_read(j, text, fault);
	if (journal_is_no_room(errno))
		return 0;
	return errno == EWOULDBLOCK ? fault_set(fault, EX_TEMPFAIL,
	    "%s: another broker has this file", path) :
	    fault_errno(fault, 0, "%s", path);
}

/* What was begun is of no use any more. */
static void
journal_abandon(struct journal *j)
{
	if (j->next < 0)
		return;
	unlink(j->new_path);
	close(j->next);
	j->next = -1;
}

void
journal_close(struct journal *j)
{
	if (j->path == NULL)
		return;
	journal_abandon(j);
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	free(j->new_path);
	free(j->head);
}

void
journal_head(struct journal *j, struct str line)
{
	free(j->head);
	j->head = memory_get(line.n + 1);
	memcpy(j->head, line.p, line.n);
	j->head[line.n] = '\0';
}

/* ---- appending ---- */

/* What follows the size is overwritten by the next one. */
static bool
journal_put(int fd, uint64_t *size, struct str text)
{
	ssize_t n = pwrite(fd, text.p, text.n, (off_t)*size);

	if (n == (ssize_t)text.n) {
		*size += text.n;
		return true;
	}
	if (n >= 0)
		errno = ENOSPC;
	return false;
}

/* There was no room for it at the start. */
static bool
journal_is_there(struct journal *j)
{
	if (j->fd < 0)
		j->fd = journal_open_file(j->path, 0);
	if (j->fd < 0)
		return false;
	if (j->size > 0)
		return true;
	if (!journal_put(j->fd, &j->size, str_z(j->head)))
		return false;
	j->lines = 1;
	return true;
}

int
journal_append(struct journal *j, struct str line, struct fault *fault)
{
	if (!journal_is_there(j) || !journal_put(j->fd, &j->size, line))
		return fault_errno(fault, 0, "%s", j->path);
	j->lines++;
	if (j->next < 0)
		return 0;
	j->next_lines++;
	if (!journal_put(j->next, &j->next_size, line))
		journal_abandon(j);
	return 0;
}

/* ---- rewriting ---- */

void
journal_rewrite(struct journal *j)
{
	journal_abandon(j);
	if (j->fd < 0 || (j->retry_later && clock_coarse_ns() < j->retry))
		return;
	j->next_size = 0;
	j->next_lines = 1;
	j->cursor = 0;
	j->next = journal_open_file(j->new_path, O_TRUNC);
	if (j->next >= 0 && !journal_put(j->next, &j->next_size,
	    str_z(j->head)))
		journal_abandon(j);
	j->retry_later = j->next < 0;
	j->retry = clock_coarse_ns() + RETRY_NS;
}

/* The new one takes the old one's place, and its lock is ours already. */
static bool
journal_swap(struct journal *j)
{
	if (rename(j->new_path, j->path) < 0)
		return false;
	close(j->fd);
	j->fd = j->next;
	j->size = j->next_size;
	j->lines = j->next_lines;
	j->next = -1;
	return true;
}

bool
journal_step(struct journal *j, journal_put_fn *put, void *arg)
{
	struct buf b;
	size_t i;
	bool more;

	if (j->next < 0)
		return false;
	buf_init(&b, PORTION_MAX);
	more = put(arg, &j->cursor, &b);
	for (i = 0; i < b.n; i++)
		j->next_lines += b.p[i] == '\n';
	if (b.full || !journal_put(j->next, &j->next_size, buf_str(&b)) ||
	    (!more && !journal_swap(j))) {
		journal_abandon(j);
		j->retry_later = true;
		j->retry = clock_coarse_ns() + RETRY_NS;
		more = false;
	}
	buf_release(&b);
	return more;
}
