"""Rules of evidence: what pictures say, what a case wants, and how both stand to the record."""
