"""Mail: from the bytes of a message to what a person said, whoever wrote it with whatever program."""
