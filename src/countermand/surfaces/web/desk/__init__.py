"""The staff console: queues, cases, evidence, decisions, approvals and clocks, each a room of pages."""
