"""Tests of the threads and sockets."""
