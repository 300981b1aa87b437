"""The console client. Uses `chat_protocol` and nothing of the server.

Imports run one way, `chat_protocol <- protocol <- connection <- ui <- bot <- cli`;
`tests/test_architecture.py` checks it. The modules beside these packages are leaves: texts, files, signals.
"""
