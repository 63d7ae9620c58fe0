"""The back office: one file per screen."""
