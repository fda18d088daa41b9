"""Reads. Each function takes a session and returns frozen values, never rows that still hang on the session."""
