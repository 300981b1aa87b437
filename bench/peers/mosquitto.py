"""mosquitto (C): an MQTT broker; a room is a topic, at QoS 0."""

from bench.peers.base import InstalledPeer


class Mosquitto(InstalledPeer):
    """mosquitto with its limits lifted."""

    name = "mosquitto"
    protocol = "mqtt"
    program = "mosquitto"
    package = "mosquitto"
    configuration = "mosquitto.conf"
    flags = ("-c",)
    version_flag = "-h"
