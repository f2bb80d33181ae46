"""Who vouches for people elsewhere: providers of single sign-on."""
