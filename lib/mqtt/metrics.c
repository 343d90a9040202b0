/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/metrics.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "mqtt/counts.h"

void
mqtt_put_metrics(struct metrics *m, const struct service *s,
    const struct mqtt *c)
{
	service_put(m, s, "broker_connected", "gauge",
	    "1 while the broker is connected.", c->up);
	service_put(m, s, "broker_connections_total", "counter",
	    "Connections to the broker.", c->connects);
	service_put(m, s, "broker_stalls_total", "counter",
	    "Connections left as nothing came.", c->stalls);
}

/* ---- what the plugin has counted ---- */

static bool
metrics_are_recent(const struct stat *st)
{
	time_t now = time(NULL);

	return S_ISREG(st->st_mode) && st->st_mtime <= now + 1 &&
	    now - st->st_mtime <= MQTT_COUNTS_AGE;
}

/* Somebody else's process writes it: it may be a pipe, a link, or endless. */
static bool
metrics_read(struct buf *b)
{
	char *path = home_path(COUNTS_FILE);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct fault ignored;
	struct stat st;
	bool done = fd >= 0 && fstat(fd, &st) == 0 &&
	    metrics_are_recent(&st) &&
	    file_read_fd(fd, path, b, &ignored) == 0;

	if (fd >= 0)
		close(fd);
	free(path);
	return done;
}

void
mqtt_put_broker(struct metrics *m)
{
	struct buf text;
	bool valid;

	if (m->page == NULL)
		return;
	buf_init(&text, COUNTS_MAX);
	valid = metrics_read(&text) && counts_valid(buf_str(&text));
	if (valid)
		buf_put(m->page, text.p, text.n);
	metric_put_head(m, "mqtt_broker_counts_valid", "gauge",
	    "1 while the broker's plugin writes what it counts.");
	metric_put(m, "mqtt_broker_counts_valid", NULL, valid);
	buf_release(&text);
}
