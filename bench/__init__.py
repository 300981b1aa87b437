"""The benchmark: the chat server and its peers under one load, side by side.

`python -m bench --help` says what it can do, README.md how to read what comes out.
"""
