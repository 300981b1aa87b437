"""What a hostile peer can try, each attempt a test and a row of the table that `make security` prints."""
