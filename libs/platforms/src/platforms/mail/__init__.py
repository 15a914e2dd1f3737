"""Mail as a private channel: SMTP out, IMAP in. Source: CONNECTORS 6, RFC 5322, RFC 3834."""
