"""HTTP: one route table, handlers by feature, every refusal a problem (RFC 9457), OpenAPI from the same types."""
