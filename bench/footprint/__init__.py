"""What a touchpoint leaves behind and what it asks for: bytes, documents, memory, and the cost of small batches."""
