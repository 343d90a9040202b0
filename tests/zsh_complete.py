# SPDX-License-Identifier: Apache-2.0
"""What zsh lists when the tab key is pressed after LINE.

usage: zsh_complete.py DIRECTORY LINE      (DIRECTORY holds _mfx)

A real zsh on a terminal of its own; it shows the line again below the
list, which is how the end of the list is seen.
"""
import os
import pty
import select
import sys

directory, line = sys.argv[1:]


def start():
    pid, fd = pty.fork()
    if pid == 0:
        env = dict(os.environ, TERM="dumb", PS1="READY>", ZDOTDIR=os.getcwd())
        os.execvpe("zsh", ["zsh", "-f", "-i"], env)
    return pid, fd


def read_until(fd, want, times):
    seen = ""
    while seen.count(want) < times:
        if not select.select([fd], [], [], 30)[0]:
            sys.exit(f"zsh never showed {want!r}: {seen!r}")
        seen += os.read(fd, 65536).decode()
    return seen


pid, fd = start()
os.write(fd, f"""stty cols 200 rows 100; fpath=({directory} $fpath)
autoload -U compinit; compinit -D -u; LISTMAX=0
unsetopt zle_bracketed_paste prompt_cr prompt_sp
bindkey '^I' list-choices; PS1='NOW''>'
""".encode())
read_until(fd, "NOW>", 1)
os.write(fd, line.encode() + b"\t")
listed = read_until(fd, line, 2)
print("\n".join(x.rstrip() for x in listed.split("\r\n")[1:-1]))
os.close(fd)
os.waitpid(pid, 0)
