"""The page of the demo, which no served house has: only the demo puts it beside the others."""
