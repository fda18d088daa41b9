"""The procedure: what the service does when somebody presses the key.

Pure: standard library only; no asyncio, clock, random, logging or I/O. Time enters as `event.at`, chance enters as ids
that were chosen outside. `decide.decide(case, event, policy)` is the one door.
"""
