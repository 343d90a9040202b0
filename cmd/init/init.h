/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_INIT_INIT_H
#define MFX_CMD_INIT_INIT_H

#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/opt.h"
#include "base/out.h"

/*
 * A site is set up in two parts: files, each made of a template of
 * scripts/deploy, then steps, each a text for the shell that does nothing where
 * it was done before.  So a run that was interrupted is completed by the next.
 */

enum init_supervisor { INIT_DETECT, INIT_SYSTEMD, INIT_RUNIT, INIT_NONE };
#define INIT_SUPERVISOR_WORDS "systemd|runit|none"

struct init_options {
	const char *root;		/* a directory in place of /, or NULL */
	const char *templates;		/* or NULL: those installed with us */
	const char *host;		/* in its certificate, or NULL */
	const char *user;		/* the first one, or NULL */
	struct opt_list replace;	/* files written although edited */
	enum init_supervisor supervisor;
	bool dry_run;
};
extern struct init_options init_opt;

/* where `path`, absolute, is below --root; 0, or EX_USAGE in the fault */
int init_path(char to[PATH_MAX], const char *path, struct fault *);
bool init_exists(const char *path);

#define INIT_HOME "/var/lib/mfx"	/* the templates say so */

#define INIT_FILES_MAX 256
#define INIT_PIPES_MAX 32
#define INIT_TEXT_MAX (256 * 1024)

struct init_file {
	char to[256];		/* absolute, without --root */
	struct buf text;
	unsigned mode;
};

struct init_plan {
	struct init_file files[INIT_FILES_MAX];
	size_t n;
	char pipes[INIT_PIPES_MAX][64];	/* names in /etc/mfx/pipes */
	size_t npipes;
	char bin[PATH_MAX];	/* where the programs are */
	char templates[PATH_MAX];
	const char *host;
	bool nginx, broker;	/* are they installed? */
};

/* reads all templates, so that one that is missing stops us before anything is
 * done */
int init_plan_make(struct init_plan *, struct fault *);
void init_plan_release(struct init_plan *);

/* What placing the files came to. */
struct init_placed {
	unsigned written, kept;
	bool nginx;		/* its configuration is ours */
	/* services whose files are others than those that they run with, as
	 * words for the shell with a space before each; there is room for as
	 * many pipelines as there may be */
	char changed[16384];
};

/*
 * Writes the files that are missing, or as an earlier run left them, each as a
 * whole.  One that was edited since is kept, and the new text is put into
 * FILE.new.  What was written is recorded in /etc/mfx/init.files, a line
 * "HASH PATH" each.
 */
int init_place(const struct init_plan *, struct out *, struct init_placed *,
    struct fault *);
/* removes what the record has and nobody edited, then the record */
int init_unplace(struct out *, struct init_placed *, struct fault *);

/* the steps after the files, and those before they are removed */
int init_steps(const struct init_plan *, const struct init_placed *,
    struct out *, struct fault *);
int init_stop(const struct init_plan *, struct out *, struct fault *);

#endif
