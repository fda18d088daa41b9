"""One module and one function for each state of a case; every function says what it does with every event."""
