"""Where an address is, from files on this machine: nobody is asked about a customer's IP."""
