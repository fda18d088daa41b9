"""Urgent work orders offered to suppliers by telephone: `ivr.offer_call` decides. Carried out by the carrier of care
calls, before them, and only with what alarms leave over (K8)."""
