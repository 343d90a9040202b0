#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many WebSockets that read nothing, each with a subtopic of its own: s0, s1…

ws_stall.py PORT CHANNEL KEY N SUBTOPIC
                                  the same with one for all, and as much room
                                  in the kernel as usual
ws_stall.py PORT CHANNEL KEY N    prints "open" when all are; on SIGUSR1
                                  reads one after the other to its end, and
                                  prints "CODE REASON" of each
"""
import signal
import sys

from ws_raw import ended, opened


def main():
    port, channel, key, n, *same = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    all_ = [opened(port, f'/channels/{channel}/messages/' +
                   (same[0] if same else f's{i}'), key, small=not same)
            for i in range(int(n))]
    print('open', flush=True)
    signal.sigwait([signal.SIGUSR1])
    for s in all_:
        s.settimeout(60)
        print(ended(s), flush=True)


main()
