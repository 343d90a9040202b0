#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many devices, and a broker that is killed: one function for each test.

The devices are bare sockets with MQTT 3.1.1, so that what was acknowledged
is known to the packet."""
import base64
import os
import resource
import socket
import subprocess
import sys
import threading

from mqtt_device import (TOPIC, bus, connect_packet, expect, packet, take,
                         text)
from waiting import breathe, until

KEY, KEY2 = os.environ["KEY"], os.environ["KEY2"]
THING2, CHANNEL = os.environ["THING2"], os.environ["CHANNEL"]
PORT = int(os.environ["MQTT_PORT"])


class Bare:
    """A connection; raises OSError when the broker has gone."""

    def __init__(self, ident, key=KEY, clean=True):
        self.s = socket.create_connection(("127.0.0.1", PORT), timeout=30)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s.sendall(connect_packet(key, ident=ident, clean=clean))
        if self.take(4)[3] != 0:
            raise OSError("refused")

    def take(self, n):
        return take(self.s, n)

    def publish(self, mid, payload, qos=1):
        self.s.sendall(packet(0x30 | qos << 1, text(TOPIC.encode()) + (
            mid.to_bytes(2, "big") if qos else b"") + payload))

    def acknowledged(self):
        head = self.take(4)
        expect(head[:2], b"\x40\2", "PUBACK")
        return head[2] << 8 | head[3]

    def subscribe(self):
        self.s.sendall(packet(0x82, b"\0\1" + text(TOPIC.encode()) + b"\0"))
        expect(self.take(5), b"\x90\3\0\1\0", "SUBACK")

    def message(self):
        """The payload of a message of QoS 0, short ones only."""
        kind, n = self.take(2)
        expect(kind, 0x30)
        if n > 127:
            n += (self.take(1)[0] - 1) * 128
        body = self.take(n)
        return body[2 + len(TOPIC):]

    def close(self):
        self.s.close()


class Thread(threading.Thread):
    """One whose failure is ours, when it is joined."""

    def __init__(self, *args):
        super().__init__(target=self._run, args=args, daemon=True)
        self.failure = None
        self.start()

    def _run(self, function, *args):
        try:
            function(*args)
        except BaseException as e:
            self.failure = e

    def join(self):
        super().join(120)
        assert not self.is_alive(), "a thread does not end"
        if self.failure is not None:
            raise self.failure


def start():
    broker = subprocess.Popen(["mosquitto", "-c", "mosquitto.conf"],
                              stderr=subprocess.DEVNULL)

    def up():
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
            return True
        except OSError:
            expect(broker.poll(), None, "the broker has ended")
            return False
    until(up, "the broker")
    return broker


def crash(rounds):
    """kill -9 while devices publish: what was acknowledged is there."""
    acknowledged, stop = set(), threading.Event()

    def device(name):
        n = 0
        while not stop.is_set():
            try:
                bare = Bare(name)
            except OSError:
                breathe()
                continue
            try:
                while not stop.is_set():
                    batch = range(n, n + 10)
                    n += 10
                    for i in batch:
                        bare.publish(i % 60000 + 1, b"%s-%d" % (
                            name.encode(), i))
                    for i in batch:
                        expect(bare.acknowledged(), i % 60000 + 1)
                        acknowledged.add(f"{name}-{i}")
            except OSError:
                pass
            bare.close()

    broker = start()
    threads = [Thread(device, f"d{i}") for i in range(6)]
    try:
        for _ in range(int(rounds)):
            have = len(acknowledged)
            until(lambda: len(acknowledged) > have + 300, "messages")
            broker.kill()
            broker.wait()
            broker = start()
    finally:
        stop.set()
        broker.kill()
        for t in threads:
            t.join()
        broker.wait()
    there = {base64.urlsafe_b64decode(m["vd"] + "==").decode()
             for m in bus()}
    missing = acknowledged - there
    assert not missing, f"{len(missing)} of {len(acknowledged)} are lost"
    print(len(acknowledged), "acknowledged,", len(there), "there")


def crowd(n):
    """So many at once: each publishes, each receives; half lose access."""
    n = int(n)
    resource.setrlimit(resource.RLIMIT_NOFILE, (
        n + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    all = [Bare(f"c{i}", KEY if i % 2 else KEY2) for i in range(n)]
    for bare in all:
        bare.subscribe()
    speaker = Bare("speaker")
    speaker.publish(1, b"hello", 0)
    for bare in all:
        expect(bare.message(), b"hello")
    # all speak at once, with nobody else listening any more
    for bare in all:
        bare.s.sendall(packet(0xa2, b"\0\2" + text(TOPIC.encode())))
    for bare in all:
        expect(bare.take(4), b"\xb0\2\0\2", "UNSUBACK")
    for i, bare in enumerate(all):
        bare.publish(7, b"%d" % i)
    for bare in all:
        expect(bare.acknowledged(), 7)
    expect(len(bus()), n + 1)
    subprocess.run(["mfx-things", "key", "--remove", THING2], check=True)
    for bare in all[0::2]:
        expect(bare.s.recv(1), b"", "closed")
    for i, bare in enumerate(all[1::2]):
        bare.publish(8, b"still")
    for bare in all[1::2]:
        expect(bare.acknowledged(), 8)
    expect(len(bus()), n + 1 + n // 2)
    for bare in all + [speaker]:
        bare.close()


def changes(rounds):
    """The registry changes all the time; nobody else notices."""
    listener, speaker = Bare("listener"), Bare("speaker", KEY2)
    listener.subscribe()
    stop, sent = threading.Event(), [0]

    def speak():
        while not stop.is_set():
            for i in range(20):
                speaker.publish(i + 1, b"%d" % (sent[0] + i))
            for i in range(20):
                expect(speaker.acknowledged(), i + 1)
            sent[0] += 20
        speaker.publish(1, b"end")
        expect(speaker.acknowledged(), 1)

    def listen():
        n = 0
        while (message := listener.message()) != b"end":
            expect(message, b"%d" % n)
            n += 1
        expect(n, sent[0])
    threads = [Thread(speak), Thread(listen)]
    try:
        for _ in range(int(rounds)):
            have = sent[0]
            thing = subprocess.run(
                ["mfx-things", "create", "--name", "x"], check=True,
                capture_output=True, text=True).stdout.split('"')[3]
            for verb in "connect", "disconnect":
                subprocess.run(["mfx-channels", verb, CHANNEL, thing],
                               check=True)
            until(lambda: sent[0] > have or not threads[0].is_alive(),
                  "messages")
    finally:
        stop.set()
        for t in threads:
            t.join()
    expect(len(bus()), sent[0] + 1)


def full():
    """The disk is full: nothing is acknowledged; then there is room."""
    filler = os.environ["MFX_HOME"] + "/filler"
    bare = Bare("d", clean=False)
    payload = b"x" * 30000
    n = 0
    try:
        while n < 1000:
            bare.publish(n + 1, payload)
            expect(bare.acknowledged(), n + 1)
            n += 1
    except OSError:
        pass
    assert 0 < n < 1000, n
    bare.close()
    expect(len(bus()), n)
    # again, with the same end; one of QoS 0 is not delivered either
    for qos in 1, 0, 2:
        bare = Bare("d", clean=False)
        bare.publish(n + 1, payload, qos)
        expect(bare.s.recv(4), b"", "closed")
        bare.close()
    expect(len(bus()), n)
    os.unlink(filler)
    bare = Bare("d", clean=False)
    bare.publish(n + 1, payload)
    expect(bare.acknowledged(), n + 1)
    bare.close()
    expect(len(bus()), n + 1)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
