"""Commands from request to outcome: issued, approved by two people, relayed, settled, decided by deadlines."""
