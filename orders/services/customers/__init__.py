"""Access to the customer's page: links, second proof, throttles; and correction of the e-mail address."""
