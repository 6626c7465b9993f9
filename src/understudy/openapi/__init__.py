"""OpenAPI documents: reading, schemas, parameters, routing, generated examples, lint."""
