"""Outside systems, each behind a Protocol and chosen by a setting. Nothing here uses the ORM."""
