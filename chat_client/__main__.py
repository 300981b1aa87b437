"""Lets `python -m chat_client` do what `chat-client` does."""

import sys

from chat_client.cli import main

if __name__ == "__main__":
    sys.exit(main())
