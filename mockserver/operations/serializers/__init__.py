"""Resources as the API shows them: functions from entities to JSON values."""
