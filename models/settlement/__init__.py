"""Settlement by the month (S6, X6, Y2, Y5): who pays which part of what, from orders and scans; locked months."""
