"""Care calls carried out, without an Asterisk."""
