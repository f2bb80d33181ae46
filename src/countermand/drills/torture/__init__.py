"""The torture drill: many clients, freezes and kills against one server, and a checker of the history."""
