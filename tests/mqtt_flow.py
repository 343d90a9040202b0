#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What happens to messages: one function for each test."""
import os
import socket
import subprocess
import sys

from base64 import urlsafe_b64decode

from mqtt_device import (CHANNEL, TOPIC, Device, Refused, bus,
                         connect_packet, expect, packet, publish_properties,
                         refused, take, text, user_properties,
                         will_properties)
from waiting import until

KEY, THING = os.environ["KEY"], os.environ["THING"]
KEY2, THING2 = os.environ["KEY2"], os.environ["THING2"]
PACK = b'[{"n":"t","v":21.5}]'
TRUE = {"publisher": THING}


def blob(line):
    text = line["vd"]
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def matrix(*transports):
    """Every version, QoS, kind of session and transport, both ways."""
    n = 0
    for transport in transports:
        for version in 4, 5:
            for clean in True, False:
                name = f"{transport}-{version}-{clean}"
                args = {"version": version, "clean": clean,
                        "transport": transport,
                        "expiry": 0 if clean else 3600}
                receiver = Device(KEY2, ident="to-" + name, **args)
                sender = Device(KEY, ident="from-" + name, **args)
                for qos in 0, 1, 2:
                    under = f"/{name}/{qos}"
                    expect(receiver.subscribe(TOPIC + under, qos), qos)
                    payload = b'[{"n":"%s","v":%d}]' % (
                        name.encode(), qos)
                    expect(sender.publish(under, payload, qos), 0, name)
                    m = receiver.get()
                    expect((m.topic, m.payload, m.qos),
                           (TOPIC + under, payload, qos))
                    if version == 5:
                        expect(user_properties(m), TRUE)
                    n += 1
                    until(lambda: len(bus()) == n, f"{n} lines")
                    line = bus()[-1]
                    expect((line["publisher"], line["protocol"],
                            line["channel"], line["subtopic"], line["v"]),
                           (THING, "mqtt", CHANNEL, under[1:].replace(
                               "/", "."), qos))
                sender.stop()
                receiver.stop()


def payloads():
    receiver, sender = Device(KEY2), Device(KEY)
    receiver.subscribe(TOPIC + "/#", 1)
    everything = bytes(range(256))
    big = os.urandom(700_000)
    for payload in (everything, b"", b"\n", b"\0", big, PACK,
                    b'[{"n":"t","v":1,\n"publisher":"evil"}]'):
        expect(sender.publish("/x", payload), 0)
        expect(receiver.get().payload, payload)
        line = bus()[-1]
        expect(line["publisher"], THING)
        if payload != PACK:
            expect(blob(line), payload)
    # what the line says of its type is what the device has declared
    for declared, kept in (("text/plain", "text/plain"),
                           ("application/cbor", "application/cbor"),
                           ('x"y', "application/octet-stream")):
        sender.publish("/x", b"x", properties=publish_properties(
            content_type=declared))
        expect(bus()[-1]["ct"], kept)
        expect(receiver.get().properties.ContentType, declared)
    # one that does not fit a line is refused: said so, or hung up
    lines = len(bus())
    huge = os.urandom(800_000)
    expect(sender.publish("/x", huge), 135)
    old = Device(KEY, version=4)
    expect(old.publish("/x", huge), None)
    old.stop()
    expect(len(bus()), lines)
    receiver.nothing()
    receiver.stop()
    sender.stop()


def forgeries():
    """Only we say who has published, by which protocol."""
    receiver = Device(KEY2)
    receiver.subscribe(TOPIC + "/#", 1)
    mine = [("publisher", "EVIL"), ("room", "1"), ("publisher", THING2),
            ("protocol", "http"), ("room", "2"), ("", "")]
    for qos in 0, 1, 2:
        sender = Device(KEY, version=5)
        sender.publish("", b'[{"publisher":"EVIL","n":"t","v":1}]', qos,
                       properties=publish_properties(mine, "text/plain"))
        m = receiver.get()
        expect(m.properties.UserProperty,
               [("room", "1"), ("room", "2"), ("", ""),
                ("publisher", THING)])
        expect(m.properties.ContentType, "text/plain")
        until(lambda: len(bus()) == qos + 1, "the line")
        expect((bus()[-1]["publisher"], bus()[-1]["protocol"]),
               (THING, "mqtt"))
        sender.stop()
    old = Device(KEY, version=4)
    old.publish("", PACK)
    expect(user_properties(receiver.get()), TRUE)
    receiver.stop()
    old.stop()


def wills():
    receiver = Device(KEY2)
    receiver.subscribe(TOPIC + "/#", 1)
    forged = will_properties([("publisher", "EVIL"), ("protocol", "x"),
                              ("a", "b")], "text/x")
    n = 0
    for version in 4, 5:
        for qos in 0, 1, 2:
            will = {"topic": TOPIC + "/will", "payload": b"gone %d" % qos,
                    "qos": qos,
                    "properties": forged if version == 5 else None}
            d = Device(KEY, version=version, will=will)
            d.stop(abrupt=True)
            m = receiver.get()
            expect(m.payload, b"gone %d" % qos)
            expect(user_properties(m), {**TRUE, "a": "b"}
                   if version == 5 else TRUE)
            n += 1
            expect(len(bus()), n)
            expect((bus()[-1]["publisher"], blob(bus()[-1])),
                   (THING, b"gone %d" % qos))
            if version == 5:
                expect(m.properties.ContentType, "text/x")
                expect(bus()[-1]["ct"], "text/x")
    # whose client id is taken over by itself is gone too
    will = {"topic": TOPIC + "/will", "payload": b"over",
            "properties": forged}
    first = Device(KEY, ident="same", will=will)
    second = Device(KEY, ident="same", will=will)
    expect(user_properties(receiver.get()), {**TRUE, "a": "b"})
    expect(len(bus()), n + 1)
    first.stop()
    # a delayed one
    second.stop()
    late = Device(KEY, ident="late", expiry=100, clean=False, will={
        "topic": TOPIC + "/will", "payload": b"late",
        "properties": will_properties([("publisher", "EVIL")], delay=1)})
    late.stop(abrupt=True)
    expect(user_properties(receiver.get()), TRUE)
    expect(len(bus()), n + 2)
    # none where the thing may not publish, none after a proper end
    for topic in "channels/x/messages", TOPIC + "/*", "a":
        Device(KEY, will={"topic": topic}).stop(abrupt=True)
    Device(KEY, will=will).stop()
    receiver.nothing()
    expect(len(bus()), n + 2)
    receiver.stop()


def will_of_the_revoked():
    receiver = Device(KEY)
    receiver.subscribe(TOPIC + "/#", 1)
    d = Device(KEY2, will={"topic": TOPIC + "/will"})
    d.subscribe(TOPIC)
    subprocess.run(["mfx-channels", "disconnect", CHANNEL, THING2],
                   check=True)
    d.closed()
    d.stop()
    receiver.nothing()
    expect(len(bus()), 0)
    receiver.stop()


def will_at_the_end(broker):
    """The broker ends: wills are said in the thing's name or not at all."""
    will = {"topic": TOPIC + "/end", "properties": will_properties(
        [("publisher", "EVIL")])}
    d = Device(KEY, will=will)
    keeper = Device(KEY2, ident="keeper", clean=False, expiry=3600)
    keeper.subscribe(TOPIC + "/#", 1)
    keeper.stop()
    os.kill(int(broker), 15)
    d.closed()
    d.stop()
    until(lambda: len(bus()) == 1, "the will on the bus")
    expect(bus()[0]["publisher"], THING)


def retained():
    sender = Device(KEY)
    sender.publish("/r", PACK, retain=True, properties=publish_properties(
        [("publisher", "EVIL")]))
    expect(len(bus()), 1)
    late = Device(KEY2)
    late.subscribe(TOPIC + "/r")
    m = late.get()
    expect((m.payload, m.retain, user_properties(m)), (PACK, True, TRUE))
    # what is retained of a thing that may no longer is not given out
    subprocess.run(["mfx-channels", "disconnect", CHANNEL, THING],
                   check=True)
    sender.closed()
    late.subscribe(TOPIC + "/r")
    late.nothing()
    late.stop()
    sender.stop()


def sessions_begin():
    for version in 4, 5:
        d = Device(KEY, version=version, ident=f"mine-{version}",
                   clean=False, expiry=3600)
        d.subscribe(TOPIC + "/#", 1)
        # nobody else's while it is connected, nor when it is not
        for v in 4, 5:
            for clean in True, False:
                expect(refused(KEY2, version=v, ident=f"mine-{version}",
                               clean=clean), 5 if v == 4 else 135)
        d.stop()
        for clean in True, False:
            expect(refused(KEY2, ident=f"mine-{version}", clean=clean), 135)
    # one in use without a stored session, and free afterwards
    d = Device(KEY, ident="passing")
    expect(refused(KEY2, ident="passing"), 135)
    d.stop()
    until(lambda: Device(KEY2, ident="passing").stop() is None, "free")
    sender = Device(KEY2)
    sender.publish("/kept", PACK, 1)
    sender.stop()


def sessions_after():
    """The broker has been started again."""
    for version in 4, 5:
        expect(refused(KEY2, ident=f"mine-{version}", clean=True), 135)
        d = Device(KEY, version=version, ident=f"mine-{version}",
                   clean=False, expiry=3600)
        assert d.present
        m = d.get()
        expect(m.payload, PACK)
        if version == 5:
            expect(user_properties(m), {"publisher": THING2})
        d.stop()
    # its own thing ends it, and then it is free
    Device(KEY, ident="mine-5", clean=True).stop()

    def taken():
        try:
            d = Device(KEY2, ident="mine-5", clean=False)
        except Refused:
            return False
        assert not d.present
        d.stop()
        return True
    until(taken, "the client id is free")
    # a thing that is gone leaves its session to nobody
    subprocess.run(["mfx-things", "remove", THING], check=True)
    expect(refused(KEY2, ident="mine-4", version=4, clean=False), 5)
    d = Device(KEY2, ident="mine-4", version=4, clean=True)
    assert not d.present
    d.stop()


def apart_begin():
    """One client id of two things is two sessions (2.1)."""
    for version in 4, 5:
        both = [Device(key, version=version, ident=f"mine-{version}",
                       clean=False, expiry=3600) for key in (KEY, KEY2)]
        both[0].subscribe(TOPIC + "/kept", 1)
        both[0].subscribe(TOPIC + f"/alive/{version}", 1)
        assert not any(d.present for d in both)
        # neither has ended the other
        for d in both:
            expect(d.publish(f"/alive/{version}", b"1", 1), 0)
        both[0].get()
        both[0].get()
        for d in both:
            d.stop()
    # an id that the broker has made up is found again
    made = Device(KEY, ident="", clean=True, expiry=3600)
    name = made.assigned
    assert name.startswith(THING + ":"), name
    made.stop()
    again = Device(KEY, ident=name, clean=False, expiry=3600)
    assert again.present
    again.stop()
    sender = Device(KEY2)
    sender.publish("/kept", PACK, 1)
    sender.stop()


def apart_after():
    """The broker has been started again."""
    for version in 4, 5:
        other = Device(KEY2, version=version, ident=f"mine-{version}",
                       clean=False, expiry=3600)
        other.nothing()
        d = Device(KEY, version=version, ident=f"mine-{version}",
                   clean=False, expiry=3600)
        assert d.present and other.present
        m = d.get()
        expect(m.payload, PACK)
        if version == 5:
            expect(user_properties(m), {"publisher": THING2})
        d.stop()
        other.stop()


def raw_connect(ident):
    s = socket.create_connection(
        ("127.0.0.1", int(os.environ["MQTT_PORT"])), timeout=30)
    s.sendall(connect_packet(KEY, ident=ident, clean=False))
    expect(take(s, 4)[3], 0, "CONNACK")
    return s


def raw_publish(s, mid, payload, dup=False, under=b"/q2"):
    s.sendall(packet(0x34 | (8 if dup else 0), text(TOPIC.encode() + under) +
                     mid.to_bytes(2, "big") + payload))
    expect(take(s, 4), b"\x50\2" + mid.to_bytes(2, "big"), "PUBREC")


def raw_release(s, mid):
    s.sendall(b"\x62\2" + mid.to_bytes(2, "big"))
    expect(take(s, 4), b"\x70\2" + mid.to_bytes(2, "big"), "PUBCOMP")


def again():
    """QoS 2: what comes again is there once, what is new is there too."""
    receiver = Device(KEY2)
    receiver.subscribe(TOPIC + "/#", 2)
    s = raw_connect(b"again")
    raw_publish(s, 7, b"one")
    s.close()
    s = raw_connect(b"again")
    raw_publish(s, 7, b"one", dup=True)
    raw_release(s, 7)
    expect(receiver.get().payload, b"one")
    more = os.environ["BROKER_LINE"] == "2.1"
    expect(len(bus()), 1 + more)
    # the same words under a new identifier, and under the old one
    raw_publish(s, 8, b"one")
    raw_release(s, 8)
    raw_publish(s, 7, b"one")
    raw_release(s, 7)
    expect(len(bus()), 3 + more)
    # the flag alone, as when the first one was lost on the way
    raw_publish(s, 9, b"new", dup=True)
    raw_publish(s, 8, b"other", dup=True)
    raw_publish(s, 10, b"one", dup=True, under=b"/elsewhere")
    expect(len(bus()), 6 + more)
    for mid in 8, 9, 10:
        raw_release(s, mid)
    for want in b"one", b"one", b"other", b"new", b"one":
        expect(receiver.get().payload, want)
    s.close()
    receiver.stop()


def bridge(secret_file):
    """Only the bridge speaks for others, and it goes on the bus only once."""
    with open(secret_file) as f:
        secret = f.read().strip()
    receiver = Device(KEY2)
    receiver.subscribe(TOPIC + "/#", 1)
    expect(refused(secret, "mfx-adapt-mqtt"), 135)
    args = ["mosquitto_pub", "--unix", os.environ["MQTT_SOCKET"], "-V", "5",
            "-q", "1", "-m", "over http", "-u", "mfx-adapt-mqtt", "-D",
            "publish", "user-property", "publisher", THING, "-D", "publish",
            "user-property", "protocol", "http", "-t"]

    def run(topic, password):
        return subprocess.run(args + [topic, "-P", password], timeout=30,
                              capture_output=True).returncode
    assert run(TOPIC, "wrong") != 0
    assert run(TOPIC, KEY) != 0
    expect(run(TOPIC + "/a", secret), 0)
    m = receiver.get()
    expect((m.payload, user_properties(m)),
           (b"over http", {"publisher": THING, "protocol": "http"}))
    expect(run("channels/x", secret), 0)
    receiver.nothing()
    assert subprocess.run(
        ["mosquitto_sub", "--unix", os.environ["MQTT_SOCKET"], "-u",
         "mfx-adapt-mqtt", "-P", secret, "-t", TOPIC, "-W", "2"], timeout=30,
        capture_output=True).stdout == b""
    expect(bus(), [])
    receiver.stop()


def reload(broker):
    """SIGHUP: connected clients stay, and are still the same things."""
    sender = Device(KEY, ident="s", clean=False, expiry=100)
    receiver = Device(KEY2, version=4, ident="r", clean=False)
    gone = Device(KEY2, version=4, ident="gone", clean=False)
    receiver.subscribe(TOPIC, 1)
    gone.subscribe(TOPIC, 1)
    gone.stop()
    for n in range(3):
        os.kill(int(broker), 1)
        expect(sender.publish("", b"%d" % n), 0)
        expect(receiver.get().payload, b"%d" % n)
    gone = Device(KEY2, version=4, ident="gone", clean=False)
    for n in range(3):
        expect(gone.get().payload, b"%d" % n)
    for d in sender, receiver, gone:
        assert d.gone is None
        d.stop()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
