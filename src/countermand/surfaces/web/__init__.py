"""The pages: the customers' portal and the staff console, rendered here and made lively in the browser."""
