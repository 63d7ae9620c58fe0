"""What is sent out: e-mails to customers and webhooks to shops, with retries."""
