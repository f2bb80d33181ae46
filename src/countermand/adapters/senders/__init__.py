"""Where one-time codes leave the house: by e-mail and by SMS."""
