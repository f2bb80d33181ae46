"""Rules of evidence: exhibits and their chains, seals, retention; what pictures say, what a case wants."""
