# SPDX-License-Identifier: Apache-2.0
"""A device that speaks MQTT, for the tests: paho with everything awaited.

Addresses and identities come from the environment, as tests/mqtt.bash and
the suite have made them.  Nothing here sleeps: all waits are for an answer
and end after WAIT seconds.
"""
import glob
import json
import os
import queue
import socket
import ssl
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

WAIT = 30
CHANNEL = os.environ.get("CHANNEL", "")
TOPIC = f"channels/{CHANNEL}/messages"


class Refused(Exception):
    """CONNACK with a reason, or no CONNACK at all (reason None)."""


class Device:
    def __init__(self, key, name="", version=5, clean=True, ident="",
                 transport="tcp", expiry=0, will=None, cert=None, port=None,
                 connect=True):
        self.messages = queue.Queue()
        self.acks, self.reasons = {}, {}
        self.changed = threading.Condition()
        self.connack = self.gone = None
        args = {"clean_session": clean} if version != 5 else {}
        protocol = {3: paho.MQTTv31, 4: paho.MQTTv311, 5: paho.MQTTv5}
        self.client = c = paho.Client(
            client_id=ident, protocol=protocol[version],
            transport="websockets" if transport == "ws" else "tcp", **args)
        if name is not None:
            c.username_pw_set(name, key)
        self.version, self.clean, self.expiry = version, clean, expiry
        self.port = port or int(os.environ[
            {"tcp": "MQTT_PORT", "ws": "WS_PORT", "tls": "TLS_PORT",
             "cert": "CERT_PORT"}[transport]])
        if transport in ("tls", "cert"):
            context = ssl.create_default_context(cafile="ca.pem")
            if cert:
                context.load_cert_chain(cert + ".pem", cert + ".key")
            c.tls_set_context(context)
        if will:
            c.will_set(will["topic"], will.get("payload", b"gone"),
                       will.get("qos", 1), will.get("retain", False),
                       will.get("properties"))
        c.max_inflight_messages_set(0)
        c.on_connect = self._on_connect
        c.on_disconnect = self._on_disconnect
        c.on_message = lambda c, u, m: self.messages.put(m)
        c.on_publish = lambda c, u, mid: self._note(self.acks, mid, True)
        c.on_subscribe = lambda c, u, mid, codes, *rest: self._note(
            self.acks, mid, [getattr(x, "value", x) for x in codes])
        if version == 5:
            self._watch_reasons()
        if connect:
            self.connect()

    def _watch_reasons(self):
        """paho 1.6 keeps the reason of an answer, and of an end without
        properties, to itself."""
        inner = self.client._handle_pubackcomp
        rec = self.client._handle_pubrec

        def look(then):
            def handle(*args):
                packet = bytes(self.client._in_packet["packet"])
                if len(packet) > 2:
                    mid = packet[0] << 8 | packet[1]
                    self._note(self.reasons, mid, packet[2])
                return then(*args)
            return handle
        end = self.client._handle_disconnect

        def handle_disconnect():
            packet = bytes(self.client._in_packet["packet"])
            self._end(packet[0] if packet else 0)
            return end()
        self.client._handle_disconnect = handle_disconnect
        self.client._handle_pubackcomp = look(inner)
        self.client._handle_pubrec = look(rec)

    def _note(self, where, key, value):
        with self.changed:
            where[key] = value
            self.changed.notify_all()

    def _on_connect(self, client, userdata, flags, rc, properties=None):
        with self.changed:
            self.connack = getattr(rc, "value", rc)
            self.present = bool(flags["session present"])
            self.assigned = getattr(properties, "AssignedClientIdentifier",
                                    None)
            self.changed.notify_all()

    def _on_disconnect(self, client, userdata, rc, properties=None):
        self._end(getattr(rc, "value", rc))

    def _end(self, reason):
        with self.changed:
            # the first is the broker's reason, after it comes the end
            if self.gone is None:
                self.gone = reason
            self.changed.notify_all()

    def _await(self, condition, what):
        with self.changed:
            if not self.changed.wait_for(condition, WAIT):
                raise AssertionError(f"never came: {what}")

    def connect(self):
        args = {}
        if self.version == 5:
            properties = Properties(PacketTypes.CONNECT)
            if self.expiry:
                properties.SessionExpiryInterval = self.expiry
            args = {"clean_start": self.clean, "properties": properties}
        self.connack = self.gone = None
        # a refused one is not to be tried again behind our back
        self.client.reconnect_delay_set(WAIT, WAIT)
        self.client.connect("127.0.0.1", self.port, 60, **args)
        self.client.loop_start()
        self._await(lambda: self.connack is not None or
                    self.gone is not None, "CONNACK")
        if self.connack != 0:
            reason = self.connack
            self.stop()
            raise Refused(reason)

    def publish(self, under, payload, qos=1, retain=False, wait=True,
                properties=None, topic=None):
        """The reason that came back (0 is yes); None: closed instead."""
        info = self.client.publish(topic or TOPIC + under, payload, qos,
                                   retain, properties)
        if not wait or qos == 0:
            return 0
        self._await(lambda: info.mid in self.acks or self.gone is not None,
                    f"an answer to {under}")
        if info.mid not in self.acks:
            return None
        # those under 128 say yes: 16 is that nobody has subscribed
        reason = self.reasons.get(info.mid, 0)
        return reason if reason > 127 else 0

    def subscribe(self, filter, qos=1):
        """The granted QoS, or the reason of the refusal."""
        _, mid = self.client.subscribe(filter, qos)
        self._await(lambda: mid in self.acks or self.gone is not None,
                    f"SUBACK for {filter}")
        return self.acks[mid][0] if mid in self.acks else None

    def get(self, wait=WAIT):
        return self.messages.get(timeout=wait)

    def nothing(self):
        """Nothing has come: what is asked for now comes after it all."""
        self.subscribe(TOPIC + "/nothing/at/all")
        assert self.messages.empty(), self.messages.get_nowait().payload

    def closed(self):
        self._await(lambda: self.gone is not None, "the end")
        return self.gone

    def stop(self, abrupt=False):
        # its thread, which is a daemon, may wait to connect again: not we
        self.client._thread_terminate = True
        if abrupt:
            self.client._sock.shutdown(socket.SHUT_RDWR)
            return
        over = self.gone is not None
        self.client.disconnect()
        if not over and self.connack == 0:
            self.client.loop_stop()


def user_properties(message):
    return dict(getattr(message.properties, "UserProperty", []))


def publish_properties(pairs=(), content_type=None):
    p = Properties(PacketTypes.PUBLISH)
    if pairs:
        p.UserProperty = list(pairs)
    if content_type:
        p.ContentType = content_type
    return p


def will_properties(pairs=(), content_type=None, delay=None):
    p = Properties(PacketTypes.WILLMESSAGE)
    if pairs:
        p.UserProperty = list(pairs)
    if content_type:
        p.ContentType = content_type
    if delay:
        p.WillDelayInterval = delay
    return p


def bus():
    """All lines of the stream, whole ones."""
    text = b""
    for path in sorted(glob.glob(os.environ["MFX_HOME"] +
                                 "/bus/raw/*.ndjson")):
        with open(path, "rb") as f:
            text += f.read()
    return [json.loads(line)[0] for line in text.split(b"\n")[:-1]]


def expect(got, want, what=""):
    assert got == want, f"{what}: {got!r}, not {want!r}"


# ---- the bytes themselves, where paho would be in the way ----

def packet(kind, body):
    n, length = len(body), b""
    while True:
        length += bytes([n % 128 | (0x80 if n > 127 else 0)])
        n //= 128
        if n == 0:
            return bytes([kind]) + length + body


def text(s):
    s = s.encode() if isinstance(s, str) else s
    return len(s).to_bytes(2, "big") + s


def connect_packet(key, name="", version=4, clean=True, ident=""):
    flags = 2 * clean | 0x80 * (name is not None) | 0x40 * (key is not None)
    head = {3: text("MQIsdp") + b"\3", 4: text("MQTT") + b"\4",
            5: text("MQTT") + b"\5"}[version]
    return packet(0x10, head + bytes([flags]) + b"\0\0" +
                  (b"\0" if version == 5 else b"") + text(ident) +
                  (b"" if name is None else text(name)) +
                  (b"" if key is None else text(key)))


def take(s, n):
    """Exactly so many bytes; OSError when they do not come."""
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise OSError("closed")
        data += more
    return data


def refused(key, name="", version=5, clean=True, ident="", cert=None):
    """The reason with which this device is not let in."""
    port = os.environ["CERT_PORT" if cert else "MQTT_PORT"]
    s = socket.create_connection(("127.0.0.1", int(port)), timeout=WAIT)
    if cert:
        context = ssl.create_default_context(cafile="ca.pem")
        context.load_cert_chain(cert + ".pem", cert + ".key")
        s = context.wrap_socket(s, server_hostname="127.0.0.1")
    with s:
        s.sendall(connect_packet(key, name, version, clean,
                                 ident or f"r{version}"))
        reason = take(s, 4)[3]
    assert reason != 0, f"{name} {version} {clean} {ident} {cert} was let in"
    return reason
