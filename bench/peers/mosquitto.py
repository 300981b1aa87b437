"""mosquitto (C): an MQTT broker; a room is a topic, at QoS 0."""

from pathlib import Path

from bench.peers.base import InstalledPeer


class Mosquitto(InstalledPeer):
    """mosquitto with its limits lifted."""

    name = "mosquitto"
    protocol = "mqtt"
    program = "mosquitto"
    package = "mosquitto"
    configuration = "mosquitto.conf"
    version_flag = "-h"

    def command(self, directory: Path, port: int) -> list[str]:
        """Foreground, with the configuration beside this file."""
        return [self.path() or self.program, "-c", str(self.configure(directory, port))]
