"""Where notices leave the house: e-mail, SMS, and the institution's own systems."""
