"""Key services: where key-encryption keys are held."""
