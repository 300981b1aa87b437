"""The console client. Uses chat_protocol and nothing else of the server.

Imports run one way: pure parts (errors, events, pending, positions, safe, reconnect ...) <- exchange
<- link, channel, session <- view, commands <- console, lines, script, pipe <- cli.
"""
