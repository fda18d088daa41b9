"""Tests, in tiers: `unit`, `web`, `telephony`, `browser`. Shared fixtures stand beside this file."""
