"""The image as a container of its own, confined as docker-compose.yml does it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy


@contextmanager
def running(
    image: str, *arguments: str, environment: Mapping[str, str] | None = None, **limits: object
) -> Iterator[DockerContainer]:
    """Run the image on free ports of the loopback; `limits` are those of `docker run`."""
    confined = {"read_only": True, "cap_drop": ["ALL"], "init": True, "pids_limit": 200} | limits
    container = DockerContainer(image).with_kwargs(security_opt=["no-new-privileges"], **confined)
    container.with_exposed_ports(9090, 9464)
    container.with_command(list(arguments))
    container.with_envs(**(environment or {}))
    container.ports = dict.fromkeys(container.ports, ("127.0.0.1", None))  # type: ignore[arg-type]  # typed too narrowly
    container.waiting_for(LogMessageWaitStrategy("listening").with_startup_timeout(60))
    with container:
        yield container
