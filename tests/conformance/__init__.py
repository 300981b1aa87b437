"""The protocol as a peer sees it: these tests speak only the wire, so they fit any implementation."""
