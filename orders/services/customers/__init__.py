"""Who may see an order on its page: links, second proof, throttles; and correcting the e-mail address."""
