"""A conversation that outlives its connections: sockets and threads. Knows no terminal and no user."""
