"""The rung below the controller: whom the dialplan rings while no controller is there, and what it leaves on record.

It must work when nothing else does: no database, no controller, no network. So it imports `ivr`, the standard library
and pyst2, and nothing else.
"""
