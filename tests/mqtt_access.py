#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Connecting, and what is allowed then: one function for each test."""
import json
import os
import subprocess
import sys

from mqtt_device import CHANNEL, TOPIC, Device, bus, expect, refused

KEY, THING = os.environ["KEY"], os.environ["THING"]
KEY2, THING2 = os.environ["KEY2"], os.environ["THING2"]
STRANGER = os.environ["STRANGER_KEY"]
# CONNACK's "not authorized", by version
NO = {3: 5, 4: 5, 5: 135}


def mfx(*words):
    return subprocess.run(words, check=True, capture_output=True,
                          text=True).stdout


def names():
    """A key lets in, whatever the user name, but not as another thing."""
    for version in 3, 4, 5:
        for name in "", "a free name", THING, THING.upper():
            Device(KEY, name, version=version).stop()
        for key, name in ((KEY, THING2), (KEY, THING2.upper()),
                          ("no such key", ""), ("", ""), (None, THING),
                          (KEY + "x", THING), (KEY[:-1], ""),
                          ("x" * 5000, ""), (None, "mfx-adapt-mqtt"),
                          (KEY, "mfx-adapt-mqtt")):
            expect(refused(key, name, version=version), NO[version],
                   f"{name} with v{version}")
    # no user name and no password at all
    for version in 4, 5:
        expect(refused(None, None, version=version), NO[version])


def tries():
    """However many wrong keys there were, a right one is let in."""
    for _ in range(20):
        expect(refused("wrong"), 135)
        expect(refused("wrong", version=4), 5)
        Device(KEY).stop()
        Device(KEY2, version=4).stop()
    # one that is made meanwhile, too
    key = json.loads(mfx("mfx-things", "create"))["key"]
    Device(key).stop()


def certificates():
    named = Device(None, None, transport="cert", cert="by-id")
    expect(named.publish("", b"1"), 0)
    keyed = Device(None, None, transport="cert", cert="by-key")
    expect(keyed.publish("", b"2"), 0)
    both = Device(KEY, transport="cert", cert="by-id")
    expect(both.publish("", b"3"), 0)
    expect([m["publisher"] for m in bus()], [THING] * 3)
    for cert, key in (("by-id", KEY2), ("by-key", KEY2), ("of-two", None),
                      ("of-none", None), ("of-none", "wrong"),
                      ("no-id", None), ("unknown", None)):
        expect(refused(key, None if key is None else "", cert=cert), 135, f"{cert} {key}")
    expect(refused(None, THING2, cert="by-id"), 135)
    # whose key is taken away has no certificate either
    mfx("mfx-things", "key", "--remove", THING)
    for d in named, keyed, both:
        d.closed()
        d.stop()
    expect(refused(None, None, cert="by-id"), 135)


def topics():
    """Which topics there are, and for whom."""
    device = Device(KEY)
    stranger = Device(STRANGER)
    other = "00000000-0000-4000-8000-000000000000"
    for under in ("", "/", "/a", "/a/b.c", "/ü/→/𝛑", "//a//"):
        expect(device.publish(under, b"x"), 0, under)
        expect(stranger.publish(under, b"x"), 135, under)
    expect([m.get("subtopic") for m in bus()],
           [None, None, "a", "a.b.c", "ü.→.𝛑", "a"])
    for topic in (f"channels/{CHANNEL}/messagesXYZ", f"channels/{CHANNEL}",
                  f"channels/{CHANNEL}/", f"/channels/{CHANNEL}/messages",
                  f"channels/{CHANNEL}/message", "channels//messages",
                  f"channels/{CHANNEL.upper()}/messages",
                  f"Channels/{CHANNEL}/messages", f"channels/{other}/messages",
                  f"channels/{CHANNEL}x/messages", "a", "/",
                  "$SYS/broker/uptime", "$CONTROL/dynamic-security/v1",
                  TOPIC + "/*", TOPIC + "/a.>", TOPIC + '/"',
                  TOPIC + "/a\\b", TOPIC + "/" + "x" * 1100):
        expect(device.publish("", b"x", topic=topic), 135, topic)
    for filter in ("", "/", "/#", "/+", "/a", "/a/+/b", "/+/#"):
        expect(device.subscribe(TOPIC + filter), 1, filter)
        expect(stranger.subscribe(TOPIC + filter), 135, filter)
        expect(device.subscribe("$share/g/" + TOPIC + filter), 1, filter)
        expect(stranger.subscribe("$share/g/" + TOPIC + filter), 135, filter)
    # MQTT 5, 4.8.2: a group has a name, without wildcards
    for filter in ("$share//" + TOPIC, "$share//" + TOPIC + "/#",
                   "$share/" + TOPIC, "$share/+/" + TOPIC):
        expect(device.subscribe(filter) >= 128, True, filter)
    for filter in ("#", "+", "+/+/+", "channels/#", "channels/+/messages",
                   "channels/+/messages/#", f"channels/{CHANNEL}/#",
                   f"channels/{CHANNEL}/+", f"+/{CHANNEL}/messages",
                   f"channels/{CHANNEL}/messagesXYZ/#", "$SYS/#",
                   f"channels/{other}/messages/#", "$share/g/#",
                   f"$share/g/channels/+/messages/#"):
        expect(device.subscribe(filter), 135, filter)
    expect(len(bus()), 6)
    device.stop()
    stranger.stop()


def closed():
    """Before MQTT 5 there is no way to say no but to hang up."""
    for version in 3, 4:
        for qos in 0, 1, 2:
            d = Device(STRANGER, version=version)
            d.publish("", b"x", qos, wait=False)
            d.closed()
            # of QoS 0, paho says itself that it is sent
            expect(d.acks, {} if qos else {1: True})
            d.stop()
        d = Device(STRANGER, version=version)
        expect(d.subscribe(TOPIC), {3: None, 4: 128}[version])
        d.stop()
    expect(len(bus()), 0)


def revoke(*words, back=None):
    """Two devices listen; one loses access by the command given."""
    loser = Device(KEY2, version=5)
    old = Device(KEY2, version=4)
    keeper, sender = Device(KEY), Device(KEY)
    for d in loser, old, keeper:
        expect(d.subscribe(TOPIC + "/#"), 1)
    sender.publish("/a", b"before")
    for d in loser, old, keeper:
        expect(d.get().payload, b"before")
    mfx(*words)
    expect(loser.closed(), 0x98)
    old.closed()
    sender.publish("/a", b"after")
    expect(keeper.get().payload, b"after")
    assert loser.messages.empty() and old.messages.empty()
    for d in loser, old, keeper, sender:
        d.stop()


def revocation():
    revoke("mfx-channels", "disconnect", CHANNEL, THING2)
    mfx("mfx-channels", "connect", CHANNEL, THING2)
    revoke("mfx-things", "key", "--remove", THING2)
    expect(refused(KEY2), 135)


def new_key():
    revoke("mfx-things", "key", "--new", THING2)
    expect(refused(KEY2), 135)


def removal():
    revoke("mfx-things", "remove", THING2)
    expect(refused(KEY2), 135)


def at_once():
    """No delivery after the change has been seen, however busy."""
    loser, sender = Device(KEY2), Device(KEY)
    loser.subscribe(TOPIC, 0)
    n = 0
    while n < 200 or loser.messages.empty():
        sender.publish("", b"%d" % n, 1)
        n += 1
    mfx("mfx-channels", "disconnect", CHANNEL, THING2)
    loser.closed()
    while not loser.messages.empty():
        last = loser.get()
    for _ in range(50):
        expect(sender.publish("", b"late"), 0)
    assert loser.messages.empty()
    loser.stop()
    sender.stop()


def way(*options):
    mfx("mfx-channels", "connect", *options, CHANNEL, THING2)


def until(want, act, version=5):
    """Of devices that come one after another, one gets this answer: the
    plugin has seen the change by then."""
    for _ in range(1000):
        device = Device(KEY2, version=version)
        got = act(device)
        device.stop()
        if got == want:
            return
    raise AssertionError(f"{got!r}, never {want!r}")


def publishes(device):
    return device.publish("", b"x")


def subscribes(device):
    return device.subscribe(TOPIC + "/#")


def left_by_will(payload):
    """Whether a client that is cut off leaves its will on the bus."""
    keeper = Device(KEY)
    keeper.subscribe(TOPIC + "/#")
    Device(KEY2, will={"topic": TOPIC + "/will", "payload": payload}).stop(
        abrupt=True)
    # a second one, of a thing that may, comes after it
    Device(KEY, will={"topic": TOPIC + "/will", "payload": b"last"}).stop(
        abrupt=True)
    got = []
    while not got or got[-1] != b"last":
        got.append(keeper.get().payload)
    keeper.stop()
    return payload in got


def directions():
    """What a connection that goes one way allows, and what it ends."""
    keeper = Device(KEY)
    keeper.subscribe(TOPIC + "/#")

    # one way from the beginning
    way("--publish")
    until(135, subscribes)
    until(135, lambda d: d.subscribe("$share/g/" + TOPIC))
    until(128, subscribes, version=4)
    device = Device(KEY2)
    expect(device.publish("/a", b"in"), 0)
    expect(keeper.get().payload, b"in")
    device.nothing()
    expect(left_by_will(b"will of one that publishes"), True)
    way("--subscribe")
    expect(device.closed(), 0x98, "it has published")
    until(135, publishes)
    until(None, publishes, version=4)
    expect(left_by_will(b"will of one that listens"), False)
    device = Device(KEY2)
    expect(subscribes(device), 1)
    expect(Device(KEY).publish("/a", b"out"), 0)
    expect(device.get().payload, b"out")

    # what is open: its end, and nothing after it, in a stored session too
    way("--publish", "--subscribe")
    until(0, publishes)
    stored = Device(KEY2, ident="stored", clean=False, expiry=1000)
    only = Device(KEY2)
    expect(subscribes(stored), 1)
    expect(only.publish("/a", b"from it"), 0)
    way("--publish")
    expect(device.closed(), 0x98)
    expect(stored.closed(), 0x98)
    expect(keeper.publish("/a", b"late"), 0)
    stored = Device(KEY2, ident="stored", clean=False, expiry=1000)
    expect(stored.present, True)
    expect(keeper.publish("/a", b"later"), 0)
    expect(stored.publish("/b", b"still in"), 0)
    stored.nothing()
    # one that has only published loses nothing
    expect(only.publish("/a", b"as before"), 0)
    expect(only.gone, None)

    # a retained message of a thing that may not publish any more
    expect(only.publish("/kept", b"retained", retain=True), 0)
    way("--subscribe")
    only.closed()
    late = Device(KEY)
    late.subscribe(TOPIC + "/kept")
    late.nothing()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
