"""What the versions of an event type are to each other: their tolerant readers, adapters and rehearsals."""
