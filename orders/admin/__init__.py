"""The back office: one file per screen; `site.py` lists them."""
