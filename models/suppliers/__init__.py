"""Suppliers of home services (S11, H6, H9, H10, T8): admission, workers, how well they do, who is offered."""
