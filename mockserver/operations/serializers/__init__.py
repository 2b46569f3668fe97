"""Serializers: functions from entities to the JSON values of the API, shared by resources."""
