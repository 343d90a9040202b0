/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/top/screen.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "base/os.h"
#include "base/out.h"
#include "base/signal.h"

#define SCREEN_BYTES ((size_t)1 << 20)
/* the second page, no cursor, lines are not continued; and back */
#define SCREEN_ENTER "\033[?1049h\033[?25l\033[?7l"
#define SCREEN_LEAVE "\033[?7h\033[?25h\033[?1049l"
/* bytes of one key's sequence, and how long its rest may take */
#define SCREEN_SEQUENCE 8
#define SCREEN_SEQUENCE_MS 50

static struct {
	struct termios before;
	volatile sig_atomic_t on, again;
	struct buf b;
} screen;

/* what signals may end the program with, beside those of signal.h */
static const int screen_fatal[] = { SIGQUIT, SIGSEGV, SIGBUS, SIGFPE, SIGILL,
	SIGABRT, SIGPIPE, SIGALRM, SIGXCPU, SIGXFSZ, SIGSYS, SIGTRAP };
#define SCREEN_FATAL (sizeof screen_fatal / sizeof *screen_fatal)

/* ---- taking it and giving it back ---- */

/* async-signal-safe, and also after a failed write */
static void
screen_leave(void)
{
	if (!screen.on)
		return;
	screen.on = 0;
	write_all(STDOUT_FILENO, SCREEN_LEAVE, sizeof SCREEN_LEAVE - 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
}

static void
screen_enter(void)
{
	struct termios t = screen.before;

	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
	write_all(STDOUT_FILENO, SCREEN_ENTER, sizeof SCREEN_ENTER - 1);
	screen.on = 1;
}

static void
screen_default(int sig)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };

	sigaction(sig, &sa, NULL);
}

/* The signal does then what it would have done. */
static void
screen_die(int sig)
{
	screen_leave();
	screen_default(sig);
	raise(sig);
}

static void screen_stopped(int);

static void
screen_handle(int sig, void (*call)(int))
{
	struct sigaction sa = { .sa_handler = call };

	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

static void
screen_stopped(int sig)
{
	int e = errno;
	sigset_t set;

	screen_leave();
	screen_default(sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	/* it stops here, and goes on here */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	screen_handle(sig, screen_stopped);
	screen_enter();
	screen.again = 1;
	errno = e;
}

/* after a stop that was not noticed: the shell has its own idea of it */
static void
screen_continued(int sig)
{
	(void)sig;
	if (screen.on)
		screen_enter();
	screen.again = 1;
}

static void
screen_resized(int sig)
{
	(void)sig;
	screen.again = 1;
}

int
screen_open(struct fault *fault)
{
	const char *term = getenv("TERM");
	sigset_t set;
	size_t i;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return fault_set(fault, EX_USAGE, "stdin and stdout are not a "
		    "terminal; see -b");
	if (term == NULL || *term == '\0' || strcmp(term, "dumb") == 0)
		return fault_set(fault, EX_USAGE, "TERM '%s': not a terminal "
		    "that can be drawn on; see -b", term ? term : "");
	if (tcgetattr(STDIN_FILENO, &screen.before) < 0)
		return fault_errno(fault, EX_IOERR, "terminal");
	buf_init(&screen.b, SCREEN_BYTES);
	for (i = 0; i < SCREEN_FATAL; i++)
		screen_handle(screen_fatal[i], screen_die);
	/* these come while it waits for a key, as those of signal.h */
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	screen_handle(SIGTSTP, screen_stopped);
	screen_handle(SIGCONT, screen_continued);
	screen_handle(SIGWINCH, screen_resized);
	atexit(screen_leave);
	signal_at_second(screen_leave);
	screen_enter();
	return 0;
}

void
screen_close(void)
{
	screen_leave();
	buf_release(&screen.b);
}

void
screen_size(int *columns, int *rows)
{
	*rows = 24;
	*columns = os_terminal_width(STDOUT_FILENO, rows);
	if (*columns == 0)
		*columns = 80;
}

/* ---- drawing ---- */

static size_t
screen_count(struct str lines)
{
	struct str line;
	size_t n = 0;

	while (str_take_line(&lines, &line))
		n++;
	return n;
}

/* how many lines after the heads are passed over */
static size_t
screen_skip(size_t lines, size_t heads, size_t at, size_t rows)
{
	size_t room = rows > heads ? rows - heads : 1;
	size_t skip = at > heads + room / 2 ? at - heads - room / 2 : 0;
	size_t most = lines > heads + room ? lines - heads - room : 0;

	return skip < most ? skip : most;
}

void
screen_draw(struct str lines, size_t heads, size_t at)
{
	int columns, rows;
	size_t skip, i, drawn = 0;
	struct str line;

	screen_size(&columns, &rows);
	skip = screen_skip(screen_count(lines), heads, at, (size_t)rows);
	buf_clear(&screen.b);
	buf_puts(&screen.b, "\033[H");
	for (i = 0; str_take_line(&lines, &line) && drawn < (size_t)rows; i++) {
		if (i >= heads && i < heads + skip)
			continue;
		/* first, as the cursor does not leave the last column */
		buf_puts(&screen.b, drawn++ > 0 ? "\r\n\033[K" : "\033[K");
		buf_put_str(&screen.b, line);
	}
	if (drawn < (size_t)rows)
		buf_puts(&screen.b, "\r\n\033[J");
	write_all(STDOUT_FILENO, screen.b.p, screen.b.n);
}

/* ---- keys ---- */

/* ECMA-48's, in either mode of the cursor keys */
static int
screen_sequence(const char *z)
{
	static const struct {
		const char *z;
		int key;
	} keys[] = {
		{ "[A", SCREEN_UP }, { "OA", SCREEN_UP },
		{ "[B", SCREEN_DOWN }, { "OB", SCREEN_DOWN },
		{ "[5~", SCREEN_PAGE_UP }, { "[6~", SCREEN_PAGE_DOWN },
		{ "[H", SCREEN_HOME }, { "OH", SCREEN_HOME },
		{ "[1~", SCREEN_HOME }, { "[F", SCREEN_END },
		{ "OF", SCREEN_END }, { "[4~", SCREEN_END },
	};
	size_t i;

	for (i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(z, keys[i].z) == 0)
			return keys[i].key;
	return SCREEN_NONE;
}

static bool
screen_byte(char *c, int ms)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	return signal_poll(&p, 1, ms) > 0 && read(STDIN_FILENO, c, 1) == 1;
}

static int
screen_escape(void)
{
	char z[SCREEN_SEQUENCE];
	size_t n = 0;

	while (n < sizeof z - 1 && screen_byte(&z[n], SCREEN_SEQUENCE_MS)) {
		n++;
		/* its last byte, after "[" or "O" */
		if (n > 1 && z[n - 1] >= '@' && z[n - 1] <= '~')
			break;
		if (n == 1 && z[0] != '[' && z[0] != 'O')
			break;
	}
	z[n] = '\0';
	return n == 0 ? '\033' : screen_sequence(z);
}

int
screen_key(int ms)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
	char c;

	/* unlike signal_poll, any signal ends it */
	if (!screen.again && !signal_stop() &&
	    os_poll(&p, 1, &t, signal_mask()) == 0)
		return SCREEN_NONE;
	if (screen.again) {
		screen.again = 0;
		return SCREEN_RESIZED;
	}
	if (signal_stop())
		return SCREEN_GONE;
	if (p.revents == 0)
		return SCREEN_NONE;
	if (read(STDIN_FILENO, &c, 1) != 1)
		return SCREEN_GONE;
	return c == '\033' ? screen_escape() : (unsigned char)c;
}
