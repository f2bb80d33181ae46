"""Everything that touches the outside world; only `app.py` names what is in here."""
