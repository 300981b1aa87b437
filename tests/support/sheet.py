"""An output that keeps what was written to it."""

import os

from chat_client.ui.output import Output


class Sheet(Output):
    """Writes to a file without a name, which ends with it."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(os.memfd_create("sheet"), encoding)

    def __del__(self) -> None:
        os.close(self.descriptor)

    @property
    def written(self) -> bytes:
        """What was written."""
        return os.pread(self.descriptor, os.fstat(self.descriptor).st_size, 0)

    def getvalue(self) -> str:
        """Return what was written, as text."""
        return self.written.decode(self.encoding)
