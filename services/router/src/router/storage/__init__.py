"""The router's rows: named questions and set-based writes. The only room here that knows SQL."""
