#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What one thing may have of the broker: one function for each test."""
import os
import sys

from mqtt_device import TOPIC, Device, bus, expect, refused

KEY, KEY2 = os.environ["KEY"], os.environ["KEY2"]


def sessions():
    """Three client ids, connected or stored; the same one again is no more."""
    open_ = [Device(KEY, ident=f"s{n}", version=v)
             for n, v in enumerate((4, 5))]
    stored = Device(KEY, ident="stored", clean=False, expiry=1000)
    stored.stop()
    expect(refused(KEY), 135)
    expect(refused(KEY, version=4), 5)
    # one that is there already is let in, and other things are
    Device(KEY, ident="stored", clean=False, expiry=1000).stop()
    Device(KEY2, ident="other").stop()
    # what has gone and is not stored makes room
    open_.pop().stop()
    again = Device(KEY, ident="new")
    expect(refused(KEY), 135)
    # so does a session that is ended
    Device(KEY, ident="stored").stop()
    Device(KEY, ident="newer").stop()
    again.stop()
    open_.pop().stop()


def subscriptions():
    """Two in each session; again the same is no more."""
    d = Device(KEY, ident="d", clean=False, expiry=100)
    expect([d.subscribe(TOPIC + s, 1) for s in ("/a", "/b", "/a", "/c")],
           [1, 1, 1, 135])
    d.client.unsubscribe(TOPIC + "/a")
    expect(d.subscribe(TOPIC + "/c", 1), 1)
    d.stop()
    # a session that is resumed has them still, one that begins again does not
    d = Device(KEY, ident="d", clean=False, expiry=100)
    expect(d.subscribe(TOPIC + "/d", 1), 135)
    d.stop()
    d = Device(KEY, ident="d")
    expect(d.subscribe(TOPIC + "/d", 1), 1)
    # a filter longer than any topic of ours
    expect(d.subscribe(TOPIC + "/" + "x" * 3000, 1), 135)
    d.stop()


def retained_on(want):
    """which subtopics a new subscriber is given"""
    d = Device(KEY2)
    d.subscribe(TOPIC + "/#", 1)
    got = sorted(d.get().topic[len(TOPIC) + 1:] for _ in want)
    d.nothing()
    d.stop()
    expect(got, sorted(want))


def retained():
    """Three of them, of 3000 bytes in all; what is over is delivered only."""
    live, sender = Device(KEY2), Device(KEY)
    live.subscribe(TOPIC + "/#", 1)
    for n in range(5):
        expect(sender.publish(f"/{n}", b"x", retain=True), 0)
        expect(live.get().payload, b"x")
    expect(len(bus()), 5)
    retained_on(["0", "1", "2"])
    # MQTT 3.1.1 as well, and wills
    old = Device(KEY, version=4, will={"topic": TOPIC + "/will",
                                       "retain": True})
    old.publish("/old", b"x", retain=True)
    live.get()
    old.stop(abrupt=True)
    expect(live.get().topic, TOPIC + "/will")
    retained_on(["0", "1", "2"])
    # in the place of another one is no more; another thing has its own
    sender.publish("/1", b"y" * 100, retain=True)
    other = Device(KEY2)
    other.publish("/other", b"x", retain=True)
    retained_on(["0", "1", "2", "other"])
    # cleared is room
    sender.publish("/0", b"", retain=True)
    sender.publish("/3", b"x", retain=True)
    retained_on(["1", "2", "3", "other"])
    # and bytes: of those that are there, and of the topics
    sender.publish("/1", b"y" * 3000, retain=True)
    retained_on(["1", "2", "3", "other"])
    for d in live, sender, other:
        d.stop()


def retained_after():
    """After the broker's restart they count still."""
    sender = Device(KEY)
    sender.publish("/9", b"x", retain=True)
    retained_on(["1", "2", "3", "other"])
    sender.publish("/2", b"", retain=True)
    sender.publish("/9", b"x", retain=True)
    retained_on(["1", "3", "9", "other"])
    sender.stop()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
