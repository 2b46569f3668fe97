"""The contract (openapi.yaml) as typed values, and validation against it."""
