"""The simulated town: a second Asterisk that plays elders, seats, relatives and 110/120/119."""
