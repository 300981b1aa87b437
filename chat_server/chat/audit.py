"""A record of what moderators and operators do."""

import structlog

from chat_server.errors import StoreError
from chat_server.store.moderation import Act, Moderation

log = structlog.get_logger()


class Audit:
    """Logs each act and keeps a row of it.

    An act is done whether or not its row can be stored: the log has it then.
    """

    def __init__(self, moderation: Moderation) -> None:
        self._moderation = moderation

    def note(self, act: Act) -> None:
        """Log an act and keep it. Raises nothing; not called under a lock of the chat."""
        log.info("act", actor=act.actor, act=act.act, target=act.target, room=act.room, detail=act.detail)
        try:
            self._moderation.note(act)
        except StoreError as error:
            log.warning("act_not_kept", error=str(error))
