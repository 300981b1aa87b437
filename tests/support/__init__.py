"""What tests of several packages stand on: the chat without sockets, threads in every order, ranked locks."""
