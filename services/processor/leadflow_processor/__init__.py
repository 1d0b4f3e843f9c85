"""The processor service: touchpoints are resolved, identity is decided, refusals get receipts."""
