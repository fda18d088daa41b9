"""Faults on purpose: what is broken (`catalogue`), on whom (`patient`), during which calls and with what result
(`trial`), as a table (`table`). A fault strikes a platform of the drill's own, never a real one.
"""
