"""What a gate judges: a recorded folder, the head, against another one, its base."""
