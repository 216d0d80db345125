"""What goes over the wire to an editor: names, positions, the client and its progress."""
