"""What each part of a server is told of its settings."""

from chat_protocol.messages import PROTOCOL
from chat_protocol.server_messages import Limits, RegNameRequest
from chat_server import __version__
from chat_server.chat.access import AccessRules
from chat_server.chat.rates import published
from chat_server.chat.registry import HubLimits
from chat_server.config import Config, password
from chat_server.net.admission import AdmissionLimits
from chat_server.net.throttle import Rates


def hub_limits(config: Config) -> HubLimits:
    """Return the bounds of names, rooms and sessions."""
    return HubLimits(
        config.name_length,
        config.ascii_names,
        config.rooms,
        config.rooms_per_user,
        config.session_ttl,
        config.name_hold,
        config.absent_sessions,
        config.absent_bytes,
        config.edit_seconds,
    )


def access_rules(config: Config) -> AccessRules:
    """Return who is let in. Raises `ConfigError` if the password cannot be read."""
    return AccessRules(
        config.access,
        password(config.password_file, "password_file"),
        config.guests,
        config.registration,
        config.accounts,
        config.tls_client_accounts,
    )


def admission_limits(config: Config) -> AdmissionLimits:
    """Return how many may connect."""
    return AdmissionLimits(
        config.connections,
        config.connections_per_address,
        config.connects_per_minute,
        config.exempt_networks,
        config.proxies,
    )


def greeting(config: Config) -> RegNameRequest:
    """Return the first line that a client gets."""
    rates = Rates.of(config)
    pace = published(None if rates is None else rates.user)
    lengths = config.line_bytes, config.name_length, config.topic_length
    limits = Limits(*lengths, config.rooms_per_user, pace=pace)
    return RegNameRequest(
        PROTOCOL,
        f"chat-server {__version__}",
        limits,
        config.access,
        config.guests,
        config.registration,
        config.tls_client_accounts,
    )
