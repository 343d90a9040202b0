/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_TOP_SCREEN_H
#define MFX_CMD_TOP_SCREEN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

/*
 * The terminal at stdin and stdout, as a screen of lines: a second page of its
 * own, without echo, until the program ends, however it ends but by kill -9;
 * while it is stopped by ^Z the terminal is as before.  ECMA-48 (ANSI) only,
 * and no colours.
 */
int screen_open(struct fault *);
void screen_close(void);

void screen_size(int *columns, int *rows);

/* Draws lines, the first `heads` of which stay while the others are scrolled so
 * that line `at` and some after it are seen. */
void screen_draw(struct str lines, size_t heads, size_t at);

enum screen_key {
	/* others are their ASCII character */
	SCREEN_NONE = 0, SCREEN_UP = 256, SCREEN_DOWN, SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN, SCREEN_HOME, SCREEN_END,
	SCREEN_RESIZED,		/* draw again: another size, or after ^Z */
	SCREEN_GONE		/* the terminal, or a signal to stop */
};

/* Waits for a key, `ms` at most. */
int screen_key(int ms);

#endif
