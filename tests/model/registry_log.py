#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The protocol of the registry's log (lib/registry/log.h), all of it that
matters, in every order of steps that there is.

Two machines and a stream.  A machine has a file (the entries it has applied),
and may be down.  A change: the machine takes what the log has, appends an
entry that follows from its file, reads the stream up to it, and commits and
answers when it was valid.  Appending may take its time: the line may arrive
after the machine has given up.  A machine may die between any two steps, and
a file is kept.  Promotion is an entry that makes the machine the primary.

What must hold in every state:
  1. a change that was answered is in the log's valid entries, in their order;
  2. each file is a prefix of the valid entries (no two truths);
  3. at the end each file can become all of them.

Each rule of RULES is then left out in turn, and the model must notice.  (That
an entry says who is the primary is not among them: the hash of the entry before
it is enough.  It is checked all the same.)
"""
import sys
from collections import deque

MACHINES = (0, 1)
CHANGES = int(sys.argv[1]) if len(sys.argv) > 1 else 3  # entries, in all
DEATHS = 2

IDLE, SENT, APPENDED = range(3)
RULES = ('prev', 'readback')


def valid(stream, broken):
    """The valid entries of a stream, as every reader finds them."""
    out, primary = [], 0
    for entry in stream:
        who, kind, after, name = entry
        if after != tuple(e[3] for e in out) and broken != 'prev':
            continue
        if kind == 'change' and who != primary:
            continue
        if kind == 'primary':
            primary = who
        out.append(entry)
    return out


def primary_of(names, entries):
    primary = 0
    for e in entries[:len(names)]:
        if e[1] == 'primary':
            primary = e[0]
    return primary


# a state: (stream, in flight, machines, answered, number, deaths);
# a machine: (file, step, entry)
def steps(state, broken):
    stream, flight, machines, answered, n, deaths = state
    log = valid(stream, broken)
    names = tuple(e[3] for e in log)

    def put(m, machine, **more):
        ms = tuple(machine if i == m else x for i, x in enumerate(machines))
        new = dict(stream=stream, flight=flight, answered=answered, n=n,
                   deaths=deaths)
        new.update(more)
        return (new['stream'], new['flight'], ms, new['answered'], new['n'],
                new['deaths'])

    # a line arrives
    for line in flight:
        yield (stream + (line,), tuple(x for x in flight if x != line),
               machines, answered, n, deaths)

    for m in MACHINES:
        file, step, entry = machines[m]
        if step == IDLE:
            # follows, one entry
            if file != names and names[:len(file)] == file:
                yield put(m, (file + (names[len(file)],), IDLE, None))
            if n < CHANGES:
                # begins: what the log has is in the file
                if file == names:
                    primary = primary_of(file, log)
                    kinds = ['primary']
                    if primary == m:
                        kinds.append('change')
                    for kind in kinds:
                        line = (m, kind, file, n)
                        yield put(m, (file, SENT, line),
                                  flight=flight + (line,), n=n + 1)
        if step == SENT and entry in stream:
            yield put(m, (file, APPENDED, entry))
        if step == SENT:
            # no answer came: it gives up, and the line may still arrive
            yield put(m, (file, IDLE, None))
        if step == APPENDED:
            upto = valid(stream[:stream.index(entry) + 1], broken)
            if entry in upto or broken == 'readback':
                more = {}
                if entry[1] == 'change':
                    more['answered'] = answered | {entry[3]}
                yield put(m, (file + (entry[3],), IDLE, None), **more)
            else:
                yield put(m, (file, IDLE, None))
        # dies: what was not committed is gone
        if deaths < DEATHS and step != IDLE:
            yield put(m, (file, IDLE, None), deaths=deaths + 1)


def wrong(state, broken):
    stream, _, machines, answered, _, _ = state
    # with a rule left out, what is true is still what the whole rule says
    truth = [e[3] for e in valid(stream, None)]
    if not answered <= set(truth):
        return 'a change that was answered is not in the log'
    for file, _, _ in machines:
        if list(file) != truth[:len(file)]:
            return 'a file is not a prefix of the log'
    return None


def check(broken=None):
    start = ((), (), ((((), IDLE, None)),) * 2, frozenset(), 0, 0)
    seen, todo = {start}, deque([start])
    while todo:
        state = todo.popleft()
        why = wrong(state, broken)
        if why:
            return why, len(seen)
        for new in steps(state, broken):
            if new not in seen:
                seen.add(new)
                todo.append(new)
    return None, len(seen)


def main():
    why, states = check()
    print('%d states: %s' % (states, why or 'sound'))
    if why or states < 1000:
        return 1
    for rule in RULES:
        why, states = check(rule)
        print('without %s: %s' % (rule, why or 'not noticed'))
        if not why:
            return 1
    return 0


sys.exit(main())
