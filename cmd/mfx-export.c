/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that can be known of a site as metrics: what each process counts, the
 * bus, groups, the registry, stores and the disk.  On a page for Prometheus, in
 * a file for the textfile collector of node_exporter, or sent to a collector of
 * OpenTelemetry.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/program.h"
#include "base/ready.h"
#include "base/signal.h"
#include "cmd/export/collect.h"
#include "cmd/export/otlp.h"
#include "cmd/export/serve.h"

#define ADDRESS "127.0.0.1:9150"
#define PAGE_MAX ((size_t)64 << 20)
#define HEADERS_MAX 16384

static struct {
	const char *listen, *textfile, *otlp, *header_file;
	struct collect_options collect;
	int64_t every, ready_fd;
} opt = { .ready_fd = -1 };

static const struct opt options[] = {
	{ 'l', "listen", "ADDR:PORT", "serve /metrics there (default: " ADDRESS
	    ")", OPT_STRING(&opt.listen) },
	{ 0, "store", "NAME=PLACE", "also ask this store whether it can be "
	    "read; may be repeated", OPT_LIST(&opt.collect.stores) },
	{ 0, "top", NULL, "also the busiest things and channels, each a series",
	    OPT_FLAG(&opt.collect.top) },
	{ 0, "units", "PATTERN", "also the units of systemd with such names "
	    "(default: mfx*, where systemd runs)",
	    OPT_STRING(&opt.collect.units) },
	{ 0, "textfile", "FILE", "replace FILE with the page, and end",
	    OPT_STRING(&opt.textfile) },
	{ 0, "otlp", "URL", "send to a collector of OpenTelemetry, as in "
	    "http://localhost:4318/v1/metrics, and end",
	    OPT_STRING(&opt.otlp) },
	{ 0, "otlp-header-file", "FILE", "read header fields for the collector "
	    "from FILE, one a line", OPT_STRING(&opt.header_file) },
	{ 0, "every", "DURATION", "with --textfile or --otlp: do so again and "
	    "again", OPT_DURATION(&opt.every, CLOCK_SECOND,
	    24 * 3600 * CLOCK_SECOND) },
	READY_FD(&opt.ready_fd, "when serving"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-export",
	.summary = "serve the metrics of a site",
	.synopsis = "[-l ADDR:PORT] [--store NAME=PLACE] [--top] [options]\n"
	    "--textfile FILE [--every DURATION] [options]\n"
	    "--otlp URL [--every DURATION] [options]",
	.options = options,
	.network = true,
	.reloads = true,
};

static void
export_check(void)
{
	const char *what;

	if (!collect_check(&opt.collect.stores, &what))
		program_misuse("--store '%.*s': not NAME=PLACE, as in "
		    "main=messages.db", (int)strcspn(what, ":@"), what);
	if ((opt.listen != NULL) + (opt.textfile != NULL) +
	    (opt.otlp != NULL) > 1)
		program_misuse("give one of --listen, --textfile and --otlp");
	if (opt.every != 0 && opt.textfile == NULL && opt.otlp == NULL)
		program_misuse("--every needs --textfile or --otlp");
	if (opt.header_file != NULL && opt.otlp == NULL)
		program_misuse("--otlp-header-file needs --otlp");
}

static int
export_write(const struct families *f, struct buf *page, struct fault *fault)
{
	families_put_text(f, page, false);
	if (page->full)
		return fault_set(fault, EX_DATAERR, "the page is too long");
	return file_replace(opt.textfile, buf_str(page), 0644, false, fault);
}

static int
export_send(const struct families *f, struct buf *page, struct fault *fault)
{
	struct buf headers;
	int r = 0;

	buf_init(&headers, HEADERS_MAX);
	if (opt.header_file != NULL)
		r = file_read(opt.header_file, &headers, fault);
	otlp_put(f, page, stamp_now());
	if (r == 0 && page->full)
		r = fault_set(fault, EX_DATAERR, "the page is too long");
	if (r == 0)
		r = otlp_post(opt.otlp, buf_str(&headers), buf_str(page),
		    fault);
	secret_release(&headers);
	return r;
}

static int
export_once(struct fault *fault)
{
	struct families f;
	struct buf page;
	int r;

	families_init(&f);
	buf_init(&page, PAGE_MAX);
	collect(&f, &opt.collect);
	r = (opt.textfile != NULL ? export_write : export_send)(&f, &page,
	    fault);
	families_release(&f);
	buf_release(&page);
	return r;
}

/* One that fails is told once, and the next one is tried. */
static int
export_again(void)
{
	struct fault fault;
	bool failing = false, failed;

	ready_tell(opt.ready_fd);
	while (!signal_stop()) {
		failed = export_once(&fault) < 0;
		if (failed && !failing)
			diag_error("%s; trying again", fault.text);
		else if (!failed && failing)
			diag_warning("it goes on");
		failing = failed;
		signal_poll(NULL, 0, (int)(opt.every / 1000000));
		program_reload(NULL, NULL);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct fault fault;

	program_start(&program, argc, argv);
	export_check();
	if (opt.textfile == NULL && opt.otlp == NULL)
		return serve(opt.listen ? opt.listen : ADDRESS, &opt.collect,
		    opt.ready_fd);
	if (opt.every != 0)
		return export_again();
	return export_once(&fault) < 0 ? diag_fault(&fault) : 0;
}
