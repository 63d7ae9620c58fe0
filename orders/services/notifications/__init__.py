"""E-mails to customers and webhooks to shops, sent with retries."""
