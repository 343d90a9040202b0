#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From a device on each protocol to listeners on each: matrix.bats.

matrix.py cells|order|strangers|disconnect|stalled

Prints a line for each thing that was seen to be so, and on stderr what was
not; see the functions below, and matrix_clients.py for the clients.
"""
import base64
import json
import os
import signal
import socket
import subprocess
import threading

from matrix_clients import (
    CHANNEL, DEVICES, LISTENERS, NO, NOT_HEARD, OVER, THINGS, WAIT, WS, YES,
    Coap, Mqtt, Node, Program, Ws, coap_uri, expect, key_of, listen, main,
    metric, send)
from waiting import until

OTHER = os.environ["OTHER"]
JSON, CBOR, BYTES = ("application/senml+json", "application/senml+cbor",
                     "application/octet-stream")


def payloads(name):
    """(payload, media type); each device's are its own"""
    n = name.encode()
    return [
        (b'[{"bn":"' + n + b':", "n":"t","u":"Cel","v":21.50},'
         b'{"n":"s","vs":"\xc3\xa9\\u00e9 \\"q\\""}]', JSON),
        # line breaks do not go into a line as they are
        (b'[\r\n\t{"n": "' + n + b'", "v": 1e2}\n]\n', JSON),
        # [{-2: name, 0: "t", 2: 21.5}]
        (b"\x81\xa3\x21" + bytes([0x60 + len(n)]) + n +
         b"\x00\x61t\x02\xf9\x4d\x60", CBOR),
        (bytes(range(256)) + n, BYTES)]


# ---- the cells ----

class WsLines(Ws):
    """what format=line says of each: (payload, type, labels)"""

    def put(self, message):
        text, frame = message
        record = json.loads(text)[0]
        kind, data = JSON, None
        if record["n"] == "payload" and "vd" in record:
            kind = record["ct"]
            data = base64.urlsafe_b64decode(
                record["vd"] + "=" * (-len(record["vd"]) % 4))
        super().put((frame, kind, data or text, tuple(
            record.get(x) for x in ("channel", "publisher", "protocol",
                                    "subtopic"))))


def want_of(name):
    """what each listener is to get from that device"""
    sent = payloads(name)
    thing = THINGS[name][0]
    topic = f"channels/{CHANNEL}/messages/{name}/room/1"
    frames = [(p, "text" if t == JSON else "bytes") for p, t in sent]
    return {"mqtt": [(p, t, topic, thing) for p, t in sent],
            "ws": frames, "node": frames, "coap": sent}


def check_lines(got, name):
    sent = payloads(name)
    labels = (CHANNEL, THINGS[name][0], name, f"{name}.room.1")
    for (frame, kind, data, told), (payload, want) in zip(got, sent):
        expect((frame, kind, told), ("text", want, labels),
               f"the line of {name}'s")
        # a pack has the labels in front of its first record
        if data.startswith(b"[{"):
            expect(data[-len(payload) + 2:], payload[2:], "the pack")
        else:
            expect(data, payload, "the payload")
    expect(len(got), len(sent), f"lines of {name}'s")


def cells():
    """Bytes, content types and subtopics: each device to each listener."""
    listeners = {name: {
        "mqtt": Mqtt("reader", f"/{name}/+/1"),
        "ws": Ws("reader", f"/{name}/*/1"),
        "node": Node("reader", f"/{name}/+/1"),
        "coap": Coap("reader", f"/{name}/+/1"),
        "line": WsLines("reader", f"/{name}/%3E?format=line"),
    } for name in DEVICES}
    for name, make in DEVICES.items():
        device = make(name)
        for payload, kind in payloads(name):
            send(name, device, f"{name}/room/1", payload, kind)
    for name in DEVICES:
        want = want_of(name)
        for there, listener in listeners[name].items():
            got = listener.wait(len(payloads(name)))
            if there == "line":
                check_lines(got, name)
            else:
                expect(got, want[there], f"{name} -> {there}")
    # all have got all of theirs: nothing of another's has come
    for name in DEVICES:
        for there, listener in listeners[name].items():
            expect(len(listener.got), len(payloads(name)), listener.name)
            print(f"{name} -> {there}")


# ---- order ----

def numbered(name, numbers, pad=""):
    return [json.dumps([{"n": name, "v": i, **({"vs": pad} if pad else {})}],
                       separators=(",", ":")).encode() for i in numbers]


def all_at_once(devices, batches, kind=JSON):
    """each device sends its batch; together"""
    answers = {}

    def act(name):
        answers[name] = devices[name].send_all(f"from/{name}", batches[name],
                                               kind)
    threads = [threading.Thread(target=act, args=(name,)) for name in batches]
    for t in threads:
        t.start()
    for t in threads:
        t.join(4 * WAIT)
    for name in batches:
        expect(set(answers.get(name, ["none"])), {YES[name]},
               f"answers to {name}")


def numbers_of(got, name):
    head = b'[{"n":"' + name.encode() + b'",'
    return [json.loads(m[0])[0]["v"] for m in got if m[0].startswith(head)]


def order(n=200):
    """All devices at once; each listener sees each one's in its order."""
    listeners = {name: listen(name, "reader") for name in LISTENERS}
    devices = {name: make(name) for name, make in DEVICES.items()}
    all_at_once(devices, {name: numbered(name, range(n))
                          for name in DEVICES})
    for there, listener in listeners.items():
        got = listener.wait(n * len(devices))
        for name in DEVICES:
            expect(numbers_of(got, name), list(range(n)), f"{name} -> {there}")
            print(f"{name} -> {there}")


# ---- who gets it ----

def strangers():
    """A thing of another channel neither sends here nor hears this."""
    for name, make in DEVICES.items():
        send(name, make("stranger"), "x", b"[]", BYTES, NO)
        send(name, make("stranger", OTHER), "x", b"before", BYTES)
        print(f"{name}: refused")
    for there in LISTENERS:
        expect(listen(there, "stranger").ended, NOT_HEARD[there],
               f"a stranger listens on {there}")
        print(f"{there}: refused")
    for all_of_all in ("#", "channels/#", "channels/+/messages/#"):
        device = Mqtt("stranger", "/#", OTHER).device
        expect(device.subscribe(all_of_all), NOT_HEARD["mqtt"], all_of_all)
    theirs = [listen(there, "stranger", OTHER) for there in LISTENERS]
    ours = [listen(there, "reader") for there in LISTENERS]
    for name, make in DEVICES.items():
        send(name, make(name), "x", b"ours", BYTES)
    for listener in ours:
        expect({m[0] for m in listener.wait(len(DEVICES))}, {b"ours"},
               listener.name)
    # after all of these comes one of their own
    send("http", DEVICES["http"]("stranger", OTHER), "x", b"theirs", BYTES)
    for there, listener in zip(LISTENERS, theirs):
        expect([m[0] for m in listener.wait(1)], [b"theirs"], listener.name)
        print(f"{there}: nothing of ours")


def disconnect():
    """Both hear, then one is disconnected, and only the other does."""
    stay = {there: listen(there, "reader") for there in LISTENERS}
    leave = {there: listen(there, "leaver") for there in LISTENERS}
    own = {name: make("leaver") for name, make in DEVICES.items()}
    devices = {name: make(name) for name, make in DEVICES.items()}
    for name, device in own.items():
        send(name, device, "x", b"1", BYTES)
    for listener in (*stay.values(), *leave.values()):
        expect([m[0] for m in listener.wait(4)], [b"1"] * 4, listener.name)

    subprocess.run(["mfx-channels", "disconnect", CHANNEL,
                    THINGS["leaver"][0]], check=True, timeout=WAIT)
    for there, end in (("ws", 4403), ("node", 4403), ("coap", "4.03")):
        expect(leave[there].wait_end(), end, f"the end on {there}")
    leave["mqtt"].wait_end()
    until(lambda: metric("coap", "observers") == 1, "the observer's end")
    for n in range(1, 6):
        for name, device in devices.items():
            send(name, device, "x", b"2", BYTES)
    for there, listener in stay.items():
        expect([m[0] for m in listener.wait(24)][4:], [b"2"] * 20,
               listener.name)
    for there, listener in leave.items():
        expect([m[0] for m in listener.got], [b"1"] * 4, listener.name)
        expect(listen(there, "leaver").ended, NOT_HEARD[there],
               f"listening on {there} again")
        print(f"{there}: hears no more")
    for name, make in DEVICES.items():
        send(name, make("leaver"), "x", b"3", BYTES, NO)
        print(f"{name}: sends no more")
    for listener in (*stay.values(), *leave.values()):
        assert b"3" not in {m[0] for m in listener.got}, listener.name


# ---- those who do not read ----

def stalled_ws():
    s = socket.socket()
    OVER.append(s.close)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(WAIT)
    host, port = WS.split(":")
    s.connect((host, int(port)))
    s.sendall((f"GET /channels/{CHANNEL}/messages/%3E HTTP/1.1\r\n"
               f"Host: {WS}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
               f"Authorization: {key_of('reader')}\r\n\r\n").encode())
    expect(s.recv(12), b"HTTP/1.1 101", "the handshake of the client that stalls")


class Stopped(Program):
    """a client that is stopped once it has said that word"""

    def __init__(self, word, *command):
        self.word = word
        super().__init__("who stalls: " + command[0], *command,
                         stderr=subprocess.STDOUT)
        assert self.ended is None, f"{self.name} has ended"
        self.process.send_signal(signal.SIGSTOP)

    def line(self, line):
        if self.word in line:
            self.open.set()


def stalled():
    """One on each protocol reads nothing; all others get all, from all."""
    healthy = {there: listen(there, "reader") for there in LISTENERS}
    devices = {name: make(name) for name, make in DEVICES.items()}
    sizes = {"ws": 690, "mqtt": 100, "http": 50, "coap": 10}
    each, pad = sum(sizes.values()), "x" * 800

    def round_of(k):
        all_at_once(devices, {name: numbered(name, range(k * n, k * n + n),
                                             pad)
                              for name, n in sizes.items()})
        # the next one comes when all have got this one: what may wait for
        # each is more than a round, so no healthy one is ended as too slow,
        # however slow the machine
        for listener in healthy.values():
            listener.wait((k + 1) * each)

    round_of(0)
    stalled_ws()
    Stopped(b"Subscribed", "stdbuf", "-oL", "mosquitto_sub", "-d", "-V", "5",
            "-q", "1", "-h", "127.0.0.1", "-p", os.environ["MQTT_PORT"],
            "-u", "", "-P", key_of("reader"),
            "-t", f"channels/{CHANNEL}/messages/#")
    Stopped(b"observation relationship established", "coap-client-openssl",
            "-v", "7", "-s", "600", "-B", "600", "-o", "/dev/null",
            coap_uri("reader", "/%23"))
    expect(metric("coap", "observers"), 2, "observers")
    k = 0
    # until each adapter and the broker have seen that theirs is stalled
    while k < 3 or not (metric("ws", "slow_total") and
                        metric("coap", "overflowed_total") +
                        metric("coap", "reaped_total") and dropped()):
        k += 1
        assert k < 12, "nobody takes them for stalled"
        round_of(k)
    for there, listener in healthy.items():
        got = listener.wait((k + 1) * each)
        for name, n in sizes.items():
            expect(numbers_of(got, name), list(range((k + 1) * n)),
                   f"{name} -> {there}")
            print(f"{name} -> {there}")


def dropped():
    with open("broker.log", encoding="utf-8") as f:
        return "being dropped for client" in f.read()


main({f.__name__: f for f in (cells, order, strangers, disconnect, stalled)})
