"""The dashboard and the API pages."""
