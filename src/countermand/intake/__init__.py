"""What people tell the desk, before a case follows from it: read, made safe to show, and sorted."""
