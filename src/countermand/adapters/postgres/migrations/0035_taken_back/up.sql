-- A freeze of the desk that was a mistake is taken back whole; what was lifted then is kept like every other lifting.
ALTER TABLE incident_lifting DROP CONSTRAINT incident_lifting_kind_check;
ALTER TABLE incident_lifting
    ADD CONSTRAINT incident_lifting_kind_check CHECK (kind IN ('grade', 'appeal', 'end', 'taken_back')) NOT VALID;
ALTER TABLE incident_lifting VALIDATE CONSTRAINT incident_lifting_kind_check;
COMMENT ON COLUMN incident_lifting.kind IS 'grade (with proofs), appeal (it was upheld), end (an order reached its own end), or taken_back (by the desk).';
COMMENT ON COLUMN incident_lifting.reason IS 'Why the appeal was upheld, or the freeze taken back, in the words of who decided it.';
