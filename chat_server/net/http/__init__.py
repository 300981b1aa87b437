"""The HTTP port: a page, a way to a WebSocket, and routes for programs. Knows no rule of the chat."""
