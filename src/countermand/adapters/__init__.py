"""Everything that touches the outside world; only `app` names what is in here."""
