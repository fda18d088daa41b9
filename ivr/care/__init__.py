"""The care call (S5): a second, small procedure of the same shape as the alarm's. Pure: standard library only.

The door is `decide.decide(call, event, policy) -> (call, commands)`.
"""
