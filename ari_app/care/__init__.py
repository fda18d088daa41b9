"""Care calls carried out (S5): the planner's table is read, elders are rung, `ivr.care` decides, and what became of it
is written down. Only in the active controller, and only with what alarms leave over (K8)."""
