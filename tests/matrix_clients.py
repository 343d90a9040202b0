# SPDX-License-Identifier: Apache-2.0
"""Devices and listeners on each protocol, all by clients that are not ours.

Devices: curl, paho, python3-websockets, coap-client.  Listeners: paho,
python3-websockets, Node's ws, coap-client.  Ports and ids come from the
environment, as tests/matrix.bats has made them.  Nothing sleeps: all waits
are for something to come, and end after WAIT seconds.
"""
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

import websockets

import mqtt_device
from mqtt_device import Device, expect, publish_properties, user_properties
from waiting import until

WAIT = mqtt_device.WAIT = 60
HERE = os.path.dirname(os.path.abspath(__file__))
CHANNEL = os.environ["CHANNEL"]
HTTP, WS, COAP = (os.environ[name + "_AT"] for name in ("HTTP", "WS", "COAP"))
FORMATS = {"application/senml+json": 110, "application/senml+cbor": 112,
           "application/octet-stream": 42}
OVER = []                               # what to do at the end


def things():
    with open("things", encoding="ascii") as f:
        return {name: (thing, key) for name, thing, key in
                (line.split() for line in f)}


THINGS = things()


def key_of(name):
    return THINGS[name][1]


def child(*command, **args):
    """A process of ours, which is ended with us."""
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, **args)

    def end():
        if p.poll() is None:
            p.send_signal(signal.SIGKILL)
            p.wait()
    OVER.append(end)
    return p


def main(acts):
    """acts[argv[1]](), and the end of all that it began"""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    status = 1
    try:
        acts[sys.argv[1]]()
        status = 0
    except AssertionError as e:
        print(e, file=sys.stderr)
    finally:
        for end in reversed(OVER):
            end()
        sys.stdout.flush()
    # threads of paho and of asyncio are not waited for
    os._exit(status)


# ---- listeners ----

class Listener:
    """What has come, and how it ended: with a word of its protocol."""

    def __init__(self, name):
        self.name = name
        self.got, self.ended = [], None
        self.changed = threading.Condition()

    def put(self, message):
        with self.changed:
            self.got.append(message)
            self.changed.notify_all()

    def end(self, how):
        with self.changed:
            if self.ended is None:
                self.ended = how
            self.changed.notify_all()

    def wait(self, n):
        """until n have come; all of them then"""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.got) >= n, WAIT):
                raise AssertionError(f"{self.name}: {len(self.got)} of {n} "
                                     f"have come, ended: {self.ended}")
            return list(self.got)

    def wait_end(self):
        with self.changed:
            if not self.changed.wait_for(lambda: self.ended is not None,
                                         WAIT):
                raise AssertionError(f"{self.name} was not ended")
            return self.ended


class Mqtt(Listener):
    """(payload, content type, topic, publisher)"""

    def __init__(self, thing, under, channel=CHANNEL):
        super().__init__(f"mqtt {thing} {under}")
        self.device = Device(key_of(thing))
        OVER.append(self.device.stop)
        self.device.client.on_message = lambda c, u, m: self.put(
            (m.payload, getattr(m.properties, "ContentType", None), m.topic,
             user_properties(m).get("publisher")))
        granted = self.device.subscribe(f"channels/{channel}/messages{under}")
        if granted != 1:
            self.end(granted)

    def wait_end(self):
        if self.ended is None:
            self.end(self.device.closed())
        return self.ended


LOOP = asyncio.new_event_loop()
threading.Thread(target=LOOP.run_forever, daemon=True).start()


def run(coroutine):
    return asyncio.run_coroutine_threadsafe(
        asyncio.wait_for(coroutine, WAIT), LOOP).result()


def ws_connect(thing, path, channel=CHANNEL):
    async def connect():
        return await websockets.connect(
            f"ws://{WS}/channels/{channel}/messages{path}", max_size=None,
            max_queue=None, open_timeout=WAIT, ping_interval=None,
            extra_headers={"Authorization": key_of(thing)})
    return run(connect())


class Ws(Listener):
    """(payload, text or bytes), by python3-websockets"""

    def __init__(self, thing, path, channel=CHANNEL):
        super().__init__(f"ws {thing} {path}")
        try:
            self.ws = ws_connect(thing, path, channel)
        except websockets.InvalidStatusCode as e:
            self.end(e.status_code)
            return
        asyncio.run_coroutine_threadsafe(self.listen(), LOOP)

    async def listen(self):
        try:
            async for m in self.ws:
                self.put((m.encode(), "text") if isinstance(m, str)
                         else (m, "bytes"))
        finally:
            self.end(self.ws.close_code)


class Program(Listener):
    """What a process says, line by line."""

    def __init__(self, name, *command, **args):
        super().__init__(name)
        self.open = threading.Event()
        self.process = child(*command, stdout=subprocess.PIPE, **args)
        threading.Thread(target=self.listen, daemon=True).start()
        if not self.open.wait(WAIT):
            raise AssertionError(f"{name} did not open")

    def end(self, how):
        super().end(how)
        self.open.set()

    def listen(self):
        for line in self.process.stdout:
            self.line(line.rstrip(b"\n"))
        self.end("gone")


class Node(Program):
    """(payload, text or bytes), by Node's ws"""

    def __init__(self, thing, path, channel=CHANNEL):
        super().__init__(
            f"node {thing} {path}", "node", HERE + "/matrix.js",
            f"ws://{WS}/channels/{channel}/messages{path}", key_of(thing),
            env=dict(os.environ, NODE_PATH="/usr/share/nodejs"))

    def line(self, line):
        word, _, rest = line.decode().partition(" ")
        if word == "open":
            self.open.set()
        elif word in ("text", "bytes"):
            self.put((bytes.fromhex(rest), word))
        else:
            self.end(int(rest))


class Coap(Program):
    """(payload, content type), by coap-client, which logs all it receives.
    One that comes again, as its acknowledgement was late, is the same."""

    def __init__(self, thing, path, channel=CHANNEL):
        self.seen, self.pdu, self.received = set(), None, False
        super().__init__(
            f"coap {thing} {path}", "coap-client-openssl", "-v", "7",
            "-s", "600", "-B", "600", "-o", "/dev/null",
            coap_uri(thing, path, channel), stderr=subprocess.DEVNULL)

    def line(self, line):
        if b" DEBG " in line:
            self.received = b" : received " in line
            if b"observation relationship established" in line:
                self.open.set()
            return
        if line.startswith(b"v:1 "):
            self.pdu = self.head(line) if self.received else None
        elif self.pdu and line.startswith(b"<<"):
            mid, kind = self.pdu
            self.pdu = None
            if mid not in self.seen:
                self.seen.add(mid)
                self.put((bytes.fromhex(line[2:-2].decode()), kind))

    def head(self, line):
        m = re.match(rb"v:1 t:\w+ c:(\d\.\d\d) i:(\w+) {\w*} \[ ?(.*?) ?\]",
                     line)
        code, mid, options = (x.decode() for x in m.groups())
        if code >= "4":
            self.end(code)
        if code != "2.05" or "Observe" not in options:
            return None
        kind = re.search("Content-Format:([^, ]*)", options)
        return mid, kind and kind[1]


LISTENERS = {"mqtt": Mqtt, "ws": Ws, "node": Node, "coap": Coap}


def listen(name, thing, channel=CHANNEL):
    """one of them, to all of a channel"""
    return LISTENERS[name](thing, {"mqtt": "/#", "ws": "/%3E", "node": "/%23",
                                   "coap": "/%23"}[name], channel)


# ---- devices ----

def in_file(payload):
    f = tempfile.NamedTemporaryFile(dir=".", delete=False)
    with f:
        f.write(payload)
    return f.name


def coap_uri(thing, path, channel=CHANNEL):
    return (f"coap://{COAP}/channels/{channel}/messages{path}"
            f"?auth={key_of(thing)}")


class HttpDevice:
    """curl; answers with the status"""

    def __init__(self, thing, channel=CHANNEL):
        self.key = key_of(thing)
        self.url = f"http://{HTTP}/channels/{channel}/messages/"

    def send_all(self, under, payloads, kind):
        """one after the other, over one connection"""
        files = [in_file(p) for p in payloads]
        config = "next\n".join(
            f'url = "{self.url}{under}"\ndata-binary = "@{name}"\n'
            f'header = "Authorization: {self.key}"\n'
            f'header = "Content-Type: {kind}"\nsilent\nshow-error\n'
            f'output = "/dev/null"\nwrite-out = "%{{http_code}}\\n"\n'
            f'max-time = {WAIT}\n' for name in files)
        out = subprocess.run(["curl", "-K", "-"], input=config.encode(),
                             stdout=subprocess.PIPE, check=True,
                             timeout=2 * WAIT)
        for name in files:
            os.unlink(name)
        return [int(code) for code in out.stdout.split()]

    def send(self, under, payload, kind):
        return self.send_all(under, [payload], kind)[0]


class MqttDevice:
    """paho; answers with the reason, 0 for yes"""

    def __init__(self, thing, channel=CHANNEL):
        self.device = Device(key_of(thing))
        OVER.append(self.device.stop)
        self.topic = f"channels/{channel}/messages/"

    def send(self, under, payload, kind, wait=True):
        return self.device.publish(
            "", payload, topic=self.topic + under, wait=wait,
            properties=publish_properties(content_type=kind))

    def send_all(self, under, payloads, kind):
        self.device.acks.clear()
        for p in payloads:
            self.send(under, p, kind, False)
        until(lambda: len(self.device.acks) >= len(payloads),
              "all the acknowledgements")
        return [self.device.reasons.get(mid, 0) & 0x80
                for mid in self.device.acks]


class WsDevice:
    """python3-websockets, a connection for each media type and subtopic; it
    answers with the status of that: nothing answers a message"""

    def __init__(self, thing, channel=CHANNEL):
        self.thing, self.channel, self.open = thing, channel, {}

    def send_all(self, under, payloads, kind):
        if (under, kind) not in self.open:
            try:
                self.open[under, kind] = ws_connect(
                    self.thing, f"/{under}?echo=0&type=" +
                    kind.replace("+", "%2B"), self.channel)
            except websockets.InvalidStatusCode as e:
                return [e.status_code]
        ws = self.open[under, kind]

        async def send():
            for p in payloads:
                # text as text, and bytes as such
                await ws.send(p.decode() if "json" in kind else p)
        run(send())
        return [101]

    def send(self, under, payload, kind):
        return self.send_all(under, [payload], kind)[0]


class CoapDevice:
    """coap-client, once for each message; answers with the code"""

    def __init__(self, thing, channel=CHANNEL):
        self.thing, self.channel = thing, channel

    def send(self, under, payload, kind):
        name = in_file(payload)
        out = subprocess.run(
            ["coap-client-openssl", "-B", str(WAIT), "-m", "post", "-t",
             str(FORMATS[kind]), "-f", name, "-v", "7",
             coap_uri(self.thing, "/" + under, self.channel)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
            timeout=2 * WAIT)
        os.unlink(name)
        codes = re.findall(rb"^v:1 t:(?:ACK|CON) c:([245]\.\d\d) ",
                           out.stdout, re.M)
        return codes[-1].decode() if codes else None

    def send_all(self, under, payloads, kind):
        return [self.send(under, p, kind) for p in payloads]


DEVICES = {"http": HttpDevice, "mqtt": MqttDevice, "ws": WsDevice,
           "coap": CoapDevice}
YES = {"http": 202, "mqtt": 0, "ws": 101, "coap": "2.04"}
NO = {"http": 403, "mqtt": 0x87, "ws": 403, "coap": "4.03"}
NOT_HEARD = {"mqtt": 0x87, "ws": 403, "node": 403, "coap": "4.03"}


def send(name, device, under, payload, kind, want=YES):
    expect(device.send(under, payload, kind), want[name],
           f"the answer to {name}'s {under}")


def metric(adapter, name):
    """of an adapter's administrator"""
    out = subprocess.run(
        ["curl", "-fsS", "-m", str(WAIT),
         f"http://{os.environ[adapter.upper() + '_ADMIN']}/metrics"],
        stdout=subprocess.PIPE, check=True)
    return float(re.search(rf"^{adapter}_adapter_{name} (\S+)$",
                           out.stdout.decode(), re.M)[1])
