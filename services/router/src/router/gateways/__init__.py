"""The far side: departments, the helpdesk, the customer data system. No rule lives here."""
