"""Outside systems, each behind a Protocol, chosen by a setting. They know nothing of the ORM."""
