"""Durable state that is no message: accounts, tokens, invitations, read positions. Knows no member."""
