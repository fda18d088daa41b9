"""Being ready for failures and disasters (S12): emergency plans, and what drills of them have shown."""
