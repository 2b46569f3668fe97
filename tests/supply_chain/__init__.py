"""What others made and we use: known, licensed, listed, audited."""
