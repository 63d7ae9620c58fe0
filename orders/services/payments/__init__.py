"""Charges and refunds: every call of the payment gateway, and the commands about payments."""
