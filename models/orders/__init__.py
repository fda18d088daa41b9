"""Work orders (工单): home services for elders, from the draft to the settlement (S3, T1 to T4)."""
