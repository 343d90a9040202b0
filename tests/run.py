# SPDX-License-Identifier: Apache-2.0
# Reads $MFX_HOME/run by the words of mfx-run(5) alone: a line for each value,
# "program pid input output place name labels value", with tabs between.  A
# file that no process has locked is shown with "dead" in the place of values.
import fcntl
import os
import struct
import sys


def text(b, at, n):
    return b[at:at + n].split(b'\0')[0].decode()


def read(path):
    with open(path, 'rb') as f:
        b = f.read()
        try:
            fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)
            dead = True
        except BlockingIOError:
            dead = False
    if len(b) < 512 or b[:8] != b'mfx-run\0':
        return
    order, version, header, slot, room, used = struct.unpack_from('=6I', b, 8)
    assert (order, version, header, slot) == (0x01020304, 1, 512, 256), path
    assert used <= room and len(b) == header + room * slot, path
    pid, = struct.unpack_from('=Q', b, 40)
    who = [text(b, 88, 32), str(pid), text(b, 136, 136), text(b, 272, 136),
           text(b, 408, 104)]
    if dead:
        print('\t'.join(who + ['dead', '', '']))
        return
    for i in range(used):
        at = header + i * slot
        value, kind = struct.unpack_from('=QB', b, at)
        if kind != 0:
            print('\t'.join(who + [text(b, at + 16, 48), text(b, at + 64, 64),
                                   str(value)]))


home = os.path.join(os.environ['MFX_HOME'], 'run')
for name in sorted(os.listdir(home)):
    if name[0] != '.':
        read(os.path.join(home, name))
