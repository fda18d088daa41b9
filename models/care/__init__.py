"""Care calls (S5, X2): what is planned for whom, what the elders wish, which calls are due and what became of them."""
