"""Named reads, one file for each part of the business. They write nothing."""
