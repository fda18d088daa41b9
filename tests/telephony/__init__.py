"""Tests on a real Asterisk."""
