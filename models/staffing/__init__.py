"""Staffing (S10): how many seats the calls of the past ask for, against the shifts that are planned."""
