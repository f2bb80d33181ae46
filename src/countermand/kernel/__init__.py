"""Words without a domain: money, time, ids, text, errors, canonical bytes."""
